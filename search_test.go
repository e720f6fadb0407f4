package mcllava

import (
	"encoding/json"
	"flag"
	"image"
	"reflect"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/demo/draw"
	"github.com/mcllava/mcllava/internal/gaze"
)

func searchKnobs() Knobs {
	k := DefaultKnobs()
	k.Search = true
	return k
}

func searched(t *testing.T, s *Searcher, question string, k Knobs) *Answer {
	t.Helper()
	a, err := s.Ask(t.Context(), question, k, Hooks{})
	if err != nil || a.Found == nil {
		t.Fatalf("%v, %v", a, err)
	}
	f := a.Found
	if f.Answers != len(f.Steps) || f.Crops != a.Crops || f.Crops > max(DefaultSearchCrops, k.SearchCrops) && k.SearchCrops == 0 {
		t.Errorf("%+v of an answer about %d crops", f, a.Crops)
	}
	return a
}

var searchScenes = flag.Int("search", 0, "compare searching with looking at 100 crops, on so many drawn streets")

// TestSearchAccuracy measures how often a search and 100 crops are right: on the streets that searching was made on, and on others.
func TestSearchAccuracy(t *testing.T) {
	if *searchScenes == 0 {
		t.Skip("-search N measures")
	}
	m := open(t, Demo)
	for _, first := range []uint64{5000, 15000} {
		measureSearch(t, m, first)
	}
}

func measureSearch(t *testing.T, m *Model, first uint64) {
	t.Helper()
	var right, plain, crops, answers, flipped int
	stops := map[Stop]int{}
	for i := range uint64(*searchScenes) {
		s, err := draw.NewScene(first + i)
		if err != nil {
			t.Fatal(err)
		}
		p, q := scenePicture(t, s), draw.SceneQuestions(s)[0]
		_, at100 := gazeAt(t, m, p, DefaultKnobs(), q.Question, AttentionOptions{})
		a := searched(t, m.NewSearcher(p), q.Question, searchKnobs())
		crops += a.Found.Crops
		answers += a.Found.Answers
		stops[a.Found.Stop]++
		if at100.Text == q.Answer {
			plain++
		}
		if a.Text == q.Answer {
			right++
		} else if at100.Text == q.Answer {
			flipped++
			t.Logf("street %d: %q, expected %q: %+v", first+i, a.Text, q.Answer, a.Found)
		}
	}
	n := float64(*searchScenes)
	t.Logf("streets from %d: searching: %.1f %% right with %.1f crops and %.1f answers, %v; 100 crops: %.1f %%; right to wrong %.1f %%",
		first, 100*float64(right)/n, float64(crops)/n, float64(answers)/n, stops, 100*float64(plain)/n, 100*float64(flipped)/n)
}

// TestSearchEncodesOnce counts the crops that are encoded: of a question, of the next about the same picture, and in a later run.
func TestSearchEncodesOnce(t *testing.T) {
	o := CacheOptions{Folder: t.TempDir(), Limit: 1 << 30}
	first := newSight(t, o)
	s := first.NewSearcher(first.picture)
	a := searched(t, s, whatShop, searchKnobs())
	if !strings.Contains(a.Text, "yoga") || a.Found.Stop != StopSure || a.Encoded != a.Found.Crops || a.Found.Crops > DefaultSearchCrops || a.Attention != nil {
		t.Errorf("%q with %d crops encoded of %d: %+v", a.Text, a.Encoded, a.Found.Crops, a.Found)
	}
	if again := searched(t, s, whatShop, searchKnobs()); again.Encoded != 0 || again.Text != a.Text || again.Seconds.Encode != 0 {
		t.Errorf("the same question again: %d crops encoded in %v s, %q", again.Encoded, again.Seconds.Encode, again.Text)
	}
	if day := searched(t, s, "is it day or night?", searchKnobs()); day.Text != "It is day." || day.Encoded != 0 || day.Found.Answers != 1 {
		t.Errorf("%q, %+v", day.Text, day.Found)
	}
	later := newSight(t, o)
	if b := searched(t, later.NewSearcher(later.picture), whatShop, searchKnobs()); b.Encoded != 0 || b.Text != a.Text {
		t.Errorf("in a later run: %d crops encoded, %q", b.Encoded, b.Text)
	}
}

