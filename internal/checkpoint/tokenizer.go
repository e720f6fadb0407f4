package checkpoint

import (
	"fmt"
	"io/fs"

	"github.com/mcllava/mcllava/tokenizer"
)

// Tokenizer reads the checkpoint's tokenizer and the token that ends an answer, and checks that they fit the decoder.
func (c *Checkpoint) Tokenizer() (t *tokenizer.Tokenizer, stop int, err error) {
	return readTokenizer(c.Files, c.Config)
}

func readTokenizer(files fs.FS, c Config) (*tokenizer.Tokenizer, int, error) {
	t, err := tokenizer.Load(files)
	if err != nil {
		return nil, 0, err
	}
	stop, ok := t.EOS()
	switch {
	case !ok:
		return nil, 0, fmt.Errorf("tokenizer_config.json: eos_token is missing, expected the token that ends an answer")
	case t.Vocab() > c.Text.Vocab:
		return nil, 0, fmt.Errorf("tokenizer has %d tokens, expected at most the %d of text_config.vocab_size", t.Vocab(), c.Text.Vocab)
	}
	if id, ok := t.Token("<image>"); !ok || id != c.ImageToken {
		return nil, 0, fmt.Errorf("tokenizer's <image> is token %d, expected the %d of image_token_index", id, c.ImageToken)
	}
	return t, stop, nil
}

// OpenTokenizer reads the tokenizer of a folder that may hold nothing else, or of the embedded checkpoint if it is "" or Demo.
func OpenTokenizer(folder string) (*tokenizer.Tokenizer, error) {
	files, name, err := find(folder)
	if err != nil {
		return nil, err
	}
	t, err := tokenizer.Load(files)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}
