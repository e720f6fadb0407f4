package records

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"
)

// printfFault is what is wrong with the values of a printf, in words for a user.
type printfFault string

func (e printfFault) Error() string { return string(e) }

// printf is fmt.Sprintf, of which a verb and a value that do not go together are an error.
func printf(format string, values ...any) (string, error) {
	probe := make([]any, len(values))
	for i, v := range values {
		probe[i] = v
		switch at := reflect.ValueOf(v); {
		case at.Kind() == reflect.String:
			probe[i] = "text"
		case strings.Contains(fmt.Sprint(v), "%!"):
			return fmt.Sprintf(format, values...), nil // the value's own text looks like a fault
		}
	}
	tried := fmt.Sprintf(strings.ReplaceAll(format, "%%", ""), probe...)
	if fault := misprint().FindStringSubmatch(tried); fault != nil {
		return "", printfFault(misprinted(fault[1], fault[2]))
	}
	return fmt.Sprintf(format, values...), nil
}

// checkPrintf tries each printf of a template that a record may come to, also where the made-up ones do not. What stands within range and
// with, where . is something else, and what has variables, is left to the records.
func checkPrintf(flag string, t *template.Template, r Record) error {
	var fault error
	for _, one := range t.Templates() {
		if one.Tree == nil || one.Name() != t.Name() {
			continue
		}
		eachOfRecord(one.Root, func(n parse.Node) {
			pipe, ok := n.(*parse.PipeNode)
			if !ok || fault != nil {
				return
			}
			c := pipe.Cmds[0] // those behind it are given another value
			if !strings.HasPrefix(c.String(), "printf ") || strings.Contains(c.String(), "$") {
				return
			}
			alone, err := template.New(templateName).Funcs(templateFunctions).Parse("{{" + c.String() + "}}")
			if err != nil {
				return
			}
			var misprinted printfFault
			if err := alone.Execute(io.Discard, newView(r)); errors.As(err, &misprinted) {
				place, _ := one.ErrorContext(n)
				fault = templateError(flag, fmt.Errorf("template: %s: executing %q at <%s>: %w", place, templateName, c, err))
			}
		})
	}
	return fault
}

// eachOfRecord goes through the parts of a template in which . is the record.
func eachOfRecord(n parse.Node, visit func(parse.Node)) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, one := range n.Nodes {
			eachOfRecord(one, visit)
		}
	case *parse.IfNode:
		eachNode(n.Pipe, visit)
		eachOfRecord(n.List, visit)
		eachOfRecord(n.ElseList, visit)
	case *parse.WithNode:
		eachNode(n.Pipe, visit)
		eachOfRecord(n.ElseList, visit)
	case *parse.RangeNode:
		eachNode(n.Pipe, visit)
		eachOfRecord(n.ElseList, visit)
	default:
		eachNode(n, visit)
	}
}

// misprint is what package fmt writes of a fault: the verb, which may be missing, and what is wrong with it.
var misprint = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%!(.?)\(([A-Z]+\b|[^=)]*)`) })

// misprinted says in plain words what is wrong with a verb.
func misprinted(verb, what string) string {
	switch what {
	case "NOVERB":
		return "a % has no letter behind it; %% prints one"
	case "EXTRA":
		return "there are more values than places for them, such as %v"
	case "BADINDEX":
		return "a number in [ ] is that of no value"
	case "BADWIDTH", "BADPREC":
		return "a width or precision that is * takes a whole number"
	}
	if what == "MISSING" {
		return "%" + verb + " has no value; %% prints a %"
	}
	return fmt.Sprintf("%%%s does not go with %s; %%v goes with all values", verb, kindNamed(what))
}

// kindNamed is how a message calls a type of Go.
func kindNamed(goType string) string {
	kind := strings.TrimLeft(goType, "*u")
	switch {
	case kind == "string":
		return "a text"
	case strings.HasPrefix(kind, "int"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case kind == "bool":
		return "true or false"
	case strings.HasPrefix(kind, "["), strings.HasPrefix(kind, "map["):
		return "a list"
	}
	return "such a value"
}
