package records

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// usualFields are the fields of a record that a message about a template lists.
const usualFields = ".Image .Name .Question .Answer .Choice .Probabilities .Confidence .LogProb .PMin .Tokens .Finish .Crops .Seconds .Error .ID .N .Of"

// wording is what is said in place of an error of package text/template that has a form.
type wording struct {
	form *regexp.Regexp
	said string // $1 and so on are those of the form
}

func worded(form, said string) wording {
	return wording{regexp.MustCompile("^(?:" + form + ")$"), said}
}

// wordings are tried in their order. What follows "error calling NAME: " is tried too.
var wordings = sync.OnceValue(func() []wording {
	return []wording{
		worded(`unclosed action.*`, "{{ has no }} behind it"),
		worded(`unclosed comment|comment ends before closing delimiter`, "a comment is {{/* and */}} around it"),
		worded(`unclosed left paren|unexpected "\)" in .*|unexpected right paren.*`, "( and ) do not come in pairs"),
		worded(`unterminated .*`, "a quotation mark has no second one"),
		worded(`missing value for (?:command|range|if|with|template clause|parenthesized pipeline)|empty command`, "there is nothing where a field or a value is expected"),
		worded(`missing value for (.*)`, "there is nothing behind $1"),
		worded(`unexpected EOF`, "{{if}}, {{range}} or {{with}} has no {{end}}"),
		worded(`unexpected \{\{(end|else)\}\}.*`, "{{$1}} has no {{if}}, {{range}} or {{with}} before it"),
		worded(`expected end; found \{\{.*\}\}`, "{{else}} stands where {{end}} is expected"),
		worded(`\{\{(break|continue)\}\} outside \{\{range\}\}`, "{{$1}} stands outside {{range}}"),
		worded(`unexpected unclosed action.*`, "{{ has no }} behind it"),
		worded(`unexpected "?(.+?)"? in (?:operand|command|input|if|range|with|else|end|define clause|template clause|block clause|parenthesized pipeline|pipeline|\{\{.*\}\})`,
			`"$1" stands where a field or a value is expected`),
		worded(`unexpected "(.*)"`, `"$1" is not expected`),
		worded(`unexpected \. after term "(.*)"`, `"." behind $1 is not expected`),
		worded(`(?:unrecognized character in action:|bad character) U\+[0-9A-F]+(?: '(.*)')?`, `"$1" stands where a field or a value is expected`),
		worded(`bad number syntax: (.*)`, "$1 is no number"),
		worded(`undefined variable:? "?(.*?)"?`, "there is no variable $1"),
		worded(`template "(.*)" not defined`, `there is no template "$1" to take in`),
		worded(`can't give argument to non-function (.*)|(.*) has arguments but cannot be invoked as function|(.*) is not a method but has arguments`,
			"$1$2$3 is no function, and takes no values"),
		worded(`wrong number of args for (.*): want at least (\d+) got (\d+)`, "$1 takes $2 values or more, got $3"),
		worded(`wrong number of args for (.*): want (\d+) got (\d+)|wrong number of args for (.*): got (\d+) want (\d+)`, "$1$4 takes $2$6 values, got $3$5"),
		worded(`wrong type for value; expected string; got .*|expected string; found .*|can't handle .* for arg of type string`, "a text is expected"),
		worded(`wrong type for value; expected .*|expected .*; found .*|can't handle .* for arg of type .*|invalid value; expected .*|incompatible types for comparison.*|non-comparable types?.*`,
			"values of kinds that do not go together"),
		worded(`range can't iterate over .*|can't use .* iterate over more than one variable`, "range takes a list, such as .Tokens or .Probabilities"),
		worded(`index out of range: (\d+)`, noElement+" element $1"),
		worded(`reflect: slice index out of range`, noElement+" such element"),
		worded(`can't index item of type .*|cannot index slice/array with .*|index of (?:untyped nil|nil pointer)`, "there is nothing to take an element of"),
		worded(`(?:invalid slice index|can't slice|slice of|too many slice indexes|cannot 3-index).*`, "there is no such part of a text or list"),
		worded(`len of .*`, "len takes a text or a list"),
		worded(`nil pointer evaluating \*mcllava\.Found\.\w+`, absent("Search")),
		worded(`nil pointer evaluating \*mcllava\.(\w+)\.\w+`, absent("${1}")),
		worded(`exceeded maximum template depth.*|max expression depth exceeded`, "it goes deeper than is sensible"),
	}
})

