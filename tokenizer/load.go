package tokenizer

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/mcllava/mcllava/internal/modelfile"
)

// maxFile is the most that is read of a file, in bytes; the published tokenizer.json takes 2 MB.
const maxFile = 64 << 20

const (
	tokenizerFile = "tokenizer.json"
	vocabFile     = "vocab.json"
	mergesFile    = "merges.txt"
	addedFile     = "added_tokens.json"
	configFile    = "tokenizer_config.json"
)

// Load reads the tokenizer of a model folder: tokenizer.json, or vocab.json and
// merges.txt with added_tokens.json if there is one; and from
// tokenizer_config.json, if there is one, the end of an answer. Settings that
// would change the ids in a way this package does not know are errors.
func Load(fsys fs.FS) (*Tokenizer, error) {
	config, err := read[configJSON](fsys, configFile)
	if err == nil {
		err = named(configFile, config.check())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	parts, err := loadWhole(fsys)
	if errors.Is(err, fs.ErrNotExist) {
		parts, err = loadParts(fsys)
	}
	if err != nil {
		return nil, err
	}
	parts.addSpecial(config)
	t, err := newTokenizer(parts)
	if err != nil {
		return nil, named(parts.files, err)
	}
	if config.EOS == "" {
		return t, nil
	}
	id, ok := t.Token(string(config.EOS))
	if !ok {
		return nil, fmt.Errorf("%s: eos_token: %s is not in the vocabulary", configFile, modelfile.Quote(string(config.EOS)))
	}
	t.eos = id
	return t, nil
}

// parts is what both layouts hold.
type parts struct {
	files  string // for messages
	vocab  map[string]int
	merges []mergeText
	added  []addedToken
}

// addSpecial makes the special tokens of tokenizer_config.json added tokens
// where only the vocabulary has them.
func (p *parts) addSpecial(c configJSON) {
	for _, name := range []tokenName{c.BOS, c.EOS, c.UNK, c.PAD} {
		id, ok := p.vocab[string(name)]
		known := slices.ContainsFunc(p.added, func(a addedToken) bool { return a.Content == string(name) })
		if ok && !known {
			p.added = append(p.added, addedToken{ID: id, Content: string(name)})
		}
	}
}

func loadWhole(fsys fs.FS) (parts, error) {
	j, err := read[tokenizerJSON](fsys, tokenizerFile)
	if err == nil {
		err = named(tokenizerFile, j.check())
	}
	return parts{tokenizerFile, j.Model.Vocab, j.Model.Merges, j.AddedTokens}, err
}

func loadParts(fsys fs.FS) (parts, error) {
	p := parts{files: fmt.Sprintf("%s, %s, %s", vocabFile, mergesFile, addedFile)}
	var err error
	p.vocab, err = read[map[string]int](fsys, vocabFile)
	if errors.Is(err, fs.ErrNotExist) {
		return p, fmt.Errorf("no tokenizer: neither %s nor %s with %s", tokenizerFile, vocabFile, mergesFile)
	}
	if err != nil {
		return p, err
	}
	text, err := modelfile.Read(fsys, mergesFile, maxFile)
	if err != nil {
		return p, err
	}
	if p.merges, err = parseMerges(string(text)); err != nil {
		return p, named(mergesFile, err)
	}
	ids, err := read[map[string]int](fsys, addedFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return p, err
	}
	for _, content := range slices.Sorted(maps.Keys(ids)) {
		p.added = append(p.added, addedToken{ID: ids[content], Content: content})
	}
	return p, nil
}

func read[T any](fsys fs.FS, name string) (T, error) {
	var v T
	return v, modelfile.ReadJSON(fsys, name, maxFile, &v)
}

func named(file string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", file, err)
}