// TestSearchOfStreets reads the signs of drawn streets, and finds none where there is none.
func TestSearchOfStreets(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes many crops")
	}
	m := open(t, Demo)
	for seed := range uint64(4) {
		s, err := draw.NewScene(3000 + seed)
		if err != nil {
			t.Fatal(err)
		}
		q := draw.SceneQuestions(s)[0]
		if a := searched(t, m.NewSearcher(scenePicture(t, s)), q.Question, searchKnobs()); a.Text != q.Answer {
			t.Errorf("street %d: %q, expected %q: %+v", seed, a.Text, q.Answer, a.Found)
		}
		bare, err := draw.New(seed, draw.Options{Width: 2400, Height: 1600, Ground: draw.StreetGround, Signs: []draw.SignOptions{}})
		if err != nil {
			t.Fatal(err)
		}
		if a := searched(t, m.NewSearcher(scenePicture(t, bare)), whatShop, searchKnobs()); a.Found.Stop == StopSure && strings.Contains(a.Text, "shop") {
			t.Errorf("street %d without a sign: %q, %+v", seed, a.Text, a.Found)
		}
	}
}

// TestSearchSaysWhereItFound has an answer of a closer step say where it looked, and one about the whole picture that it looked at that.
func TestSearchSaysWhereItFound(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes many crops")
	}
	m := open(t, Demo)
	closer := 0
	for seed := range uint64(4) {
		s, err := draw.NewScene(3000 + seed)
		if err != nil {
			t.Fatal(err)
		}
		searcher, h := m.NewSearcher(scenePicture(t, s)), Hooks{Attention: &AttentionOptions{}}
		q := draw.SceneQuestions(s)[0]
		a, err := searcher.Ask(t.Context(), q.Question, searchKnobs(), h)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Found.Steps) > 1 && a.Text == q.Answer {
			closer++
			if at := a.Attention; at.Overview || !at.Box.Overlaps(s.Signs[0].Box) || !at.Peak.In(at.Box) {
				t.Errorf("street %d: overview %v, box %v, peak %v, where the sign is at %v", seed, at.Overview, at.Box, at.Peak, s.Signs[0].Box)
			}
		}
		day, err := searcher.Ask(t.Context(), "is it day or night?", searchKnobs(), h)
		if err != nil {
			t.Fatal(err)
		}
		if at := day.Attention; len(day.Found.Steps) == 1 && at.Overview != at.Box.Empty() {
			t.Errorf("street %d: overview %v, box %v", seed, at.Overview, at.Box)
		}
	}
	if closer == 0 {
		t.Error("no search went closer")
	}
}

// TestAtPlace has crops of one place together, and then the overview, with the most of the attention.
func TestAtPlace(t *testing.T) {
	for share, want := range map[float64]bool{0.3: false, 0.49: false, 0.51: true, 0.9: true} {
		p := gaze.Picture{Width: 400, Height: 300, Side: 2, Covered: 1, Crops: []gaze.Crop{{Box: image.Rect(0, 0, 400, 300), Weight: share, Map: []float32{1, 0, 0, 0}}}}
		for x := range 5 {
			p.Crops = append(p.Crops, gaze.Crop{Box: image.Rect(100+x, 100, 180+x, 180), Weight: (1 - share) / 5, Map: []float32{0.1, 0.1, 0.1, 0.7}})
		}
		g := gaze.Look(p)
		a := &Attention{Peak: g.Peak, Box: g.Box, Overview: g.Overview, OverviewShare: g.OverviewShare, Heat: g.Heat}
		if !a.Overview {
			t.Fatalf("with a share of %v the overview is not first", share)
		}
		if a.atPlace(); a.Overview != want || a.Box.Empty() != want || !want && !a.Box.Overlaps(image.Rect(140, 140, 184, 180)) {
			t.Errorf("with a share of %v: overview %v, box %v", share, a.Overview, a.Box)
		}
	}
	(*Attention)(nil).atPlace()
}

// TestSearchOfAnyPicture searches pictures that cannot be cut, or are extreme, and ends.
func TestSearchOfAnyPicture(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes many crops")
	}
	m := open(t, Demo)
	for _, c := range []struct {
		size image.Point
		stop Stop
	}{{image.Pt(40, 30), StopPlain}, {image.Pt(8, 8), StopPlain}, {image.Pt(4000, 400), ""}, {image.Pt(400, 3000), ""}, {image.Pt(20, 4000), ""}} {
		p, err := OpenPicture(encoded(t, image.NewRGBA(image.Rectangle{Max: c.size})))
		if err != nil {
			t.Fatal(err)
		}
		k := searchKnobs()
		k.MaxNewTokens, k.SearchCrops = 8, 100
		a := searched(t, m.NewSearcher(p), whatShop, k)
		if f := a.Found; f.Stop == "" || c.stop != "" && f.Stop != c.stop {
			t.Errorf("%v: %+v", c.size, f)
		}
		text, err := json.Marshal(a.Found)
		var read Found
		if err == nil {
			err = json.Unmarshal(text, &read)
		}
		if err != nil || !reflect.DeepEqual(read, *a.Found) && len(read.Steps[0].Boxes)+len(a.Found.Steps[0].Boxes) > 0 {
			t.Errorf("%s is read as %+v, %v", text, read, err)
		}
	}
}

