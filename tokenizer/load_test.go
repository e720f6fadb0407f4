package tokenizer

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// data is testdata/tokenizer with its files decompressed.
var data = sync.OnceValue(func() fstest.MapFS {
	files := fstest.MapFS{}
	folder := os.DirFS("../testdata/tokenizer")
	names, err := fs.Glob(folder, "*")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		f, err := folder.Open(name)
		if err != nil {
			panic(err)
		}
		var r io.Reader = f
		if plain, ok := strings.CutSuffix(name, ".gz"); ok {
			name = plain
			if r, err = gzip.NewReader(f); err != nil {
				panic(err)
			}
		}
		text, err := io.ReadAll(r)
		if err != nil {
			panic(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	return files
})

// layouts are the two ways a tokenizer is stored.
func layouts() map[string]fs.FS {
	whole, parts := maps.Clone(data()), maps.Clone(data())
	for _, name := range []string{vocabFile, mergesFile, addedFile} {
		delete(whole, name)
	}
	delete(parts, tokenizerFile)
	return map[string]fs.FS{"whole": whole, "parts": parts}
}

func load(t testing.TB) *Tokenizer {
	t.Helper()
	tok, err := Load(data())
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// small is a tokenizer.json of the 256 bytes, "ab" and "abc" and three added
// tokens, changed by edit.
func small(t testing.TB, edit func(file, model map[string]any)) fstest.MapFS {
	t.Helper()
	vocab := map[string]any{"ab": 256, "abc": 257}
	for i, r := range byteChars {
		vocab[string(r)] = i
	}
	model := map[string]any{"type": "BPE", "vocab": vocab, "merges": []any{"a b", []any{"ab", "c"}}}
	file := map[string]any{
		"model": model,
		"added_tokens": []any{
			map[string]any{"id": 258, "content": "<end>"},
			map[string]any{"id": 259, "content": "<end>>"},
			map[string]any{"id": 260, "content": "   "},
		},
		"normalizer":    nil,
		"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false},
		"decoder":       map[string]any{"type": "ByteLevel"},
	}
	if edit != nil {
		edit(file, model)
	}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{tokenizerFile: {Data: text}}
}

func TestLoadRefuses(t *testing.T) {
	type object = map[string]any
	top := func(key string, value any) func(object, object) {
		return func(file, _ object) { file[key] = value }
	}
	inModel := func(key string, value any) func(object, object) {
		return func(_, model object) { model[key] = value }
	}
	inVocab := func(key string, value any) func(object, object) {
		return func(_, model object) { model["vocab"].(object)[key] = value }
	}
	added := func(token object) func(object, object) { return top("added_tokens", []any{token}) }
	for _, test := range []struct {
		edit func(file, model object)
		want string
	}{
		{inModel("type", "Unigram"), "tokenizer.json: model.type: found Unigram, expected BPE"},
		{inModel("dropout", 0.1), "model.dropout: found 0.1, expected 0"},
		{inModel("continuing_subword_prefix", "##"), "model.continuing_subword_prefix: found ##"},
		{inModel("end_of_word_suffix", "</w>"), "model.end_of_word_suffix: found </w>"},
		{inModel("byte_fallback", true), "model.byte_fallback: found true, expected false"},
		{inModel("ignore_merges", true), "model.ignore_merges: found true, expected false"},
		{inModel("merges", []any{"a"}), `merge "a": expected two tokens`},
		{inModel("merges", []any{"a  b"}), `merge "a  b": expected two tokens`},
		{inModel("merges", []any{[]any{"a"}}), `merge ["a"]: expected two tokens`},
		{inModel("merges", []any{7}), `merge 7: expected two tokens`},
		{inModel("merges", []any{"a c"}), `merge 0, "a" with "c": "ac" is not in the vocabulary`},
		{inModel("merges", []any{"a b", "a b"}), `merge 1, "a" with "b": appears twice`},
		{inModel("vocab", object{}), "no token for byte 0x00, written 'Ā'"},
		{inModel("vocab", object{"a": "b"}), "tokenizer.json: model.vocab: found a string, expected a whole number"},
		{inVocab("x y", 300.5), "tokenizer.json: model.vocab: found 300.5, expected a whole number"},
		{inVocab("x y", -1), `vocab: token "x y": id -1, expected 0 to 1048575`},
		{inVocab("x y", 1<<20), `id 1048576, expected`},
		{inVocab("xy", 258), `added token "<end>": id 258 is taken by "xy"`},
		{inVocab("", 300), "vocab: token 300: the text is empty"},
		{top("normalizer", object{"type": "NFC"}), "normalizer: found NFC, expected null"},
		{top("pre_tokenizer", nil), "pre_tokenizer: found null, expected ByteLevel"},
		{top("pre_tokenizer", object{"type": "Sequence", "add_prefix_space": false}), "pre_tokenizer: found Sequence, expected ByteLevel"},
		{top("pre_tokenizer", object{"type": "ByteLevel", "add_prefix_space": true}), "pre_tokenizer.add_prefix_space: found true"},
		{top("pre_tokenizer", object{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}), "pre_tokenizer.use_regex: found false"},
		{top("post_processor", object{"type": "TemplateProcessing"}), "post_processor: found TemplateProcessing, expected ByteLevel or null"},
		{top("decoder", object{"type": "WordPiece"}), "decoder: found WordPiece, expected ByteLevel"},
		{top("truncation", object{"max_length": 5}), `truncation: found {"max_length":5}, expected null`},
		{added(object{"id": 258, "content": ""}), "added token 258: content is empty"},
		{added(object{"id": 258, "content": "x", "single_word": true}), `added token "x": single_word is not supported`},
		{added(object{"id": 3, "content": "xx"}), `added token "xx": id 3 is taken by`},
		{top("added_tokens", []any{object{"id": 258, "content": "xx"}, object{"id": 259, "content": "xx"}}), `added token "xx": appears twice`},
	} {
		_, err := Load(small(t, test.edit))
		checkError(t, err, test.want)
	}
}

func TestLoadRefusesFiles(t *testing.T) {
	vocab := string(data()[vocabFile].Data)
	for _, test := range []struct {
		files map[string]string
		want  string
	}{
		{nil, "no tokenizer: neither tokenizer.json nor vocab.json with merges.txt"},
		{map[string]string{tokenizerFile: "{"}, "tokenizer.json: not JSON at byte 1: unexpected end"},
		{map[string]string{tokenizerFile: "[]"}, "tokenizer.json: found an array, expected an object"},
		{map[string]string{vocabFile: "{}"}, "merges.txt: file does not exist"},
		{map[string]string{vocabFile: "{", mergesFile: ""}, "vocab.json: not JSON at byte 1: unexpected end"},
		{map[string]string{vocabFile: vocab, mergesFile: "#version: 0.2\na\n"}, `merges.txt: line 2: merge "a": expected two tokens`},
		{map[string]string{vocabFile: vocab, mergesFile: "", addedFile: "[]"}, "added_tokens.json: found an array, expected an object"},
		{map[string]string{vocabFile: vocab, mergesFile: "", addedFile: `{"<x>":5}`}, `added_tokens.json: added token "<x>": id 5 is taken by "&"`},
		{map[string]string{vocabFile: vocab, mergesFile: "", configFile: "{"}, "tokenizer_config.json: not JSON at byte 1: unexpected end"},
		{map[string]string{vocabFile: vocab, mergesFile: "", configFile: `{"eos_token":"<x>"}`}, `tokenizer_config.json: eos_token: "<x>" is not in the vocabulary`},
		{map[string]string{vocabFile: vocab, mergesFile: "", configFile: `{"eos_token":7}`}, "token 7: expected a string or an object"},
		{map[string]string{vocabFile: vocab, mergesFile: "", configFile: `{"add_bos_token":true}`}, "add_bos_token: found true, expected false"},
	} {
		files := fstest.MapFS{}
		for name, text := range test.files {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		_, err := Load(files)
		checkError(t, err, test.want)
	}
}

func TestEOS(t *testing.T) {
	for config, want := range map[string]int{
		"": -1, "{}": -1, `{"eos_token":null}`: -1,
		`{"eos_token":"<end>"}`:             258,
		`{"eos_token":{"content":"<end>"}}`: 258,
	} {
		files := small(t, nil)
		if config != "" {
			files[configFile] = &fstest.MapFile{Data: []byte(config)}
		}
		tok, err := Load(files)
		if err != nil {
			t.Fatal(err)
		}
		if id, ok := tok.EOS(); id != want || ok != (want >= 0) {
			t.Errorf("%s: %d, %v", config, id, ok)
		}
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("accepted, expected %q", want)
	case !strings.Contains(err.Error(), want):
		t.Errorf("error %q, expected %q", err, want)
	case strings.Contains(err.Error(), "\n"):
		t.Errorf("error of more than one line: %q", err)
	}
}

func BenchmarkLoad(b *testing.B) {
	for name, files := range layouts() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Load(files); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
