package report

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/records"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 5e-5 }

// TestIntervals compares with values that were computed by the formulas of Wilson (1927) and of Agresti and Min (2005) by hand.
func TestIntervals(t *testing.T) {
	for _, c := range []struct {
		got             Mean
		mean, low, high float64
		n               int
	}{
		{meanScore([]float64{1, 1, 1, 1, 1, 1, 1, 1, 0, 0}), 0.8, 0.4902, 0.9433, 10},
		{meanScore([]float64{0, 0, 0, 0}), 0, 0, 0.4899, 4},
		{meanScore([]float64{1}), 1, 0.2065, 1, 1},
		{meanScore([]float64{0.25}), 0.25, 0, 1, 1},
		{meanDifference([]float64{0.5}), 0.5, -1, 1, 1},
		{meanScore([]float64{0.25, 0.5, 0.75}), 0.5, 0.2171, 0.7829, 3},
		{meanDifference([]float64{1, 1, 0, 0, 0, 0, 0, 0}), 0.25, -0.1160, 0.5160, 8},
		{meanDifference([]float64{0, 0}), 0, -0.4900, 0.4900, 2},
		{meanDifference([]float64{0.5, -0.5, 0}), 0, -0.5658, 0.5658, 3},
	} {
		if g := c.got; !near(g.Mean, c.mean) || !near(g.Low, c.low) || !near(g.High, c.high) || g.N != c.n {
			t.Errorf("%+v, want %v between %v and %v of %d", g, c.mean, c.low, c.high, c.n)
		}
	}
}

// TestFailedItemsCount has the score of an evaluation count what failed as nothing, and that of other runs leave it out.
func TestFailedItemsCount(t *testing.T) {
	for dataset, want := range map[string]Mean{"vstar test": {Mean: 0.5, N: 4}, "": {Mean: 2. / 3, N: 3}} {
		path := filepath.Join(t.TempDir(), "a.jsonl")
		more := func(score float64) map[string]any {
			fields := map[string]any{"score": score}
			if dataset != "" {
				fields["dataset"] = dataset
			}
			return fields
		}
		writeRun(t, path, answer(0, "a.png", "", "q0", "x", 0.9, 10, 100).with(more(1)), failure(1, "b.png", "q1", "is broken"),
			answer(2, "c.png", "", "q2", "x", 0.9, 10, 100).with(more(1)), answer(3, "d.png", "", "q3", "x", 0.9, 10, 100).with(more(0)))
		runs, err := ReadAll(context.Background(), []string{path})
		if err != nil {
			t.Fatal(err)
		}
		n := Count(runs)
		if s := n.Series[0]; s.Score == nil || !near(s.Score.Mean, want.Mean) || s.Score.N != want.N || s.Failed != 1 {
			t.Errorf("%q: %+v with %+v, want %v of %d", dataset, s, s.Score, want.Mean, want.N)
		}
	}
}

// TestNumbers compares the numbers with the records of twoRuns.
func TestNumbers(t *testing.T) {
	folder := t.TempDir()
	a, b := twoRuns(t, folder)
	runs, err := ReadAll(context.Background(), []string{a, b})
	if err != nil {
		t.Fatal(err)
	}
	n := Count(runs)
	if n.Items != 7 || len(n.Series) != 2 || len(n.Pairs) != 1 {
		t.Fatalf("%d items, %d runs, %d pairs", n.Items, len(n.Series), len(n.Pairs))
	}
	one, two := n.Series[0], n.Series[1]
	switch {
	case one.Name != "a.jsonl" || one.MaxCrops != 10 || one.NumTokens != 100 || two.MaxCrops != 20:
		t.Errorf("the runs are %+v and %+v", one, two)
	case one.Records != 7 || one.Answered != 5 || one.Failed != 2 || one.Unsure != 2:
		t.Errorf("a: %+v", one)
	case one.Score.N != 5 || !near(one.Score.Mean, 0.45) || two.Score.N != 4 || !near(two.Score.Mean, 0.5625):
		t.Errorf("scores %+v and %+v", *one.Score, *two.Score)
	case !near(*one.Confidence, 0.7) || !near(one.Seconds, 5+10.0/4) || !near(one.Median, 1.5):
		t.Errorf("confidence %v, seconds %v, %v", *one.Confidence, one.Seconds, one.Median)
	case len(one.Categories) != 2 || one.Categories[1].Name != "signs" || one.Categories[1].N != 3 || !near(one.Categories[1].Mean.Mean, 1.25/3):
		t.Errorf("categories %+v", one.Categories)
	}
	p := n.Pairs[0]
	if p.Both != 5 || p.Changed != 5 || p.Gained != 1 || p.Lost != 1 || p.Difference.N != 4 || p.Difference.Mean != 0 {
		t.Errorf("pair %+v, %+v", p, p.Difference)
	}
}

