package tokenizer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mcllava/mcllava/internal/modelfile"
)

// mergeText is a merge as written: the two tokens that become one.
type mergeText struct{ left, right string }

// parseMerges reads merges.txt, the merge that goes first on the first line.
func parseMerges(text string) ([]mergeText, error) {
	var merges []mergeText
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || number == 1 && strings.HasPrefix(line, "#version") {
			continue
		}
		var m mergeText
		if err := m.parse(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		merges = append(merges, m)
	}
	return merges, nil
}

func (m *mergeText) parse(s string) error {
	left, right, ok := strings.Cut(s, " ")
	if !ok || left == "" || right == "" || strings.Contains(right, " ") {
		return fmt.Errorf("merge %s: expected two tokens and a space between", modelfile.Quote(s))
	}
	m.left, m.right = left, right
	return nil
}

// UnmarshalJSON reads both spellings of a merge, "a b" and ["a", "b"].
func (m *mergeText) UnmarshalJSON(text []byte) error {
	var s string
	if json.Unmarshal(text, &s) == nil {
		return m.parse(s)
	}
	var two []string
	if json.Unmarshal(text, &two) != nil || len(two) != 2 || two[0] == "" || two[1] == "" {
		return fmt.Errorf("merge %s: expected two tokens", modelfile.Short(string(text)))
	}
	m.left, m.right = two[0], two[1]
	return nil
}

// tokenizerJSON is the part of tokenizer.json that decides the ids.
type tokenizerJSON struct {
	AddedTokens   []addedToken    `json:"added_tokens"`
	Truncation    json.RawMessage `json:"truncation"`
	Normalizer    *kind           `json:"normalizer"`
	PreTokenizer  *kind           `json:"pre_tokenizer"`
	PostProcessor *kind           `json:"post_processor"`
	Decoder       *kind           `json:"decoder"`
	Model         struct {
		Type         string         `json:"type"`
		Dropout      float64        `json:"dropout"`
		Prefix       string         `json:"continuing_subword_prefix"`
		Suffix       string         `json:"end_of_word_suffix"`
		ByteFallback bool           `json:"byte_fallback"`
		IgnoreMerges bool           `json:"ignore_merges"`
		Vocab        map[string]int `json:"vocab"`
		Merges       []mergeText    `json:"merges"`
	} `json:"model"`
}

// kind is a step of the pipeline; the two settings are ByteLevel's.
type kind struct {
	Type           string `json:"type"`
	AddPrefixSpace *bool  `json:"add_prefix_space"`
	UseRegex       *bool  `json:"use_regex"`
}

func (k *kind) name() string {
	if k == nil {
		return "null"
	}
	return k.Type
}

func (j *tokenizerJSON) check() error {
	const byteLevel = "ByteLevel"
	m := &j.Model
	prefixSpace, regex := false, true
	if k := j.PreTokenizer; k != nil {
		prefixSpace = k.AddPrefixSpace == nil || *k.AddPrefixSpace
		regex = k.UseRegex == nil || *k.UseRegex
	}
	for _, setting := range []struct {
		field           string
		found, expected any
	}{
		{"model.type", cmp.Or(m.Type, "BPE"), "BPE"},
		{"model.dropout", m.Dropout, 0.0},
		{"model.continuing_subword_prefix", m.Prefix, ""},
		{"model.end_of_word_suffix", m.Suffix, ""},
		{"model.byte_fallback", m.ByteFallback, false},
		{"model.ignore_merges", m.IgnoreMerges, false},
		{"truncation", cmp.Or(string(j.Truncation), "null"), "null"},
		{"normalizer", j.Normalizer.name(), "null"},
		{"pre_tokenizer", j.PreTokenizer.name(), byteLevel},
		{"pre_tokenizer.add_prefix_space", prefixSpace, false},
		{"pre_tokenizer.use_regex", regex, true},
		{"decoder", j.Decoder.name(), byteLevel},
	} {
		if setting.found != setting.expected {
			return fmt.Errorf("%s: found %s, expected %v", setting.field, modelfile.Short(fmt.Sprint(setting.found)), setting.expected)
		}
	}
	if name := j.PostProcessor.name(); name != "null" && name != byteLevel {
		return fmt.Errorf("post_processor: found %s, expected %s or null", modelfile.Short(name), byteLevel)
	}
	return nil
}

// configJSON is the part of tokenizer_config.json that concerns ids.
type configJSON struct {
	BOS            tokenName `json:"bos_token"`
	EOS            tokenName `json:"eos_token"`
	UNK            tokenName `json:"unk_token"`
	PAD            tokenName `json:"pad_token"`
	AddPrefixSpace bool      `json:"add_prefix_space"`
	AddBOS         bool      `json:"add_bos_token"`
	AddEOS         bool      `json:"add_eos_token"`
}

// tokenName is written "content" or {"content": "content"}; null is empty.
type tokenName string

func (n *tokenName) UnmarshalJSON(text []byte) error {
	var s string
	if json.Unmarshal(text, &s) == nil {
		*n = tokenName(s)
		return nil
	}
	var object struct{ Content string }
	if json.Unmarshal(text, &object) != nil || object.Content == "" {
		return fmt.Errorf("token %s: expected a string or an object with content", modelfile.Short(string(text)))
	}
	*n = tokenName(object.Content)
	return nil
}

func (c configJSON) check() error {
	switch {
	case c.AddPrefixSpace:
		return errors.New("add_prefix_space: found true, expected false")
	case c.AddBOS:
		return errors.New("add_bos_token: found true, expected false")
	case c.AddEOS:
		return errors.New("add_eos_token: found true, expected false")
	}
	return nil
}
