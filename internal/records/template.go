package records

import (
	"bytes"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/mcllava/mcllava"
)

// The flags that templates are given with, as messages name them.
const (
	templateFlag = "--template"
	sidecarFlag  = "--sidecar"
)

// view is a record as templates see it: with numbers in place of those that may be absent, and texts of no type of their own.
type view struct {
	Record
	LogProb, Confidence, PMin float64
	Finish                    string
	Correct                   bool
}

// Name is the image's file name without its folder and ending.
func (v view) Name() string {
	base := filepath.Base(v.Image)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

func newView(r Record) view {
	v := view{Record: r, Finish: string(r.Finish)}
	if r.LogProb != nil {
		v.LogProb = *r.LogProb
	}
	if r.Confidence != nil {
		v.Confidence = *r.Confidence
	}
	if r.PMin != nil {
		v.PMin = *r.PMin
	}
	v.Correct = r.Correct != nil && *r.Correct
	return v
}

var templateFunctions = template.FuncMap{
	printedFunction: printed,

	"json":    asJSON,
	"printf":  printf,
	"quote":   strconv.Quote,
	"base":    filepath.Base,
	"dir":     filepath.Dir,
	"ext":     filepath.Ext,
	"trim":    strings.TrimSpace,
	"upper":   strings.ToUpper,
	"lower":   strings.ToLower,
	"oneline": func(text string) string { return strings.Join(strings.Fields(text), " ") },
}

// unescaped has tabs and newlines for \t and \n, which a shell does not make, but not within {{ }}.
func unescaped(text string) string {
	var b strings.Builder
	for {
		plain, action, found := strings.Cut(text, "{{")
		b.WriteString(strings.NewReplacer(`\t`, "\t", `\n`, "\n").Replace(plain))
		if !found {
			return b.String()
		}
		inside, rest, ended := strings.Cut(action, "}}")
		b.WriteString("{{" + inside)
		if !ended {
			return b.String()
		}
		b.WriteString("}}")
		text = rest
	}
}

func parseTemplate(text string) (Format, error) {
	t, err := newTemplate(templateFlag, unescaped(text))
	if err != nil {
		return Format{}, err
	}
	f := Format{name: templateName, template: t}
	number := 0.5
	pair := Record{ID: "id", Image: "folder/image.jpg", Question: "is it day or night?", Key: Settings{}.Key([32]byte{}, ""), N: 1, Of: 2}
	good, bad := pair, pair
	good.Answer, good.Choice, good.Tokens, good.Finish = "day", "day", []int{1, 2}, mcllava.FinishStop
	good.Probabilities, good.LogProb, good.Confidence, good.PMin = map[string]float64{"day": number, "night": number}, &number, &number, &number
	good.Attention, good.Search = &mcllava.Attention{}, &mcllava.Found{}
	bad.Error = "not a picture"
	for _, r := range []Record{good, bad} {
		if _, err := f.execute(r); err != nil {
			return Format{}, err
		}
	}
	return f, checkPrintf(templateFlag, t, good)
}

func (f Format) execute(r Record) ([]byte, error) {
	var text bytes.Buffer
	if err := f.template.Execute(&text, newView(r)); err != nil {
		return nil, templateError(templateFlag, err)
	}
	if text.Len() > 0 && !bytes.HasSuffix(text.Bytes(), []byte("\n")) {
		text.WriteByte('\n')
	}
	return text.Bytes(), nil
}

// Prints says whether the format's template has a field of a record, such as Confidence, and does not ask by if or with whether the record
// has it, or whether its columns were chosen and have the one of that JSON name.
func (f Format) Prints(field, column string) bool {
	used, tested := f.mentions(field, column)
	return used && !tested
}

// Mentions says whether the format has a field as Prints does, or asks whether a record has it.
func (f Format) Mentions(field, column string) bool {
	used, _ := f.mentions(field, column)
	return used
}

func (f Format) mentions(field, column string) (used, tested bool) {
	if f.template == nil {
		return f.columns != nil && slices.Contains(namesOf(f.columns), column), false
	}
	for _, t := range f.template.Templates() {
		if t.Tree != nil {
			eachUse(t.Root, false, func(name string, test bool) {
				used = used || name == field
				tested = tested || test && name == field
			})
		}
	}
	return used, tested
}

// eachUse goes through the fields below a part of a template. test is of those that stand behind if or with.
func eachUse(n parse.Node, test bool, visit func(field string, test bool)) {
	branch := func(b *parse.BranchNode, test bool) {
		eachUse(b.Pipe, test, visit)
		eachUse(b.List, false, visit)
		if b.ElseList != nil {
			eachUse(b.ElseList, false, visit)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, one := range n.Nodes {
			eachUse(one, test, visit)
		}
	case *parse.ActionNode:
		eachUse(n.Pipe, test, visit)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			eachUse(n.Pipe, test, visit)
		}
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			eachUse(c, test, visit)
		}
	case *parse.CommandNode:
		for _, a := range n.Args {
			eachUse(a, test, visit)
		}
	case *parse.ChainNode:
		eachUse(n.Node, test, visit)
	case *parse.FieldNode:
		visit(n.Ident[0], test)
	case *parse.VariableNode:
		if len(n.Ident) > 1 {
			visit(n.Ident[1], test)
		}
	case *parse.IfNode:
		branch(&n.BranchNode, true)
	case *parse.WithNode:
		branch(&n.BranchNode, true)
	case *parse.RangeNode:
		branch(&n.BranchNode, false)
	}
}
