package mcllava

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
)

// The defaults of the knobs.
const (
	DefaultMaxCrops     = 100
	DefaultNumTokens    = 728
	DefaultMaxNewTokens = 200
)

// Knobs are the settings that an answer depends on, besides the picture, the question and the checkpoint. A knob is declared here
// and nowhere else: flags, records and the comparison of runs are made from the fields and their JSON names. A knob that is added has
// the tag "added", and a zero value that changes no answer.
type Knobs struct {
	ViewKnobs
	AnswerKnobs
}

// ViewKnobs say how much of a picture is seen.
type ViewKnobs struct {
	MaxCrops  int  `json:"max_crops"`                  // most crops besides the overview; 0 for the overview alone
	NumTokens int  `json:"num_tokens_asked,omitempty"` // image tokens; 0 for DefaultNumTokens or the most there are
	Clamp     bool `json:"clamp,omitempty" added:""`   // take the nearest number of image tokens that the crops can give
}

// AnswerKnobs say how a question about a view is answered.
type AnswerKnobs struct {
	MaxNewTokens int      `json:"max_new_tokens"`     // most tokens of the answer
	Temperature  float64  `json:"temperature"`        // 0 takes the likeliest token each time
	TopP         float64  `json:"top_p"`              // share of probability that sampling draws from
	Seed         uint64   `json:"seed"`               // of the sampling
	System       string   `json:"system,omitempty"`   // text of a system message, if any
	Prompt       string   `json:"prompt,omitempty"`   // template with {question} and <image> to use instead of the model's own
	Choices      []string `json:"choices,omitempty"`  // answer with the likeliest of these
	LogProbs     bool     `json:"logprobs,omitempty"` // fill Answer.LogProbs
}

// DefaultKnobs are those of a plain question.
func DefaultKnobs() Knobs {
	return Knobs{ViewKnobs{MaxCrops: DefaultMaxCrops}, AnswerKnobs{MaxNewTokens: DefaultMaxNewTokens, TopP: 1}}
}

// Knob is one of the Knobs.
type Knob struct {
	Name  string // of its flag, such as max-crops
	Value any    // pointer to its value
	Added bool   // after the first version, whose records and keys do not have it
}

// All yields each knob, in the order of the fields.
func (k *Knobs) All() iter.Seq[Knob] {
	return func(yield func(Knob) bool) { eachField(reflect.ValueOf(k).Elem(), yield) }
}

// eachField goes through the fields of a struct and of those embedded in it, until yield returns false.
func eachField(v reflect.Value, yield func(Knob) bool) bool {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			if !eachField(v.Field(i), yield) {
				return false
			}
			continue
		}
		_, added := field.Tag.Lookup("added")
		if !yield(Knob{flagName(field), v.Field(i).Addr().Interface(), added}) {
			return false
		}
	}
	return true
}

// flagName is the JSON name of a field with dashes, without the addition that tells a number asked for from the one in force.
func flagName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return strings.ReplaceAll(strings.TrimSuffix(name, "_asked"), "_", "-")
}

// Check returns an error that names the knob which no question can be asked with.
func (k Knobs) Check() error {
	if k.MaxCrops < 0 {
		return fmt.Errorf("max-crops is %d, expected 0 or more", k.MaxCrops)
	}
	return k.AnswerKnobs.Check()
}

// Check returns an error that names the knob which no question can be asked with.
func (k AnswerKnobs) Check() error {
	switch {
	case k.Prompt != "" && !strings.Contains(k.Prompt, questionSlot):
		return fmt.Errorf("prompt has no %s", questionSlot)
	case k.MaxNewTokens < 1:
		return fmt.Errorf("max-new-tokens is %d, expected 1 or more", k.MaxNewTokens)
	case !(k.Temperature >= 0 && k.Temperature <= 100):
		return fmt.Errorf("temperature is %v, expected 0 to 100", k.Temperature)
	case !(k.TopP > 0 && k.TopP <= 1):
		return fmt.Errorf("top-p is %v, expected more than 0 and at most 1", k.TopP)
	case k.Choices != nil && len(k.Choices) == 0, slices.Contains(k.Choices, ""):
		return errors.New("a choice is empty")
	case len(slices.Compact(slices.Sorted(slices.Values(k.Choices)))) < len(k.Choices):
		return fmt.Errorf("a choice is given twice: %q", k.Choices)
	}
	return nil
}

// Set gives the knob the value of another of its type.
func (k Knob) Set(from Knob) {
	reflect.ValueOf(k.Value).Elem().Set(reflect.ValueOf(from.Value).Elem())
}
