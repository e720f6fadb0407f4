package mcllava

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mcllava/mcllava/internal/gaze"
	"github.com/mcllava/mcllava/llm"
)

// AttentionOptions ask where an answer looked. The zero value asks it of the whole answer.
type AttentionOptions struct {
	Word   string // the answer's word, or words, to ask it of: see Attention.Of; "" for the whole answer
	Layers [2]int // of the decoder, from ≤ i < to; zero for the middle half
}

// Attention is where an answer looked: the decoder's attention says in which crops, the vision tower's where in each. It shows what
// the answer was taken from, which is not always what it is about, and says nothing of whether it is right.
type Attention struct {
	Peak          image.Point     // pixel of the upright picture where it looked most
	Box           image.Rectangle // around it, in pixels; empty if Overview
	Overview      bool            // it looked at the whole picture more than at any crop, so that no place stands out
	ImageShare    float64         // of the attention that is on the picture; the rest is on the text
	OverviewShare float64         // of Crops' weights
	Entropy       float64         // of Crops' weights, in bits: 0 if all is on one crop, log2(crops) if it is spread evenly
	Crops         []CropWeight    // in the order of the plan
	Heat          Heat            // the same as a map of the picture

	answer *spoken
}

// CropWeight is a crop's part of the attention, as if of each crop as many image tokens were kept. All together are 1.
type CropWeight struct {
	Box    image.Rectangle
	Weight float64
}

// Heat is how much each part of a picture was looked at.
type Heat = gaze.Heat

// spoken is what is kept of an answer to ask where one of its words looked.
type spoken struct {
	view *gaze.Picture // without weights
	keep []int         // image tokens of each crop
	text string
	ends []int       // bytes of the text that each token ends at
	rows [][]float32 // that predict each token, and the stop token if there was one: [image tokens]
}

// CheckAttention returns an error if attention is asked for of layers that the decoder does not have.
func (m *Model) CheckAttention(o AttentionOptions) error {
	from, to, layers := o.Layers[0], o.Layers[1], m.config.Text.Layers
	if o.Layers != [2]int{} && !(0 <= from && from < to && to <= layers) {
		return fmt.Errorf("attention-layers are %d,%d, expected FROM,TO with FROM less than TO, which is at most %d", from, to, layers)
	}
	return nil
}

// checkAttention returns an error if attention is asked for that cannot be had of a view.
func (m *Model) checkAttention(v *View, o *AttentionOptions) error {
	switch {
	case o == nil:
		return nil
	case !v.plan.Maps:
		return errors.New("attention is asked for of a view without maps, expected a plan with Maps")
	}
	return m.CheckAttention(*o)
}

// newLooks is nil if no attention is asked for.
func (m *Model) newLooks(v *View, before []int, o *AttentionOptions) *llm.Attention {
	if o == nil {
		return nil
	}
	layers := o.Layers
	if layers == [2]int{} {
		layers = m.decoder.MiddleLayers()
	}
	return &llm.Attention{Layers: layers, Positions: [2]int{len(before), len(before) + v.plan.ImageTokens}}
}

// choiceRows keeps, of choices that are scored one after the other, the rows of the best.
type choiceRows struct {
	looks *llm.Attention // nil if nobody asks
	first int            // rows of the prompt
	best  [][]float32
}

func newChoiceRows(looks *llm.Attention) *choiceRows {
	if looks == nil {
		return &choiceRows{}
	}
	return &choiceRows{looks: looks, first: len(looks.Rows)}
}

// scored says of the choice that has just been scored whether it is the best so far.
func (c *choiceRows) scored(best bool) {
	if c.looks == nil {
		return
	}
	if best {
		c.best = slices.Clone(c.looks.Rows[c.first:])
	}
	c.looks.Rows = c.looks.Rows[:c.first]
}

// finish leaves the rows of the best choice behind those of the prompt.
func (c *choiceRows) finish() {
	if c.looks != nil {
		c.looks.Rows = append(c.looks.Rows, c.best...)
	}
}

// attention is where an answer looked. It is nil, and a note says why, if the answer has not the word that it is asked of.
func (m *Model) attention(v *View, a *Answer, looks *llm.Attention, h Hooks) *Attention {
	e := m.encoder.Config()
	s := &spoken{keep: v.plan.TokensPerCrop, text: a.Text, ends: m.ends(a.Tokens), rows: looks.Rows, view: &gaze.Picture{
		Width: v.plan.Width, Height: v.plan.Height, Side: e.Side(), Covered: float64(e.Side()*e.PatchSize) / float64(e.ImageSize),
	}}
	for i, b := range v.plan.Boxes {
		s.view.Crops = append(s.view.Crops, gaze.Crop{Box: b, Map: v.maps[i]})
	}
	whole := s.look(s.rows)
	if h.Attention.Word == "" {
		return whole
	}
	of, err := whole.Of(h.Attention.Word)
	if err != nil {
		h.note(fmt.Sprintf("no attention: %v", err))
	}
	return of
}

// ends are the bytes of the text up to the end of each token. A token that ends within a character ends with it.
func (m *Model) ends(tokens []int) []int {
	d, n := m.tokenizer.NewDecoder(), 0
	ends := make([]int, len(tokens))
	begun := 0 // first token whose text is not out yet
	for i, id := range tokens {
		piece := d.Next(id)
		if i == len(tokens)-1 {
			piece += d.Flush()
		}
		if n += len(piece); piece != "" || i == len(tokens)-1 {
			for ; begun <= i; begun++ {
				ends[begun] = n
			}
		}
	}
	return ends
}

