package draw

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// recorded is what the programs of the training say of a picture that they drew.
type recorded struct {
	Size    [2]int
	Side    int
	Boxes   [][4]int
	Legible *bool
	Sign    *struct {
		Text, Shop string
		Caps       float64
		Box        [4]int
		Letters    [][3]any
	}
	Things []struct {
		Kind, Colour string
		X, Y, Size   float64
		Visible      *bool
		Place        string
	}
	Street  *Street
	Answers [][4]string // kind, what the question names, answer
}

func (r recorded) picture() (*Picture, []image.Rectangle) {
	p := &Picture{canvas: Canvas{&image.RGBA{Rect: image.Rect(0, 0, r.Size[0], r.Size[1])}}, Street: r.Street}
	box := func(b [4]int) image.Rectangle { return image.Rect(b[0], b[1], b[2], b[3]) }
	if s := r.Sign; s != nil {
		sign := Sign{Text: s.Text, Shop: s.Shop, Caps: s.Caps, Box: box(s.Box)}
		for _, l := range s.Letters {
			sign.Letters = append(sign.Letters, Letter{l[0].(float64), l[1].(float64), []rune(l[2].(string))[0]})
		}
		p.Signs = []Sign{sign}
	}
	for _, t := range r.Things {
		p.Things = append(p.Things, Thing{Kind: t.Kind, Colour: t.Colour, X: t.X, Y: t.Y, Size: t.Size})
	}
	var boxes []image.Rectangle
	for _, b := range r.Boxes {
		boxes = append(boxes, box(b))
	}
	return p, boxes
}

func verdict(v *bool) Verdict {
	switch {
	case v == nil:
		return Unclear
	case *v:
		return Yes
	}
	return No
}

func recordings(t *testing.T) (all []recorded) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "truth.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(z); ; {
		var r recorded
		if err := d.Decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if len(all) < 200 {
		t.Fatalf("%d recordings, expected at least 200", len(all))
	}
	return all
}

func TestTruthIsThatOfTraining(t *testing.T) {
	verdicts, kinds := map[Verdict]int{}, map[string]int{}
	for i, r := range recordings(t) {
		p, boxes := r.picture()
		var sign *Sign
		if len(p.Signs) > 0 {
			sign = &p.Signs[0]
		}
		got := Legible(sign, boxes, r.Side)
		if want := verdict(r.Legible); got != want {
			t.Errorf("picture %d: legible %v, expected %v", i, got, want)
		}
		verdicts[got]++
		for k, thing := range r.Things {
			if got, want := Visible(p.Things[k], boxes, r.Side), verdict(thing.Visible); got != want {
				t.Errorf("picture %d: %s visible %v, expected %v", i, thing.Kind, got, want)
			}
			if got := Place(thing.X/float64(r.Size[0]), thing.Y/float64(r.Size[1])); got != thing.Place {
				t.Errorf("picture %d: %s %q, expected %q", i, thing.Kind, got, thing.Place)
			}
		}
		var answers [][4]string
		for _, a := range Answers(p, boxes, r.Side) {
			answers = append(answers, [4]string{a.Kind, a.A, a.B, a.Answer})
			kinds[a.Kind]++
			if a.Question == "" || !slices.Contains(a.Wordings(), a.Question) {
				t.Errorf("picture %d: question %q is not one of %q", i, a.Question, a.Wordings())
			}
		}
		order := func(a, b [4]string) int { return slices.Compare(a[:], b[:]) }
		slices.SortFunc(answers, order)
		slices.SortFunc(r.Answers, order)
		if !slices.Equal(answers, r.Answers) {
			t.Errorf("picture %d: answers %q, expected %q", i, answers, r.Answers)
		}
	}
	for _, v := range []Verdict{Yes, No, Unclear} {
		if verdicts[v] < 10 {
			t.Errorf("%d signs are legible: %v; too few to tell", verdicts[v], v)
		}
	}
	for _, kind := range QuestionKinds() {
		if kinds[kind] < 10 {
			t.Errorf("%d questions of kind %s, too few to tell", kinds[kind], kind)
		}
	}
}

func TestWordsAreThoseOfTraining(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "words.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Questions, Shops         map[string][]string
		Phrases, Things, Colours []string
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(Kinds(), want.Things) || !slices.Equal(Colours(), want.Colours) || !slices.Equal(phrases, want.Phrases) {
		t.Errorf("%q, %q, %q differ from %+v", Kinds(), Colours(), phrases, want)
	}
	if len(QuestionKinds()) != len(want.Questions) || len(Shops()) != len(want.Shops) {
		t.Errorf("%d kinds and %d shops, expected %d and %d", len(QuestionKinds()), len(Shops()), len(want.Questions), len(want.Shops))
	}
	for _, kind := range QuestionKinds() {
		if got := (Answer{Kind: kind, A: "{a}", B: "{b}"}).Wordings(); !slices.Equal(got, want.Questions[kind]) {
			t.Errorf("%s is asked by %q, expected %q", kind, got, want.Questions[kind])
		}
	}
	for name, wordings := range want.Shops {
		for _, w := range wordings {
			if got := ShopOf("rowan " + w); got != name {
				t.Errorf("%q tells %q, expected %q", w, got, name)
			}
		}
	}
	for _, text := range append(slices.Clone(phrases), words...) {
		if got := ShopOf(text); got != "" {
			t.Errorf("%q tells %q, expected no shop", text, got)
		}
	}
}