// TestOrder has what is sure and wrong first, then the failures.
func TestOrder(t *testing.T) {
	folder := t.TempDir()
	a, b := twoRuns(t, folder)
	runs, err := ReadAll(context.Background(), []string{a, b})
	if err != nil {
		t.Fatal(err)
	}
	var places []int
	for _, i := range arrange(runs).items {
		places = append(places, i.place)
	}
	if want := []int{4, 2, 1, 5, 6, 0, 3}; !slices.Equal(places, want) {
		t.Errorf("%v, want %v", places, want)
	}
}

// TestPairs pairs items by name, and by content where the name differs, and keeps doubles apart.
func TestPairs(t *testing.T) {
	folder := t.TempDir()
	a, b := filepath.Join(folder, "a.jsonl"), filepath.Join(folder, "b.jsonl")
	writeRun(t, a, answer(0, "x.png", "11", "q", "one", 0.9, 1, 1), answer(1, "x.png", "11", "q", "two", 0.9, 1, 1), answer(2, "y.png", "22", "q", "three", 0.9, 1, 1), failure(3, "z.png", "q", "no"))
	writeRun(t, b, answer(0, "else/y.png", "22", "q", "four", 0.9, 2, 1), answer(1, "x.png", "11", "q", "five", 0.9, 2, 1), answer(2, "z.png", "33", "q", "six", 0.9, 2, 1), answer(3, "new.png", "44", "q", "seven", 0.9, 2, 1))
	runs, err := ReadAll(context.Background(), []string{a, b})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range arrange(runs).items {
		var texts []string
		for _, e := range i.entries {
			if e == nil {
				texts = append(texts, "-")
			} else {
				texts = append(texts, e.said())
			}
		}
		got = append(got, strings.Join(texts, " "))
	}
	slices.Sort(got)
	if want := []string{"- seven", "no six", "one five", "three four", "two -"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestSeries splits an output whose records have several knobs, and has a failure give way to an answer.
func TestSeries(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "grid.jsonl")
	writeRun(t, path, failure(0, "x.png", "q", "no"), answer(0, "x.png", "11", "q", "one", 0.9, 10, 100), answer(0, "x.png", "11", "q", "two", 0.8, 20, 100), answer(0, "x.png", "11", "q", "three", 0.7, 20, 200))
	runs, err := ReadAll(context.Background(), []string{path})
	if err != nil {
		t.Fatal(err)
	}
	r := arrange(runs)
	r.count()
	if n := r.numbers; n.Items != 1 || len(n.Series) != 3 || len(n.Pairs) != 3 || n.Series[0].Failed != 0 || n.Series[2].Name != "grid.jsonl, 20 crops, 200 tokens" {
		t.Errorf("%+v", n)
	}
	g := r.grid()
	if g == nil || !slices.Equal(g.Columns, []int{100, 200}) || len(g.Rows) != 2 || g.Rows[0].Cells[0][0].Value != "90.0\u00a0%" || g.Rows[1].Cells[1][0].Value != "70.0\u00a0%" || g.Rows[0].Cells[1] != nil {
		t.Errorf("the grid is %+v", g)
	}
}

// TestReadErrors has errors name the file, the line and the field.
func TestReadErrors(t *testing.T) {
	folder := t.TempDir()
	good := answer(0, "x.png", "11", "q", "one", 0.9, 10, 100)
	for name, c := range map[string]struct {
		pairs []pair
		want  string
	}{
		"score":    {[]pair{good, answer(1, "x.png", "11", "p", "one", 0.9, 10, 100).with(map[string]any{"score": 7})}, "line 2: score is 7, expected a number from 0 to 1"},
		"words":    {[]pair{answer(1, "x.png", "11", "p", "one", 0.9, 10, 100).with(map[string]any{"score": "high"})}, `line 1 is no record: score: found a string, expected a number`},
		"expected": {[]pair{answer(1, "x.png", "11", "p", "one", 0.9, 10, 100).with(map[string]any{"expected": map[string]any{"a": 1}})}, `line 1 is no record: expected: found an object, expected a string`},
		"empty":    {nil, "has no record"},
	} {
		path := filepath.Join(folder, name)
		writeRun(t, path, c.pairs...)
		if _, err := Read(path); err == nil || err.Error() != path+": "+c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	for name, text := range map[string]string{"notes.txt": "hello\n", "torn.jsonl": `{"image":"a.png","ques`} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.HasPrefix(err.Error(), path+": ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCSV reads what ask writes as CSV.
func TestCSV(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.csv")
	p := answer(0, "x.png", "11", "a, \"b\"", "one", 0.9, 10, 100)
	f, err := records.Create(context.Background(), path, records.CSV, records.CreateOptions{Settings: []records.Settings{{Knobs: p.Knobs, Precision: p.Precision, Checkpoint: p.Checkpoint, Model: p.Model}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Write(p.Record); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if e := r.entries[0]; e.Question != `a, "b"` || e.MaxCrops != 10 || string(e.fields["max_crops"]) != "10" {
		t.Errorf("%+v", e.Record)
	}
}

// TestPictures looks at what the page has of pictures: small and large ones that decode, upright, and reasons in the place of others.
func TestPictures(t *testing.T) {
	folder := t.TempDir()
	turned, err := filepath.Abs(filepath.Join("..", "..", "testdata", "cases", "orientation-outside-exif-chunk"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(turned, "*.png"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no picture in %s, %v", turned, err)
	}
	wide := writePicture(t, filepath.Join(folder, "wide.png"), 2000, 500)
	writePicture(t, filepath.Join(folder, "changed.png"), 10, 10)
	if err := os.WriteFile(filepath.Join(folder, "broken.png"), []byte("\x89PNG\r\n\x1a\nnot one"), 0o644); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(folder, "run.jsonl")
	writeRun(t, run, answer(0, "wide.png", wide, "q", "a", 0.9, 10, 100), answer(1, "wide.png", wide, "p", "a", 0.9, 10, 100), answer(2, "changed.png", wide, "q", "a", 0.9, 10, 100), failure(3, "broken.png", "q", "no"),
		failure(4, "gone.png", "q", "no"), failure(5, "-", "q", "no"), failure(6, "https://example.org/a.png", "q", "no"), failure(7, "", "", "no"), failure(8, folder, "q", "no"), failure(9, files[0], "q", "no"))
	runs, err := ReadAll(context.Background(), []string{run})
	if err != nil {
		t.Fatal(err)
	}
	r := arrange(runs)
	r.count()
	shown, err := r.look(context.Background(), Options{MaxBytes: DefaultBytes}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	notes := map[string]string{}
	for _, p := range shown {
		notes[p.name] = p.note
		if p.note != "" {
			continue
		}
		for side, text := range map[int][]byte{smallSides[0]: p.small, largeSide: p.large} {
			img, err := jpeg.Decode(bytes.NewReader(text))
			if err != nil {
				t.Fatalf("%s: %v", p.name, err)
			}
			if got := img.Bounds().Size(); max(got.X, got.Y) != min(side, max(p.width, p.height)) || (p.width > p.height) != (got.X > got.Y) {
				t.Errorf("%s of %d×%d pixels is %v", p.name, p.width, p.height, got)
			}
			if r, g, b, _ := img.At(img.Bounds().Dx()/4, img.Bounds().Dy()/2).RGBA(); p.name == "wide.png" && (r>>8 < 200 || g>>8 > 60 || b>>8 > 60) {
				t.Errorf("%s is %d %d %d on the left", p.name, r>>8, g>>8, b>>8)
			}
		}
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	upright, err := mcllava.OpenPicture(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range shown {
		if p.name == files[0] && (p.width != upright.Width || p.height != upright.Height) {
			t.Errorf("%s is %d×%d, want %d×%d", p.name, p.width, p.height, upright.Width, upright.Height)
		}
	}
	for name, want := range map[string]string{
		"wide.png": "", files[0]: "", "changed.png": "not the picture any more", "broken.png": "", "gone.png": "not there", "-": "standard input", "https://example.org/a.png": "URL", "": "broken", folder: "no regular file",
	} {
		if got, ok := notes[name]; !ok || !strings.Contains(got, want) || (got == "") != (want == "" && name != "broken.png") {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestBudget has a page within its bytes: with less room there are fewer large pictures, then smaller small ones, then none, and always
// every text.
func TestBudget(t *testing.T) {
	folder := t.TempDir()
	var pairs []pair
	for i := range 12 {
		name := fmt.Sprintf("%d.png", i)
		pairs = append(pairs, answer(i, name, writePicture(t, filepath.Join(folder, name), 800, 600), "question "+name, "a", 0.9, 10, 100))
	}
	run := filepath.Join(folder, "run.jsonl")
	writeRun(t, run, pairs...)
	var before Summary
	for i, most := range []int{30_000_000, 600_000, 105_000, 70_000} {
		path, summary := makePage(t, folder, Options{MaxBytes: most}, run)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > most || strings.Count(string(text), "question ") < 12 {
			t.Errorf("%d bytes of %d", len(text), most)
		}
		switch {
		case i == 0 && (summary.Large != 12 || summary.LeftOut != 0), i == 1 && (summary.Large == 0 || summary.Large == 12), i == 2 && summary.Large > 0, i == 3 && summary.LeftOut != 12:
			t.Errorf("with %d bytes: %+v", most, summary)
		case i == 3 && !bytes.Contains(text, []byte("no room for the picture")):
			t.Error("nothing is said of pictures that have no room")
		case i > 0 && (summary.Large > before.Large || summary.LeftOut < before.LeftOut):
			t.Errorf("with fewer bytes there is more: %+v, %+v", before, summary)
		}
		before = summary
	}
	path, summary := makePage(t, folder, Options{Link: true}, run)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if summary.Large != 12 || !bytes.Contains(text, []byte(`"k":"./0.png"`)) || !bytes.Contains(text, []byte("img-src data: file:")) || len(text) > 300_000 {
		t.Errorf("linked: %+v, %d bytes", summary, len(text))
	}
}

func TestLink(t *testing.T) {
	folder := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(folder, "a b#?%.png"):         "./a%20b%23%3F%25.png",
		filepath.Join(folder, "javascript:x"):       "./javascript:x",
		filepath.Join(folder, "..", "other", "é\""): "./../other/%C3%A9%22",
	} {
		if got := link(folder, path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// TestCommand runs the command that asks again through a shell, which must see every word as it is.
func TestCommand(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	for i, text := range hostile {
		p := answer(0, "-"+strings.ReplaceAll(text, "\x00", "")+" it's \xff\\.png", "11", strings.ReplaceAll(text, "\x00", "")+" $HOME `id` \\ ! 'x'", "a", 0.9, 7, 100)
		p.Choices = []string{"a,b", `say "c"`, "d"}
		e := entry{Record: p.Record}
		out, err := exec.Command(bash, "-c", strings.Replace(e.command(), "mcllava ", `printf '%s\0' `, 1)).Output()
		if err != nil {
			t.Fatalf("%s: %v", e.command(), err)
		}
		words := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		line, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(words[5], "--choices="))).Read()
		if err != nil || !slices.Equal(line, p.Choices) {
			t.Errorf("%d: choices %q, %v", i, line, err)
		}
		want := []string{"ask", "--model=demo", "--precision=q8", "--max-crops=7", "--num-tokens=100", words[5], "--logprobs=true", "--question=" + p.Question, "--json", "./" + p.Image}
		if !slices.Equal(words, want) {
			t.Errorf("%d: %q, want %q", i, words, want)
		}
	}
	plain := entry{Record: answer(0, "a.png", "11", "what?", "a", 0.9, 100, 0).Record}
	plain.Knobs.LogProbs = false
	if got, want := plain.command(), "mcllava ask --model=demo --precision=q8 '--question=what?' --json a.png"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestData reads the records out of the page again, with numbers that no float64 has.
func TestData(t *testing.T) {
	folder := t.TempDir()
	a, _ := twoRuns(t, folder)
	large := answer(9, "x.png", "11", "q", "one", 0.9, 10, 100)
	large.Seed = 1<<63 + 1
	odd := filepath.Join(folder, "odd.jsonl")
	writeRun(t, odd, large)
	page, _ := makePage(t, folder, Options{}, a, odd)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), `<script type="application/json" id="data">`)
	rest, _, _ = strings.Cut(rest, "</script>")
	var d pageData
	if err := json.Unmarshal([]byte(rest), &d); err != nil {
		t.Fatal(err)
	}
	lines, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for n, line := range strings.Split(strings.TrimSpace(string(lines)), "\n") {
		var want map[string]any
		if err := json.Unmarshal([]byte(line), &want); err != nil {
			t.Fatal(err)
		}
		for _, i := range d.Items {
			if i.Place != n || i.Entries[0] == nil {
				continue
			}
			found++
			got := map[string]any{}
			for _, key := range d.Series[0].Keys {
				value, ok := i.Entries[0].Record[key]
				if !ok && i.Entries[0].Status != statusFailed {
					value, ok = d.Series[0].Common[key]
				}
				if ok {
					var v any
					if err := json.Unmarshal(value, &v); err != nil {
						t.Fatal(err)
					}
					got[key] = v
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("record %d is %v, want %v", n, got, want)
			}
		}
	}
	if found != 7 || !strings.Contains(rest, `\"seed\":9223372036854775809`) {
		t.Errorf("%d records; the seed is lost: %v", found, !strings.Contains(rest, `\"seed\":9223372036854775809`))
	}
}

// TestWholeOrNothing has a page in the place of nothing but a page, and what was there before if it is not finished.
func TestWholeOrNothing(t *testing.T) {
	folder := t.TempDir()
	a, _ := twoRuns(t, folder)
	runs, err := ReadAll(context.Background(), []string{a})
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	for _, overwrite := range []bool{false, true} {
		if _, err := WriteFile(context.Background(), a, overwrite, runs, Options{}); err == nil || !strings.Contains(err.Error(), "is no page of results") {
			t.Errorf("in the place of a run: %v", err)
		}
	}
	if after, err := os.ReadFile(a); err != nil || !bytes.Equal(before, after) {
		t.Error("the run has changed")
	}
	page, _ := makePage(t, folder, Options{}, a)
	if _, err := WriteFile(context.Background(), page, false, runs, Options{}); err == nil || !strings.Contains(err.Error(), "--overwrite") {
		t.Errorf("in the place of a page: %v", err)
	}
	whole, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := WriteFile(ctx, page, true, runs, Options{}); err == nil {
		t.Error("a page is written although its context is done")
	}
	if after, err := os.ReadFile(page); err != nil || !bytes.Equal(whole, after) {
		t.Error("the page has changed")
	}
	left, err := filepath.Glob(filepath.Join(folder, ".mcllava-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%q are left, %v", left, err)
	}
}