// noElement begins what is said of a text or list that is too short.
const noElement = "there is no"

// guarded is the condition that keeps an index or a slice with one number within a text or list; "" for anything else.
func guarded(at string) string {
	parts := takenFrom().FindStringSubmatch(at)
	switch {
	case parts == nil:
		return ""
	case parts[1] == "index":
		return fmt.Sprintf("{{if gt (len %s) %s}}", parts[2], parts[3])
	}
	return fmt.Sprintf("{{if ge (len %s) %s}}", parts[2], parts[3])
}

// functionNames are the functions that a template may call besides Go's.
func functionNames() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(templateFunctions)), func(name string) bool { return name == printedFunction || name == "printf" })
}

// absent says how a template prints what only some records have.
func absent(field string) string {
	return "." + field + " is there only where it is asked for and nothing failed; put {{with ." + field + "}} and {{end}} around it"
}

// form is compiled when it is first asked for: few runs have a template that fails.
func form(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

var (
	templatePlace = form(`^template: template:(\d+)(?::\d+)?: `)
	templateAt    = form(`^executing "template" at <(.*?)>: `)
	callFailed    = form(`^error calling (\w+): `)
	takenFrom     = form(`^(index|slice) ([$.][\w.]*)(?: \d+)?? (\d+)$`)
	noFunction    = form(`^function "(.*)" not defined$`)
	noField       = form(`^can't evaluate field (\w+) in type (.*)$|^(\w+) is an unexported field of struct type (.*)$`)
)

// templateError says in plain words what is wrong with the template of a flag, and where.
func templateError(flag string, err error) error {
	text, at := err.Error(), ""
	if place := templatePlace().FindStringSubmatch(text); place != nil {
		text, flag = text[len(place[0]):], flag+", line "+place[1]
	}
	if place := templateAt().FindStringSubmatch(text); place != nil {
		text, at = text[len(place[0]):], place[1]
	}
	if call := callFailed().FindStringSubmatch(text); call != nil {
		text = text[len(call[0]):]
	}
	said := ""
	var misprinted printfFault
	if errors.As(err, &misprinted) {
		said = misprinted.Error()
	} else if name := noFunction().FindStringSubmatch(text); name != nil {
		said = fmt.Sprintf("there is no function %s, expected one of %s or of Go's templates", name[1], strings.Join(functionNames(), ", "))
	} else if field := noField().FindStringSubmatch(text); field != nil {
		return errors.New(flag + ": " + withoutField(at, field[1]+field[3], field[2]+field[4]))
	}
	for i := 0; said == "" && i < len(wordings()); i++ {
		if w := wordings()[i]; w.form.MatchString(text) {
			said = w.form.ReplaceAllString(text, w.said)
		}
	}
	if said == "" {
		said = "cannot be understood"
	}
	if guard := guarded(at); guard != "" && strings.HasPrefix(said, noElement) {
		said += ", where a text or list is shorter, as of what failed; put " + guard + " and {{end}} around it"
	}
	if at != "" {
		said = "at {{" + at + "}}: " + said
	}
	return fmt.Errorf("%s: %s; see mcllava ask --help for what a template has", flag, said)
}

// withoutField says which field something in a template has not, and which it has.
func withoutField(at, name, of string) string {
	t := reflect.TypeFor[view]()
	if of == t.String() {
		return fmt.Sprintf("there is no field .%s; fields are %s and others; see mcllava ask --help", name, usualFields)
	}
	path := strings.Split(strings.TrimPrefix(strings.TrimPrefix(at, "$"), "."), ".")
	for i, part := range path {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if part == name && i > 0 {
			break
		}
		if t.Kind() != reflect.Struct {
			break
		}
		field, found := t.FieldByName(part)
		if !found {
			return fmt.Sprintf("what {{%s}} is about has no field .%s; see mcllava ask --help for the fields", at, name)
		}
		t = field.Type
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	before, _, _ := strings.Cut("."+strings.Join(path, "."), "."+name)
	var names []string
	if t.Kind() == reflect.Struct {
		for field := range t.Fields() {
			if field.IsExported() {
				names = append(names, "."+field.Name)
			}
		}
	}
	if names == nil {
		return fmt.Sprintf("%s has no fields, and so no .%s", before, name)
	}
	return fmt.Sprintf("%s has no field .%s; its fields are %s", before, name, strings.Join(names, " "))
}
