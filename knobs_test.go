package mcllava

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"regexp"
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

// TestKnobNamesAreWrittenOnce looks for names of knobs in the texts of the code. Those of one word are words of other things too, and
// tags, help that names a flag and examples of a command are for readers.
func TestKnobNamesAreWrittenOnce(t *testing.T) {
	var names []string
	var k Knobs
	for knob := range k.All() {
		if strings.Contains(knob.Name, "-") {
			names = append(names, knob.Name, strings.ReplaceAll(knob.Name, "-", "_"))
		}
	}
	name := regexp.MustCompile(`(^|[^-\w])(` + strings.Join(names, "|") + `)(_asked)?($|[^-\w])|--(` + strings.Join(names, "|") + `) %`)
	for text, want := range map[string]bool{"num-tokens: %d": true, "max_crops": true, "other num-tokens or": true, "more --num-tokens": false, "--max-crops %d": true, "min-num-tokens": false} {
		if name.MatchString(text) != want {
			t.Fatalf("%q has the name of a knob: %v", text, !want)
		}
	}
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if _, ok := n.(*ast.Field); ok {
				return false // with its tag
			}
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && name.MatchString(text.Value) {
				t.Errorf("%v: %s has the name of a knob, expected KnobName's", set.Position(text.Pos()), name.FindString(text.Value))
			}
			return true
		})
		return nil
	})
	const least = 50
	if err != nil || files < least {
		t.Errorf("%d files were read: %v", files, err)
	}
}