// TestSearchKnobs has few crops, a low and a high bar for being sure, a region, choices, and phrases of its own.
func TestSearchKnobs(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes many crops")
	}
	s := newSight(t, CacheOptions{})
	with := func(change func(*Knobs)) *Answer {
		k := searchKnobs()
		change(&k)
		return searched(t, s.NewSearcher(s.picture), whatShop, k)
	}
	if a := with(func(k *Knobs) { k.Sure = 0.01 }); a.Found.Answers > 2 || a.Found.Stop != StopSure {
		t.Errorf("sure of anything: %+v", a.Found)
	}
	if a := with(func(k *Knobs) { k.Sure = 1 }); a.Found.Stop == StopSure || a.Found.Crops > DefaultSearchCrops || !strings.Contains(a.Text, "yoga") {
		t.Errorf("never sure: %q, %+v", a.Text, a.Found)
	}
	for _, n := range []int{2, 5, 12, 20} {
		if a := with(func(k *Knobs) { k.SearchCrops = n }); a.Found.Crops > n || len(a.Found.Steps[0].Boxes) == 0 && n > 5 {
			t.Errorf("of %d crops: %+v", n, a.Found)
		}
	}
	if a := with(func(k *Knobs) { k.SearchCrops = 1 }); a.Found.Stop != StopPlain || a.Found.Answers != 1 || a.Found.Crops != 1 {
		t.Errorf("with no crop to spare: %+v", a.Found)
	}
	if a := with(func(k *Knobs) { k.Abstentions = []string{"YOGA"} }); a.Found.Stop == StopSure && strings.Contains(a.Text, "yoga") {
		t.Errorf("yoga is no answer: %q, %+v", a.Text, a.Found)
	}
	choices := []string{"It is a bakery.", "It is a yoga studio."}
	if a := with(func(k *Knobs) { k.Choices = choices }); a.Text != choices[1] {
		t.Errorf("of %q it chooses %q", choices, a.Text)
	}
	region := image.Rect(1000, 400, 2000, 1200)
	a := with(func(k *Knobs) { k.Region = RegionOf(region) })
	for _, step := range a.Found.Steps {
		for _, b := range step.Boxes {
			if !b.In(region) {
				t.Errorf("%v was looked at, expected only what is in %v", b, region)
			}
		}
	}
	for _, k := range []SearchKnobs{{SearchCrops: -1}, {Coarse: -1}, {Sure: 1.1}, {Sure: -0.1}} {
		bad := DefaultKnobs()
		bad.SearchKnobs = k
		if _, err := s.NewSearcher(s.picture).Ask(t.Context(), whatShop, bad, Hooks{}); err == nil || !strings.Contains(err.Error(), "expected") {
			t.Errorf("%+v: %v", k, err)
		}
	}
}

// TestSearchPlanOfALargePicture begins with more crops where a coarse one would show nothing, unless it is told how many.
func TestSearchPlanOfALargePicture(t *testing.T) {
	m := open(t, Demo)
	p := pictureOf(t, image.NewRGBA(image.Rect(0, 0, 4000, 3000)))
	for _, c := range []struct {
		knobs       SearchKnobs
		least, most int // crops besides the overview
	}{
		{SearchKnobs{}, 40, 100},
		{SearchKnobs{Coarse: 16}, 9, 16},
		{SearchKnobs{Coarse: 4, SearchCrops: 24}, 1, 4},
		{SearchKnobs{SearchCrops: 24}, 16, 23},
		{SearchKnobs{Coarse: 50, SearchCrops: 24}, 16, 23},
	} {
		plan, err := m.SearchPlan(p, Knobs{SearchKnobs: c.knobs})
		if n := len(plan.Boxes) - 1; err != nil || n < c.least || n > c.most {
			t.Errorf("%+v: begins with %d crops, expected %d to %d; %v", c.knobs, n, c.least, c.most, err)
		}
	}
}
