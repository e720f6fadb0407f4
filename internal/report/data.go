package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/crop"
)

// The data that the page's script reads.
type pageData struct {
	Series   []seriesData  `json:"series"`
	Items    []itemData    `json:"items"`
	Pictures []pictureData `json:"pictures"`
	Grids    []axes        `json:"grids"`
	Numbers  *Numbers      `json:"numbers"`
}

type seriesData struct {
	Name   string                     `json:"name"`
	Keys   []string                   `json:"keys"`   // fields of the records, in their order
	Common map[string]json.RawMessage `json:"common"` // those that all answers have alike
}

type itemData struct {
	Place    int          `json:"n"`
	Picture  int          `json:"p"`
	Question string       `json:"q"`
	Entries  []*entryData `json:"e"`
}

type entryData struct {
	Record   map[string]json.RawMessage `json:"r,omitempty"` // the fields that are not common
	Text     string                     `json:"t,omitempty"` // the record, where it has numbers that JavaScript has not
	Answer   string                     `json:"a"`
	Status   string                     `json:"st"`
	Expected string                     `json:"x,omitempty"`
	Score    *float64                   `json:"sc,omitempty"`
	Category string                     `json:"k,omitempty"`
	Sure     *float64                   `json:"s,omitempty"`
	Unsure   bool                       `json:"u,omitempty"`
	Seconds  *float64                   `json:"d,omitempty"`
	Crops    int                        `json:"cr,omitempty"`
	Command  string                     `json:"c"`
	Grid     *int                       `json:"g,omitempty"`
}

type pictureData struct {
	Name   string `json:"n"`
	Width  int    `json:"w"`
	Height int    `json:"h"`
	Note   string `json:"note,omitempty"`
	Link   string `json:"k,omitempty"`
}

// axes are where crops begin and end along each axis of a picture; every pair of a span of x and one of y is a crop.
type axes struct {
	X [][2]int `json:"x"`
	Y [][2]int `json:"y"`
}

// longInteger finds integers that a float64 may not hold.
var longInteger = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[:,\[]\s*-?\d{16,}\s*[,}\]]`) })

func (p *page) data(pictures []*picture) ([]byte, error) {
	r := p.results
	d := pageData{Numbers: &r.numbers, Grids: []axes{}}
	for _, s := range r.series {
		d.Series = append(d.Series, s.data())
	}
	for n, one := range r.pictures {
		pic := pictureData{Name: readable(one.name), Note: one.note, Link: one.link}
		if pictures != nil && pictures[n].note == "" {
			pic.Width, pic.Height = one.width, one.height
		}
		d.Pictures = append(d.Pictures, pic)
	}
	grids := map[string]int{}
	for _, i := range r.items {
		one := itemData{Place: i.place, Picture: i.picture, Question: readable(i.any().Question)}
		for s, e := range i.entries {
			if e == nil {
				one.Entries = append(one.Entries, nil)
				continue
			}
			entry, err := e.data(d.Series[s].Common)
			if err != nil {
				return nil, err
			}
			if pictures != nil {
				if cuts, ok := p.cuts(pictures[i.picture], *e); ok {
					key := fmt.Sprint(cuts)
					at, found := grids[key]
					if !found {
						at = len(d.Grids)
						grids[key] = at
						d.Grids = append(d.Grids, cuts)
					}
					entry.Grid = &at
				}
			}
			one.Entries = append(one.Entries, entry)
		}
		d.Items = append(d.Items, one)
	}
	return json.Marshal(d)
}

// data is the series with the fields that its answers have in common.
func (s *series) data() seriesData {
	d := seriesData{Name: readable(s.name), Common: map[string]json.RawMessage{}}
	seen := map[string]bool{}
	answers := 0
	for _, e := range s.by {
		for _, name := range e.names() {
			if !seen[name] {
				seen[name] = true
				d.Keys = append(d.Keys, name)
			}
		}
		switch {
		case e.Failed():
			continue
		case answers == 0:
			for name, value := range e.fields {
				d.Common[name] = value
			}
		default:
			for name, value := range d.Common {
				if !bytes.Equal(value, e.fields[name]) {
					delete(d.Common, name)
				}
			}
		}
		answers++
	}
	return d
}

// names are the fields of the record in their order.
func (e *entry) names() []string {
	var all []string
	d := json.NewDecoder(bytes.NewReader(e.text))
	depth, key := 0, false
	for {
		t, err := d.Token()
		if err != nil {
			return all
		}
		switch t := t.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				depth++
			} else {
				depth--
			}
			key = depth == 1
			continue
		case string:
			if depth == 1 && key {
				all, key = append(all, t), false
				continue
			}
		}
		if depth == 1 {
			key = true
		}
	}
}

func (e *entry) data(common map[string]json.RawMessage) (*entryData, error) {
	d := &entryData{Answer: readable(e.said()), Status: e.status(), Expected: e.expected, Score: e.score, Category: e.category, Unsure: e.unsure(), Command: readable(e.command())}
	if sure, ok := e.sure(); ok {
		d.Sure = &sure
	}
	if e.has() {
		took := e.seconds()
		d.Seconds, d.Crops = &took, e.Crops
	}
	if longInteger().Match(e.text) {
		d.Text = readable(string(e.text))
		return d, nil
	}
	d.Record = map[string]json.RawMessage{}
	for name, value := range e.fields {
		if _, ok := common[name]; !ok || e.Failed() {
			d.Record[name] = value
		}
	}
	return d, nil
}

// readable is a text with a mark in the place of bytes that are no UTF-8, which JSON cannot hold.
func readable(text string) string {
	return strings.ToValidUTF8(text, "\ufffd")
}

// cuts is how the picture of an answer was cut; ok is false where that is not known.
func (p *page) cuts(one *picture, e entry) (axes, bool) {
	if !e.has() || e.Knobs.Search || one.note != "" || one.width == 0 {
		return axes{}, false
	}
	side, known := p.shapes[e.Model]
	if !known {
		c, err := mcllava.ReadConfig(e.Model)
		if err != nil {
			c = mcllava.PublishedConfig()
		}
		side = c.Vision.ImageSize
		p.shapes[e.Model] = side
	}
	g, err := crop.NewGrid(one.width, one.height, side, e.MaxCrops)
	if err != nil || len(g.Boxes) != e.Crops || len(g.Boxes) < 2 {
		return axes{}, false
	}
	var a axes
	for _, b := range g.Boxes[1:] {
		a.X, a.Y = with(a.X, b.Min.X, b.Max.X), with(a.Y, b.Min.Y, b.Max.Y)
	}
	return a, true
}

func with(spans [][2]int, from, to int) [][2]int {
	if slices.Contains(spans, [2]int{from, to}) {
		return spans
	}
	return append(spans, [2]int{from, to})
}
