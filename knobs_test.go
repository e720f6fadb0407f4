package mcllava

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestKnobTags looks at the tags of each knob: a name that no other has, and a line of help that says how its value is called.
func TestKnobTags(t *testing.T) {
	var names []string
	for group := range reflect.TypeFor[Knobs]().Fields() {
		if !group.Anonymous {
			t.Errorf("Knobs has the field %s, expected it among the knobs of the view or of the answer", group.Name)
			continue
		}
		for field := range group.Type.Fields() {
			name, help, value := flagName(field), field.Tag.Get("help"), field.Tag.Get("value")
			if name == "" || slices.Contains(names, name) {
				t.Errorf("%s is called %q in JSON, expected a name of its own", field.Name, name)
			}
			names = append(names, name)
			if strings.TrimSpace(help) == "" || strings.ContainsAny(help, "`\n") {
				t.Errorf("%s has the help %q, expected a line without back-quotes", field.Name, help)
			}
			if field.Name == "NumTokens" && !strings.Contains(help, fmt.Sprint("default ", DefaultNumTokens)) {
				t.Errorf("the help of NumTokens is %q, expected the default in it", help)
			}
			if !strings.Contains(help, value) || strings.ToUpper(value) != value {
				t.Errorf("%s calls its value %q, expected a word in capitals of its help, %q", field.Name, value, help)
			}
			if want := len(strings.Split(flagHelp(field), "`")) - 1; value != "" && want != 2 || value == "" && want != 0 {
				t.Errorf("the help of %s has %d back-quotes: %q", field.Name, want, flagHelp(field))
			}
		}
	}
	var k Knobs
	var all, groups []string
	for knob := range k.All() {
		all = append(all, knob.Name)
		if got := KnobName(k.All(), knob.Value); got != knob.Name {
			t.Errorf("the knob at the value of %s is called %q", knob.Name, got)
		}
	}
	for knob := range k.ViewKnobs.All() {
		groups = append(groups, knob.Name)
	}
	for knob := range k.AnswerKnobs.All() {
		groups = append(groups, knob.Name)
	}
	for knob := range k.SearchKnobs.All() {
		groups = append(groups, knob.Name)
	}
	if !slices.Equal(all, names) || !slices.Equal(groups, names) {
		t.Errorf("all knobs are %q, those of the view, the answer and the search %q, and the fields %q", all, groups, names)
	}
	if got := KnobName(k.All(), new(int)); got != "" {
		t.Errorf("another value is the knob %q", got)
	}
}