// Of is where one word of the answer looked, or some words that stand together, wherever they stand in it and in whatever case.
// The error says that the answer has no such word, or that it has been read from a record, which does not tell.
func (a *Attention) Of(word string) (*Attention, error) {
	if a.answer == nil {
		return nil, errors.New("a record does not tell where a word looked")
	}
	s := a.answer
	places := wordsIn(s.text, word)
	if len(places) == 0 {
		return nil, fmt.Errorf("the answer %q has no word %q", s.text, word)
	}
	var rows [][]float32
	start := 0
	for i, end := range s.ends {
		if i > 0 && s.ends[i-1] < end {
			start = s.ends[i-1]
		}
		if slices.ContainsFunc(places, func(p [2]int) bool { return start < p[1] && p[0] < end }) {
			rows = append(rows, s.rows[i])
		}
	}
	return s.look(rows), nil
}

// wordsIn are the places of a word in a text, from and to which byte, where no letter or digit goes on before or behind it.
func wordsIn(text, word string) (places [][2]int) {
	word = strings.TrimSpace(word)
	if word == "" || !utf8.ValidString(word) {
		return nil
	}
	within := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for _, p := range regexp.MustCompile("(?i)"+regexp.QuoteMeta(word)).FindAllStringIndex(text, -1) {
		first, _ := utf8.DecodeRuneInString(word)
		last, _ := utf8.DecodeLastRuneInString(word)
		before, _ := utf8.DecodeLastRuneInString(text[:p[0]])
		after, _ := utf8.DecodeRuneInString(text[p[1]:])
		if !(within(first) && within(before)) && !(within(last) && within(after)) {
			places = append(places, [2]int{p[0], p[1]})
		}
	}
	return places
}

// look is where some rows looked.
func (s *spoken) look(rows [][]float32) *Attention {
	a := &Attention{answer: s}
	p := *s.view
	p.Crops = slices.Clone(p.Crops)
	at := 0
	for i, k := range s.keep {
		sum := 0.0
		for _, row := range rows {
			for _, share := range row[at : at+k] {
				sum += float64(share)
			}
		}
		at += k
		sum /= float64(len(rows))
		a.ImageShare += sum
		p.Crops[i].Weight = sum / float64(k)
	}
	g := gaze.Look(p)
	a.Peak, a.Box, a.Overview, a.OverviewShare, a.Entropy, a.Heat = g.Peak, g.Box, g.Overview, g.OverviewShare, g.Entropy, g.Heat
	for i, c := range p.Crops {
		a.Crops = append(a.Crops, CropWeight{c.Box, g.Shares[i]})
	}
	return a
}

// atPlace is told of crops that, but for the overview, are all around one place: the answer looked there if they have the most of the
// attention together, where each of several may have less than the overview.
func (a *Attention) atPlace() {
	if a != nil && a.Overview && a.OverviewShare < 0.5 {
		a.Overview, a.Box = false, a.Heat.Box(a.Peak)
	}
}

// Ranked are the crops by their weight, the largest first.
func (a *Attention) Ranked() []CropWeight {
	return slices.SortedStableFunc(slices.Values(a.Crops), func(x, y CropWeight) int { return cmp.Compare(y.Weight, x.Weight) })
}

// attentionJSON is an Attention in JSON; corners are x0, y0, x1, y1.
type attentionJSON struct {
	Peak          [2]int           `json:"peak"`
	Box           *[4]int          `json:"box,omitempty"`
	Overview      bool             `json:"overview"`
	ImageShare    float64          `json:"image_share"`
	OverviewShare float64          `json:"overview_share"`
	Entropy       float64          `json:"entropy"`
	Crops         []cropWeightJSON `json:"crops"`
}

type cropWeightJSON struct {
	Box    [4]int  `json:"box"`
	Weight float64 `json:"weight"`
}

func corners(r image.Rectangle) [4]int { return [4]int{r.Min.X, r.Min.Y, r.Max.X, r.Max.Y} }

// MarshalJSON leaves out the box where there is none, and the heat.
func (a *Attention) MarshalJSON() ([]byte, error) {
	j := attentionJSON{
		Peak: [2]int{a.Peak.X, a.Peak.Y}, Overview: a.Overview, ImageShare: a.ImageShare, OverviewShare: a.OverviewShare,
		Entropy: a.Entropy, Crops: []cropWeightJSON{},
	}
	if !a.Box.Empty() {
		box := corners(a.Box)
		j.Box = &box
	}
	for _, c := range a.Crops {
		j.Crops = append(j.Crops, cropWeightJSON{corners(c.Box), c.Weight})
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (a *Attention) UnmarshalJSON(text []byte) error {
	var j attentionJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	rectangle := func(c [4]int) image.Rectangle { return image.Rect(c[0], c[1], c[2], c[3]) }
	*a = Attention{
		Peak: image.Pt(j.Peak[0], j.Peak[1]), Overview: j.Overview, ImageShare: j.ImageShare, OverviewShare: j.OverviewShare, Entropy: j.Entropy,
	}
	if j.Box != nil {
		a.Box = rectangle(*j.Box)
	}
	for _, c := range j.Crops {
		a.Crops = append(a.Crops, CropWeight{rectangle(c.Box), c.Weight})
	}
	return nil
}
