package records

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/terminal"
)

// Settings are what all answers of one run have in common.
type Settings struct {
	Knobs      mcllava.Knobs
	Precision  string
	Checkpoint string // tells the checkpoint's content from that of others
	Former     string // what outputs of the first version call the checkpoint; "" if none can be of it
	Model      string // name of the checkpoint, which may be called otherwise elsewhere
}

// Key identifies what a pair asks by the content of its image, the question, the knobs and the checkpoint: hex SHA-256. It is
// the same on every system, and whatever the image's file is called.
func (s Settings) Key(image [sha256.Size]byte, question string) string {
	return digest("pair 1", fmt.Sprintf("%x", image), question, s.text(), s.Checkpoint)
}

// ID identifies the knobs and the checkpoint.
func (s Settings) ID() string { return digest("run 1", s.text(), s.Checkpoint)[:16] }

// SweepID identifies all settings that the pairs of a sweep are asked with.
func SweepID(all []Settings) string {
	ids := []string{"sweep 1"}
	for _, s := range all {
		ids = append(ids, s.ID())
	}
	return digest(ids...)[:16]
}

// otherSweep says why a record is not of the same sweep as a wanted one, or of none where that is of none.
func otherSweep(got, want Record) string {
	switch {
	case got.Sweep == want.Sweep:
		return ""
	case want.Sweep == "":
		return "as a cell of a sweep, this run is none"
	case got.Sweep == "":
		return "outside a sweep, this run is one"
	}
	got.ViewKnobs.MaxCrops, got.ViewKnobs.NumTokens = want.ViewKnobs.MaxCrops, want.ViewKnobs.NumTokens
	if text := difference(got, want); text != "" && text != unnamedDifference() {
		return text
	}
	k := &want.Knobs
	return fmt.Sprintf("in a sweep of other %s or %s", mcllava.KnobName(k.All(), &k.MaxCrops), mcllava.KnobName(k.All(), &k.NumTokens))
}

// former are the settings as outputs of the first version have them.
func (s Settings) former() Settings {
	s.Checkpoint = s.Former
	return s
}

// Stamp notes the settings in the record of an answer.
func (s Settings) Stamp(r *Record) {
	r.Knobs, r.Precision, r.Checkpoint, r.Model, r.Run = s.Knobs, s.Precision, s.Checkpoint, s.Model, s.ID()
}

// digest is the hex SHA-256 of texts, which no other texts have.
func digest(texts ...string) string {
	h := sha256.New()
	for _, text := range texts {
		fmt.Fprintf(h, "%d %s\n", len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// text is different for different knobs. Those of the first version stand first, then the precision; of later ones those follow that
// are not zero, so that a text stays what it was when a knob is added.
func (s Settings) text() string {
	var first, later []string
	for k := range s.Knobs.All() {
		v := reflect.ValueOf(k.Value).Elem()
		switch {
		case !k.Added:
			first = append(first, plain(v.Interface()))
		case !v.IsZero():
			later = append(later, k.Name+"="+plain(v.Interface()))
		}
	}
	return strings.Join(append(append(first, plain(s.Precision)), later...), " ")
}

// plain is the text of a value, the same for equal values and for no others of its type.
func plain(v any) string {
	switch v := v.(type) {
	case string, []string:
		return fmt.Sprintf("%+q", v)
	}
	return fmt.Sprint(v)
}

// difference says in what a record's settings differ from those that are wanted: "with different settings: max-crops 50, this run 100",
// or "by another checkpoint". It is empty if they do not. What a record does not show, its run still tells.
func difference(got, want Record) string {
	if got.Run == want.Run {
		return ""
	}
	if got.Schema < 2 { // which did not note them
		got.Knobs.NumTokens, got.Choices, got.LogProbs = want.Knobs.NumTokens, want.Choices, want.LogProbs
	}
	var differ []string
	note := func(name string, got, want any) {
		if g, w := plain(got), plain(want); g != w {
			differ = append(differ, fmt.Sprintf("%s %s, this run %s", name, shown(got), shown(want)))
		}
	}
	values := map[string]any{}
	for k := range want.Knobs.All() {
		values[k.Name] = reflect.ValueOf(k.Value).Elem().Interface()
	}
	for k := range got.Knobs.All() {
		if k.Value == any(&got.Choices) {
			continue // which may be the pair's own
		}
		note(k.Name, reflect.ValueOf(k.Value).Elem().Interface(), values[k.Name])
	}
	note("precision", got.Precision, want.Precision)
	if len(differ) == 0 && got.Checkpoint == want.Checkpoint {
		note(mcllava.KnobName(got.All(), &got.Choices), got.Choices, want.Choices)
	}
	if got.Checkpoint != want.Checkpoint {
		other := "by another checkpoint of the name " + shown(got.Model)
		if got.Model != want.Model {
			other = fmt.Sprintf("by another checkpoint: %s, this run %s", shown(got.Model), shown(want.Model))
		}
		if len(differ) == 0 {
			return other
		}
		return other + ", and with different settings: " + strings.Join(differ, "; ")
	}
	if len(differ) == 0 {
		return unnamedDifference()
	}
	return "with different settings: " + strings.Join(differ, "; ")
}

// unnamedDifference is that of records which show none.
func unnamedDifference() string {
	var k mcllava.Knobs
	name := func(value any) string { return mcllava.KnobName(k.All(), value) }
	return fmt.Sprintf("with different %s, %s or %s", name(&k.NumTokens), name(&k.Choices), name(&k.LogProbs))
}

// shown is a value as a message has it: a text in quotes unless it is one word, and not all of a long one.
func shown(v any) string {
	const most = 40
	text := fmt.Sprint(v)
	if several, ok := v.([]string); ok {
		text = cmp.Or(strings.Join(several, ","), "none")
	}
	if _, ok := v.(string); ok && (text == "" || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })) {
		text = strconv.Quote(text)
	}
	return terminal.Shorten(text, most)
}
