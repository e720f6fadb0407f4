package mcllava

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mcllava/mcllava/tokenizer"
)

// The chat form that MC-LLaVA was trained on.
const (
	questionSlot   = "{question}"
	imageSlot      = "<image>"
	systemTemplate = "<|im_start|>system\n{system}<|im_end|>\n"
	chatTemplate   = "<|im_start|>user\n<image>\n{question}<|im_end|>\n<|im_start|>assistant\n"
)

// prompt encodes the template with the question in its place, and returns the tokens before and after the image's.
// What the question and the system text say is text, also where it looks like a control token.
func prompt(t *tokenizer.Tokenizer, image int, question string, k AnswerKnobs) (before, after []int, err error) {
	if strings.TrimSpace(question) == "" {
		return nil, nil, errors.New("question is empty")
	}
	template := chatTemplate
	if k.Prompt != "" {
		template = k.Prompt
	}
	if !strings.Contains(template, questionSlot) {
		return nil, nil, fmt.Errorf("prompt has no %s", questionSlot)
	}
	var ids []int
	if k.System != "" {
		ids = fill(t, ids, systemTemplate, "{system}", k.System)
	}
	ids = fill(t, ids, template, questionSlot, question)
	at := -1
	for i, id := range ids {
		if id == image && at >= 0 {
			return nil, nil, fmt.Errorf("prompt has more than one image token")
		}
		if id == image {
			at = i
		}
	}
	if at < 0 {
		return nil, nil, fmt.Errorf("prompt has no <image>")
	}
	return ids[:at], ids[at+1:], nil
}

// fill appends the tokens of a template in whose text the mark stands for a value.
func fill(t *tokenizer.Tokenizer, ids []int, template, mark, value string) []int {
	for _, s := range t.Split(template) {
		if s.Control {
			ids = append(ids, s.ID)
			continue
		}
		ids = append(ids, t.EncodeText(strings.ReplaceAll(s.Text, mark, value))...)
	}
	return ids
}
