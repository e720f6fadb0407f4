package records

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"
)

// newTemplate reads the template of a flag. What an action prints is a text, a number or JSON, and never a value as Go writes it.
func newTemplate(flag, text string) (*template.Template, error) {
	t, err := template.New(templateName).Funcs(templateFunctions).Option("missingkey=zero").Parse(text)
	if err != nil {
		return nil, templateError(flag, err)
	}
	for _, one := range t.Templates() {
		if one.Tree == nil {
			continue
		}
		eachNode(one.Root, func(n parse.Node) {
			if name := hiddenIn(n); name != "" && err == nil {
				place, at := one.ErrorContext(n)
				err = templateError(flag, fmt.Errorf("template: %s: executing %q at <%s>: can't evaluate field %s in type %T", place, templateName, at, name, view{}))
			}
			if action, ok := n.(*parse.ActionNode); ok && len(action.Pipe.Decl) == 0 {
				action.Pipe.Cmds = append(action.Pipe.Cmds, &parse.CommandNode{
					NodeType: parse.NodeCommand, Pos: action.Pos, Args: []parse.Node{parse.NewIdentifier(printedFunction).SetTree(one.Tree).SetPos(action.Pos)},
				})
			}
		})
	}
	return t, err
}

// printedFunction is the function that ends each action that prints.
const printedFunction = "_printed"

// printed is what a template prints of a value: JSON of one with parts, and nothing of one that is not there.
func printed(v any) (any, error) {
	if _, ok := v.(fmt.Stringer); ok {
		if at := reflect.ValueOf(v); at.Kind() == reflect.Pointer && at.IsNil() {
			return "", nil
		}
		return v, nil
	}
	at := reflect.ValueOf(v)
	for at.Kind() == reflect.Pointer && !at.IsNil() && !hasParts(at.Type().Elem()) {
		at = at.Elem()
	}
	switch at.Kind() {
	case reflect.Invalid:
		return "", nil
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if at.IsNil() {
			return "", nil
		}
	}
	switch {
	case at.Kind() == reflect.Pointer, hasParts(at.Type()):
		return asJSON(at.Interface())
	}
	return at.Interface(), nil
}

func hasParts(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
		return true
	}
	return false
}

func asJSON(v any) (string, error) {
	text, err := marshal(v)
	return strings.TrimSuffix(string(text), "\n"), err
}

// hiddenIn is a method that a part of a template calls and that is not for templates; "" if there is none.
func hiddenIn(n parse.Node) string {
	var names []string
	switch n := n.(type) {
	case *parse.FieldNode:
		names = n.Ident
	case *parse.VariableNode:
		names = n.Ident[1:]
	case *parse.ChainNode:
		names = n.Field
	}
	for _, name := range names {
		if hidden()[name] {
			return name
		}
	}
	return ""
}

// hidden are the methods of what a record has whose results are not one text, number or truth value, such as MarshalJSON.
var hidden = sync.OnceValue(func() map[string]bool {
	methods, fields, seen := map[string]bool{}, map[string]bool{}, map[reflect.Type]bool{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		for i := range t.NumMethod() {
			m := t.Method(i)
			if m.Type.NumOut() != 1 || !printable(m.Type.Out(0)) {
				methods[m.Name] = true
			}
		}
		switch t.Kind() {
		case reflect.Struct:
			for f := range t.Fields() {
				if f.IsExported() {
					fields[f.Name] = true
					visit(f.Type)
					visit(reflect.PointerTo(f.Type))
				}
			}
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			visit(t.Elem())
		}
	}
	visit(reflect.TypeFor[*view]())
	for name := range fields {
		delete(methods, name)
	}
	return methods
})

// printable says whether a method's result is for a template: a text, a number, a truth value or what has a text of its own.
func printable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Func, reflect.Interface, reflect.Chan, reflect.UnsafePointer:
		return false
	}
	return !hasParts(t) || t.Implements(reflect.TypeFor[fmt.Stringer]())
}

// eachNode goes through all parts of a template.
func eachNode(n parse.Node, visit func(parse.Node)) {
	if n == nil || reflect.ValueOf(n).IsNil() {
		return
	}
	visit(n)
	branch := func(b *parse.BranchNode) {
		eachNode(b.Pipe, visit)
		eachNode(b.List, visit)
		eachNode(b.ElseList, visit)
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, one := range n.Nodes {
			eachNode(one, visit)
		}
	case *parse.ActionNode:
		eachNode(n.Pipe, visit)
	case *parse.TemplateNode:
		eachNode(n.Pipe, visit)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			eachNode(c, visit)
		}
	case *parse.CommandNode:
		for _, a := range n.Args {
			eachNode(a, visit)
		}
	case *parse.ChainNode:
		eachNode(n.Node, visit)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	}
}
