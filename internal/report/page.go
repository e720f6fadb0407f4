package report

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/terminal"
)

var (
	//go:embed report.html
	pageHTML string
	//go:embed report.css
	pageCSS string
	//go:embed report.js
	pageJS string
)

var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"show": show, "percent": percent, "points": points, "span": span, "seconds": seconds, "kind": kind, "kinds": kinds,
	}).Parse(pageHTML))
})

// show is a text of others as the page has it: with escapes for what steers the text around it, but for newlines.
func show(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = terminal.Escape(l)
	}
	return strings.Join(lines, "\n")
}

func percent(v any) string {
	switch v := v.(type) {
	case *float64:
		return percent(*v)
	case float64:
		return strconv.FormatFloat(100*v, 'f', 1, 64) + "\u00a0%"
	}
	return ""
}

// span is an interval.
func span(low, high float64) string {
	return strconv.FormatFloat(100*low, 'f', 1, 64) + "–" + percent(high)
}

// points is a difference in hundredths, with its sign.
func points(v float64) string {
	text := strconv.FormatFloat(100*v, 'f', 1, 64)
	if digits, less := strings.CutPrefix(text, "-"); less {
		return "−" + digits
	}
	return "+" + text
}

// seconds is a time to the precision that a measurement has.
func seconds(v float64) string {
	digits := 2
	switch {
	case v == 0:
		return "–" // not measured
	case v < 0.0995:
		digits = 3
	case v >= 100:
		digits = 0
	case v >= 10:
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// page is what the template is filled with.
type page struct {
	results *results
	options Options
	shapes  map[string]int // sides of the crops of a model
	text    int            // bytes without pictures
	folder  string         // that all pictures have in common, with a separator behind it; "" for none

	Title                                             string
	Link, Several, Scored, HasExpected, HasCategories bool
	CSS                                               template.CSS
	JS                                                template.JS
	Facts                                             []fact
	Numbers                                           *Numbers
	Grid                                              *grid
	Categories                                        []category
	Others                                            *others
	First                                             *PairNumber
	Filters                                           []filter
	RightFrom, UnsureBelow                            float64
	Foot                                              []string
	Rows                                              []row
	More                                              []row // that a script adds, so that the page is there before them
	Data                                              template.JS
	Larges                                            []large
}

type fact struct {
	Name, Value string
	Code        bool
}

type filter struct {
	Name   string
	Hidden bool
}

type category struct {
	CategoryNumber
	Run  string
	Part string // of the bar, percent
}

type row struct {
	Index, Place       int
	Image              template.HTMLAttr // of the picture; "" for none
	Alt, Note          string
	Width, Height      int
	Question, Name     string
	Category, Expected string
	Entries            []cell

	Several, HasExpected bool // as the page has them
}

type cell struct {
	Label, Answer, Status, Score string
	Unsure                       bool
	Sure, Crops, Seconds         string
}

type large struct {
	Index  int
	Base64 template.JS
}

// page is the page without its pictures.
func (r *results) page(o Options) (*page, error) {
	p := &page{
		results: r, options: o, shapes: map[string]int{}, Title: o.Title, Link: o.Link, Several: len(r.series) > 1, CSS: template.CSS(pageCSS), JS: template.JS(pageJS),
		Numbers: &r.numbers, Grid: r.grid(), Others: r.others(o), RightFrom: rightFrom, UnsureBelow: unsureBelow,
	}
	if p.Title == "" {
		p.Title = r.title()
	}
	p.Title = show(terminal.Shorten(p.Title, 200))
	unsure, failed := false, false
	for i, n := range r.numbers.Series {
		p.Scored = p.Scored || n.Score != nil
		unsure, failed = unsure || n.Unsure > 0, failed || n.Failed > 0
		for _, c := range n.Categories {
			one := category{c, "", strconv.FormatFloat(100*c.Mean.Mean, 'f', 1, 64)}
			if p.Several {
				one.Run = r.series[i].name
			}
			p.Categories = append(p.Categories, one)
		}
	}
	for _, i := range r.items {
		for _, e := range i.entries {
			if e != nil {
				p.HasExpected = p.HasExpected || e.expected != ""
				p.HasCategories = p.HasCategories || e.category != ""
			}
		}
	}
	slices.SortStableFunc(p.Categories, func(a, b category) int { return cmp.Compare(a.Name, b.Name) })
	if p.Several {
		p.First = &r.numbers.Pairs[0]
	}
	p.Filters = []filter{{"all", false}, {statusWrong, !p.Scored}, {statusRight, !p.Scored}, {"flipped", !p.Several}, {"unsure", !unsure}, {statusFailed, !failed}}
	p.folder = r.folder()
	p.facts()
	text, err := p.fill(nil)
	p.text = len(text)
	return p, err
}

// mostNamed is the most series, or files, that a title names.
const mostNamed = 3

// title names the series or, if there are many or several in a file, their files.
func (r *results) title() string {
	var names, files []string
	for _, s := range r.series {
		names = append(names, s.name)
		if file := filepath.Base(s.path); !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	if len(names) <= mostNamed && len(files) == len(names) {
		return strings.Join(names, ", ")
	}
	more := ""
	if len(files) > mostNamed {
		files, more = files[:mostNamed-1], fmt.Sprintf(" and %d more files", len(files)-mostNamed+1)
	}
	return fmt.Sprintf("%s%s: %d runs", strings.Join(files, ", "), more, len(names))
}

// size is the bytes of the page without its pictures.
func (p *page) size() int { return p.text }

func (p *page) write(w io.Writer, pictures []*picture) error {
	text, err := p.fill(pictures)
	if err == nil {
		_, err = w.Write(text)
	}
	return err
}

// atOnce is how many rows stand in the page from the start: more than a window shows.
const atOnce = 150

// fill makes the page, with pictures unless they are nil.
func (p *page) fill(pictures []*picture) ([]byte, error) {
	p.Rows, p.More, p.Larges, p.Foot = nil, nil, nil, p.foot(pictures)
	first := map[int]bool{}
	for n, i := range p.results.items {
		r := p.row(n, i, pictures, first)
		if n < atOnce {
			p.Rows = append(p.Rows, r)
		} else {
			p.More = append(p.More, r)
		}
	}
	for n, one := range pictures {
		if one.large != nil {
			p.Larges = append(p.Larges, large{n, template.JS(`"` + base64.StdEncoding.EncodeToString(one.large) + `"`)})
		}
	}
	data, err := p.data(pictures)
	if err != nil {
		return nil, err
	}
	p.Data = template.JS(data)
	var out bytes.Buffer
	err = pageTemplate().Execute(&out, p)
	return out.Bytes(), err
}

// facts are what the head says: what all series have in common, and how many items there are.
func (p *page) facts() {
	r := p.results
	add := func(name, value string, code bool) {
		if value != "" {
			p.Facts = append(p.Facts, fact{name, show(value), code})
		}
	}
	same := func(of func(entry) string) string {
		value, seen := "", false
		for _, s := range r.series {
			if s.first.Failed() {
				continue
			}
			if one := of(s.first); !seen {
				value, seen = one, true
			} else if one != value {
				return ""
			}
		}
		return value
	}
	add("Items", strconv.Itoa(len(r.items)), false)
	add("Pictures", strconv.Itoa(len(r.pictures)), false)
	add("Model", same(func(e entry) string { return e.Model }), false)
	add("Precision", same(func(e entry) string { return e.Precision }), false)
	add("Crops at most", same(func(e entry) string {
		if e.Knobs.Search {
			return ""
		}
		return strconv.Itoa(e.MaxCrops)
	}), false)
	if n := r.numbers.Series[0]; len(r.series) == 1 && n.Search != nil {
		add("Crops looked at", fmt.Sprintf("%.1f on average, %d at most", n.Search.Mean, n.Search.Most), false)
	}
	add("Image tokens", same(func(e entry) string { return strconv.Itoa(e.NumTokens) }), false)
	add("Seed", same(func(e entry) string { return strconv.FormatUint(e.Seed, 10) }), false)
	add("Data set", same(func(e entry) string { return e.dataset }), false)
	for _, f := range p.options.Figures {
		add(f.Name, f.Value, false)
	}
	add("SHA-256 of the data set", same(func(e entry) string { return e.DatasetHash }), true)
	command := slices.Clone(p.options.Command)
	for i, w := range command {
		command[i] = quote(w)
	}
	add("Command", strings.Join(command, " "), true)
	add("Folder", p.folder, true)
	add("Checkpoint", same(func(e entry) string { return e.Checkpoint }), true)
	if p.options.Command != nil {
		return
	}
	add("Settings", same(func(e entry) string {
		words := append([]string{"mcllava", "ask"}, settingsOf(e)...)
		for i, w := range words {
			words[i] = quote(w)
		}
		return strings.Join(words, " ") + " …"
	}), true)
}

// others is the table of other systems.
type others struct {
	Categories []string
	Rows       []otherRow
}

type otherRow struct {
	Name, Overall, Source string
	Cells                 []string
}

// others is nil where no system is set beside. The scores of this page's last run stand in the first row.
func (r *results) others(o Options) *others {
	if len(o.Others) == 0 {
		return nil
	}
	t := &others{}
	last := r.numbers.Series[len(r.numbers.Series)-1]
	own := otherRow{Name: last.Name, Overall: "–"}
	switch {
	case o.Overall != nil:
		own.Overall = percent(*o.Overall)
	case last.Score != nil:
		own.Overall = percent(last.Score.Mean)
	}
	for _, c := range last.Categories {
		if slices.ContainsFunc(o.Others, func(s Other) bool { _, has := s.By[c.Name]; return has }) {
			t.Categories = append(t.Categories, c.Name)
			own.Cells = append(own.Cells, percent(c.Mean.Mean))
		}
	}
	t.Rows = append(t.Rows, own)
	for _, s := range o.Others {
		row := otherRow{Name: s.Name, Overall: percent(s.Overall / 100), Source: s.Source}
		for _, name := range t.Categories {
			cell := "–"
			if v, has := s.By[name]; has {
				cell = percent(v / 100)
			}
			row.Cells = append(row.Cells, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// foot says what the page lacks, and who wrote it.
func (p *page) foot(pictures []*picture) (lines []string) {
	unseen, without, small := 0, 0, 0
	for _, one := range pictures {
		switch {
		case one.note != "":
			unseen++
		case one.small == nil:
			without++
		case one.large == nil && one.link == "":
			small++
		}
	}
	if unseen > 0 {
		lines = append(lines, fmt.Sprintf("Pictures that could not be read: %d; their rows say why.", unseen))
	}
	if without > 0 {
		lines = append(lines, fmt.Sprintf("Pictures that had no room in %d MB: %d.", p.options.MaxBytes/1e6, without))
	}
	if small > 0 {
		lines = append(lines, fmt.Sprintf("Pictures that had room in small alone: %d.", small))
	}
	return append(lines, strings.TrimSpace("Written by mcllava "+p.options.Version)+".")
}

// row is an item without JavaScript. first notes the pictures that rows ahead of it have.
func (p *page) row(index int, i item, pictures []*picture, first map[int]bool) row {
	one := i.any()
	picture := p.results.pictures[i.picture]
	r := row{Several: p.Several, HasExpected: p.HasExpected, Index: index, Place: i.place, Question: show(one.Question), Name: show(strings.TrimPrefix(picture.name, p.folder)), Note: "no picture"}
	if one.Question == "" {
		r.Question = "a broken line of the input"
	}
	for _, e := range i.entries {
		if e != nil && r.Expected == "" {
			r.Expected = show(e.expected)
		}
		if e != nil && r.Category == "" {
			r.Category = show(e.category)
		}
	}
	if pictures != nil {
		switch {
		case picture.note != "":
			r.Note = "the picture " + show(picture.note)
		case picture.small == nil:
			r.Note = "no room for the picture"
		default:
			r.Alt, r.Image = "Picture "+r.Name, "data-again"
			r.Width, r.Height = fitted(picture.width, picture.height, smallSides[0])
			if !first[i.picture] {
				first[i.picture] = true
				r.Image = template.HTMLAttr(`src="data:image/jpeg;base64,` + base64.StdEncoding.EncodeToString(picture.small) + `"`)
			}
		}
	}
	for s, e := range i.entries[:min(2, len(i.entries))] {
		c := cell{Answer: "–", Status: "–", Sure: "–", Crops: "–", Seconds: "–"}
		if p.Several {
			c.Label = "AB"[s : s+1]
		}
		if e != nil {
			c.Answer, c.Status, c.Unsure = show(e.said()), e.status(), e.unsure()
			if e.score != nil && *e.score > 0 && *e.score < 1 {
				c.Score = percent(*e.score)
			}
			if sure, ok := e.sure(); ok {
				c.Sure = percent(sure)
			}
			if e.has() {
				c.Crops, c.Seconds = strconv.Itoa(e.Crops), seconds(e.seconds())
			}
		}
		r.Entries = append(r.Entries, c)
	}
	return r
}

// said is the answer, or why there is none or no question.
func (e entry) said() string {
	switch {
	case e.Failed():
		return e.Error
	case e.unasked():
		return e.Mark
	}
	return e.Answer
}

// folder is the folder that all pictures in folders have in common, with a separator behind it; "" for none.
func (r *results) folder() string {
	folder, any := "", false
	for _, p := range r.pictures {
		if inputs.IsURL(p.name) || !strings.ContainsFunc(p.name, separator) {
			continue
		}
		if !any {
			folder, any = p.name, true
		}
		for !strings.HasPrefix(p.name, folder) || !os.IsPathSeparator(lastByte(folder)) && folder != "" {
			folder = folder[:1+strings.LastIndexFunc(folder[:len(folder)-1], separator)]
		}
	}
	return folder
}

func separator(r rune) bool { return r < utf8.RuneSelf && os.IsPathSeparator(uint8(r)) }

func lastByte(text string) byte {
	if text == "" {
		return 0
	}
	return text[len(text)-1]
}

// fitted are the sides of a picture whose longer one is at most so many pixels.
func fitted(width, height, side int) (int, int) {
	longer := max(width, height)
	if longer <= side {
		return width, height
	}
	return max(1, width*side/longer), max(1, height*side/longer)
}
