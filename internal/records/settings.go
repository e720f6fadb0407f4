package records

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Knobs are the settings that an answer depends on, besides the checkpoint.
type Knobs struct {
	MaxCrops     int
	NumTokens    int // as asked for; 0 for the default, which depends on the image
	MaxNewTokens int
	Temperature  float64
	TopP         float64
	Seed         uint64
	System       string
	Prompt       string
	Choices      []string
	Confidence   bool
	Precision    string
}

// Settings are what all answers of one output have in common.
type Settings struct {
	Knobs      Knobs
	Checkpoint string // tells the checkpoint's content from that of others
	Model      string // name of the checkpoint, which may be called otherwise elsewhere
}

// Key identifies what a pair asks by the content of its image, the question, the knobs and the checkpoint: hex SHA-256. It is
// the same on every system, and whatever the image's file is called.
func Key(image [sha256.Size]byte, question string, knobs Knobs, checkpoint string) string {
	return digest("pair 1", fmt.Sprintf("%x", image), question, knobs.text(), checkpoint)
}

// ID identifies the knobs and the checkpoint.
func (s Settings) ID() string { return digest("run 1", s.Knobs.text(), s.Checkpoint)[:16] }

// Stamp notes the settings in the record of an answer.
func (s Settings) Stamp(r *Record) {
	k := s.Knobs
	r.MaxCrops, r.MaxNewTokens, r.Temperature, r.TopP, r.Seed = k.MaxCrops, k.MaxNewTokens, k.Temperature, k.TopP, k.Seed
	r.System, r.Prompt, r.Precision = k.System, k.Prompt, k.Precision
	r.Checkpoint, r.Model, r.Run = s.Checkpoint, s.Model, s.ID()
}

// digest is the hex SHA-256 of texts, which no other texts have.
func digest(texts ...string) string {
	h := sha256.New()
	for _, text := range texts {
		fmt.Fprintf(h, "%d %s\n", len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// text is different for different knobs.
func (k Knobs) text() string {
	return fmt.Sprintf("%d %d %d %v %v %d %+q %+q %+q %t %+q",
		k.MaxCrops, k.NumTokens, k.MaxNewTokens, k.Temperature, k.TopP, k.Seed, k.System, k.Prompt, k.Choices, k.Confidence, k.Precision)
}

// difference says in what a record's settings differ from those that are wanted: "max-crops 50, not 100". It is empty if they
// do not. What a record does not show, its run still tells.
func difference(got, want Record) string {
	if got.Run == want.Run {
		return ""
	}
	var differ []string
	note := func(name string, got, want any) {
		if got != want {
			differ = append(differ, fmt.Sprintf("%s %v, not %v", name, got, want))
		}
	}
	other := func(name string, got, want string) {
		if got != want {
			differ = append(differ, "another "+name)
		}
	}
	note("max-crops", got.MaxCrops, want.MaxCrops)
	note("max-new-tokens", got.MaxNewTokens, want.MaxNewTokens)
	note("temperature", got.Temperature, want.Temperature)
	note("top-p", got.TopP, want.TopP)
	note("seed", got.Seed, want.Seed)
	note("precision", got.Precision, want.Precision)
	other("system message", got.System, want.System)
	other("prompt", got.Prompt, want.Prompt)
	if got.Checkpoint != want.Checkpoint {
		if got.Model != want.Model {
			note("checkpoint", got.Model, want.Model)
		} else {
			other("checkpoint of the name "+got.Model, got.Checkpoint, want.Checkpoint)
		}
	}
	if got.Probabilities != nil && want.Probabilities != nil {
		choices := func(r Record) string { return fmt.Sprintf("%q", slices.Sorted(maps.Keys(r.Probabilities))) }
		other("set of choices", choices(got), choices(want))
	}
	if len(differ) == 0 {
		return "other num-tokens, choices or confidence"
	}
	return strings.Join(differ, "; ")
}
