package tokenizer

import (
	"strings"
	"testing"
	"testing/fstest"
)

// FuzzTokenizerLoad wants no panic of a tokenizer.json and a tokenizer_config.json, a short error or a tokenizer that takes a text
// apart and puts it together again.
func FuzzTokenizerLoad(f *testing.F) {
	good := small(f, nil)[tokenizerFile].Data
	f.Add(good, []byte(`{"eos_token":"<end>","bos_token":{"content":"ab"}}`))
	f.Add(good, []byte(`{"eos_token":7}`))
	f.Add([]byte(`{"model":{"vocab":{"a":-1}}}`), []byte(`{}`))
	f.Add([]byte(strings.Replace(string(good), `"ByteLevel"`, `["`+strings.Repeat("x", 500)+`"]`, 1)), []byte(`[]`))
	f.Fuzz(func(t *testing.T, file, config []byte) {
		tok, err := Load(fstest.MapFS{tokenizerFile: {Data: file}, configFile: {Data: config}})
		if err != nil {
			if len(err.Error()) > 1000 || strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of %d bytes: %.300s", len(err.Error()), err)
			}
			return
		}
		const text = "is it day or night? <end> ab"
		if got, err := tok.Decode(tok.EncodeText(text)); err != nil || got != text {
			t.Errorf("%q became %q, %v", text, got, err)
		}
	})
}
