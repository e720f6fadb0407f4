package mcllava

import (
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
// and nowhere else: flags with their help, records and the comparison of runs are made from the fields and their tags. The name is
// that in JSON, help is one line in which the word of the tag "value" stands for the value, a knob whose zero value stands for the default
// has the tag "range", and a knob that is added later has the tag "added", and a zero value that changes no answer.
type Knobs struct {
	ViewKnobs
	AnswerKnobs
	SearchKnobs
}

// ViewKnobs say how much of a picture is seen.
type ViewKnobs struct {
	// MaxCrops is 0 for the overview alone.
	MaxCrops int `json:"max_crops" value:"NUMBER" help:"maximum NUMBER of crops, not counting the whole picture"`
	// NumTokens is 0 for DefaultNumTokens, or the most there are if that is less.
	NumTokens int  `json:"num_tokens_asked,omitempty" range:"1 or more" value:"NUMBER" help:"NUMBER of image tokens; by default 728, or fewer if the crops give fewer"`
	Clamp     bool `json:"clamp,omitempty" added:"" help:"where the crops cannot give --num-tokens, take the nearest number that they can"`
	// Region is the zero Region for the whole picture.
	Region Region `json:"region,omitzero" added:"" value:"X0,Y0,X1,Y1" help:"see only X0,Y0,X1,Y1 of each picture, in pixels of the upright picture"`
}

// AnswerKnobs say how a question about a view is answered.
type AnswerKnobs struct {
	MaxNewTokens int     `json:"max_new_tokens" value:"NUMBER" help:"maximum NUMBER of tokens of the answer"`
	Temperature  float64 `json:"temperature" help:"randomness of the answer; 0 takes the likeliest token each time"`
	TopP         float64 `json:"top_p" help:"share of probability that tokens are drawn from"`
	Seed         uint64  `json:"seed" help:"seed of the randomness"`
	System       string  `json:"system,omitempty" value:"TEXT" help:"TEXT of a system message"`
	Prompt       string  `json:"prompt,omitempty" value:"TEMPLATE" help:"prompt TEMPLATE to use instead of the model's own, with <image> and {question}"`
	// Choices is nil for an answer in the model's own words.
	Choices []string `json:"choices,omitempty" value:"ANSWERS" help:"answer with the likeliest of these ANSWERS, comma-separated; quote one that contains a comma"`
	// LogProbs fills Answer.LogProbs.
	LogProbs bool `json:"logprobs,omitempty" help:"also say how likely the answer is"`
}

// SearchKnobs say how a Searcher looks for an answer. Zero values stand for the defaults.
type SearchKnobs struct {
	// Search is for callers that choose between a Searcher and one look.
	Search      bool    `json:"search_asked,omitempty" added:"" help:"look at few crops, and then closer where the answer looked, until it is sure"`
	SearchCrops int     `json:"search_crops,omitempty" added:"" range:"1 or more" value:"NUMBER" help:"NUMBER of crops that a search may look at, the whole picture included; by default 24, and more for a picture that --coarse is more for"`
	Coarse      int     `json:"coarse,omitempty" added:"" range:"1 or more" value:"NUMBER" help:"NUMBER of crops that a search begins with; by default 16, and more where these would show nothing of a very large picture"`
	Sure        float64 `json:"sure,omitempty" added:"" range:"more than 0 and at most 1" value:"PROBABILITY" help:"PROBABILITY of an answer's least likely token from which on a search ends; by default 0.97"`
	// Abstentions is nil for those of the checkpoint's config.json, or else common ones.
	Abstentions []string `json:"abstentions,omitempty" added:"" value:"PHRASES" help:"PHRASES, comma-separated, of answers that say that nothing could be seen, which no search ends with"`
}

// DefaultKnobs are those of a plain question.
func DefaultKnobs() Knobs {
	return Knobs{ViewKnobs{MaxCrops: DefaultMaxCrops}, AnswerKnobs{MaxNewTokens: DefaultMaxNewTokens, TopP: 1}, SearchKnobs{}}
}

// Knob is one of the Knobs.
type Knob struct {
	Name  string // of its flag, such as max-crops
	Value any    // pointer to its value
	Help  string // one line, with what its value is called in back-quotes, as package flag reads it
	Added bool   // after the first version, whose records and keys do not have it
	Range string // that a value is within where zero stands for the default, such as "1 or more"; "" where zero is a value like others
}

// All yields each knob, in the order of the fields.
func (k *Knobs) All() iter.Seq[Knob] { return knobsOf(k) }

// All yields each knob, in the order of the fields.
func (k *ViewKnobs) All() iter.Seq[Knob] { return knobsOf(k) }

// All yields each knob, in the order of the fields.
func (k *AnswerKnobs) All() iter.Seq[Knob] { return knobsOf(k) }

// All yields each knob, in the order of the fields.
func (k *SearchKnobs) All() iter.Seq[Knob] { return knobsOf(k) }

// knobsOf yields the knobs of a struct that a pointer points to.
func knobsOf(pointer any) iter.Seq[Knob] {
	return func(yield func(Knob) bool) { eachField(reflect.ValueOf(pointer).Elem(), yield) }
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
		if !yield(Knob{flagName(field), v.Field(i).Addr().Interface(), flagHelp(field), added, field.Tag.Get("range")}) {
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

// flagHelp is the help of a field with back-quotes around what its value is called.
func flagHelp(field reflect.StructField) string {
	help, value := field.Tag.Get("help"), field.Tag.Get("value")
	if value == "" {
		return help
	}
	return strings.Replace(help, value, "`"+value+"`", 1)
}

// KnobName is the name of the knob among all whose value is at a pointer, such as &k.MaxCrops; "" if there is none.
func KnobName(all iter.Seq[Knob], value any) string {
	for k := range all {
		if k.Value == value {
			return k.Name
		}
	}
	return ""
}

// Check returns an error that names the knob which no question can be asked with.
func (k Knobs) Check() error {
	if err := k.ViewKnobs.Check(); err != nil {
		return err
	}
	if err := k.SearchKnobs.check(); err != nil {
		return err
	}
	return k.AnswerKnobs.Check()
}

// Check returns an error that names the knob which no picture can be seen with. Whether crops give so many image tokens, a Plan says.
func (k ViewKnobs) Check() error {
	if k.MaxCrops < 0 {
		return refused(k.All(), &k.MaxCrops, "0 or more")
	}
	if err := k.Region.check(); err != nil {
		return fmt.Errorf("%s: %w", KnobName(k.All(), &k.Region), err)
	}
	return nil
}

// Check returns an error that names the knob which no question can be asked with.
func (k AnswerKnobs) Check() error {
	switch {
	case k.Prompt != "" && !strings.Contains(k.Prompt, questionSlot):
		return fmt.Errorf("%s has no %s", KnobName(k.All(), &k.Prompt), questionSlot)
	case k.Prompt != "" && !strings.Contains(k.Prompt, imageSlot):
		return fmt.Errorf("%s has no %s", KnobName(k.All(), &k.Prompt), imageSlot)
	case strings.Count(k.Prompt, imageSlot) > 1:
		return fmt.Errorf("%s has more than one %s", KnobName(k.All(), &k.Prompt), imageSlot)
	case k.MaxNewTokens < 1:
		return refused(k.All(), &k.MaxNewTokens, "1 or more")
	case !(k.Temperature >= 0 && k.Temperature <= 100):
		return refused(k.All(), &k.Temperature, "0 to 100")
	case !(k.TopP > 0 && k.TopP <= 1):
		return refused(k.All(), &k.TopP, "more than 0 and at most 1")
	case k.Choices != nil && len(k.Choices) == 0, slices.Contains(k.Choices, ""):
		return fmt.Errorf("%s: a choice is empty", KnobName(k.All(), &k.Choices))
	}
	for i, choice := range k.Choices {
		if slices.Contains(k.Choices[:i], choice) {
			return fmt.Errorf("%s: a choice is given twice, %q", KnobName(k.All(), &k.Choices), choice)
		}
	}
	return nil
}

// refused says which value of a knob is none that was expected.
func refused[T any](all iter.Seq[Knob], value *T, expected string) error {
	return fmt.Errorf("%s is %v, expected %s", KnobName(all, value), *value, expected)
}

// IsZero says whether the knob's value is zero.
func (k Knob) IsZero() bool { return reflect.ValueOf(k.Value).Elem().IsZero() }

// Set gives the knob the value of another of its type.
func (k Knob) Set(from Knob) {
	reflect.ValueOf(k.Value).Elem().Set(reflect.ValueOf(from.Value).Elem())
}
