package sweep

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/records"
)

// made are made-up results: two limits of crops, three numbers of image tokens, and a third limit that is the same as the second.
func made(pairs int, expect string) *Results {
	a := Axes{MaxCrops: []int{0, 50, 100}, NumTokens: []int{364, 728, 1456}}
	r := NewResults(a)
	for p := range pairs {
		for i, k := range a.Grid(false) {
			row := records.Record{
				Image: "photos/street.jpg", Question: "what does the sign above the door say?", Sweep: "s", Run: string(rune('a' + i)), ImageSHA256: "1",
				N: p*9 + i, Crops: 1 + k.MaxCrops, NumTokens: k.NumTokens, Seconds: mcllava.Seconds{Encode: 0.1 * float64(1+k.MaxCrops), Prefill: float64(i), Decode: 0.02},
			}
			row.MaxCrops, row.Knobs.NumTokens = k.MaxCrops, k.NumTokens
			row.Answer = []string{"a shop", "A yoga studio, open from nine to five, closed on Sundays and on all public holidays.", "瑜伽館 瑜伽館 瑜伽館 瑜伽館"}[i%3]
			if expect != "" {
				says := Says(row.Answer, expect)
				row.Expected, row.Correct = expect, &says
			}
			switch i {
			case 2:
				row = records.Record{Image: row.Image, Question: row.Question, Sweep: "s", N: row.N, Knobs: row.Knobs, Mark: "728 of 1456 tokens at most"}
			case 5:
				row.Error = "no answer within the timeout of 1s"
			case 6, 7, 8:
				row.Answer, row.Correct, row.Expected, row.Mark, row.Crops, row.Seconds = "", nil, "", "same as 50", 51, mcllava.Seconds{}
			}
			r.Add(row)
		}
	}
	return r
}

const wide = `photos/street.jpg: what does the sign above the door say?

max-crops  num-tokens 364  num-tokens 728         num-tokens 1456
0          a shop          A yoga studio, open    728 of 1456 tokens at
           wrong, 0.12 s   from nine to five,     most
                           closed on Sundays an…
                           right, 1.12 s
50         a shop          A yoga studio, open    no answer
           wrong, 8.12 s   from nine to five,
                           closed on Sundays an…
                           right, 9.12 s
100        same as 50      same as 50             same as 50
`

const narrow = `photos/street.jpg: what does the sign
above the door say?

max-crops 0
  num-tokens 364
    a shop
    wrong, 0.12 s
  num-tokens 728
    A yoga studio, open from nine to
    five, closed on Sundays and on all
    public holidays.
    right, 1.12 s
  num-tokens 1456
    728 of 1456 tokens at most
max-crops 50
  num-tokens 364
    a shop
    wrong, 8.12 s
  num-tokens 728
    A yoga studio, open from nine to
    five, closed on Sundays and on all
    public holidays.
    right, 9.12 s
  num-tokens 1456
    no answer
max-crops 100
  num-tokens 364
    same as 50
  num-tokens 728
    same as 50
  num-tokens 1456
    same as 50
`

const summary = `2 pairs of an image and a question, mean seconds of each

max-crops  num-tokens 364  num-tokens 728  num-tokens 1456
0          0 of 2 right    2 of 2 right    728 of 1456 tokens at
           0.12 s          1.12 s          most
50         0 of 2 right    2 of 2 right    no answer
           8.12 s          9.12 s
100        same as 50      same as 50      same as 50
`

func TestTable(t *testing.T) {
	for columns, want := range map[int]string{80: wide, 40: narrow} {
		if got := made(1, "yoga studio").Pairs[0].Table(columns); got != want {
			t.Errorf("at %d columns\n%s\nwant\n%s", columns, got, want)
		}
	}
	if got := made(2, "yoga studio").Summary(80); got != summary {
		t.Errorf("\n%s\nwant\n%s", got, summary)
	}
	for columns := 20; columns <= 200; columns++ {
		for line := range strings.Lines(made(1, "").Pairs[0].Table(columns) + made(3, "").Summary(columns)) {
			if n := uniseg.StringWidth(strings.TrimSuffix(line, "\n")); n > columns {
				t.Fatalf("%d columns at %d: %s", n, columns, line)
			}
		}
	}
	steering := made(1, "")
	steering.Pairs[0].cells[0].Answer = "\x1b[31mred"
	if got := steering.Pairs[0].Table(80); strings.Contains(got, "\x1b") || !strings.Contains(got, `\x1b[31mred`) {
		t.Errorf("a text that steers the terminal is not escaped in\n%s", got)
	}
}

// TestFigures takes a cell that is the same as another for that one where another picture tells them apart.
func TestFigures(t *testing.T) {
	r := made(2, "yoga studio")
	own := *r.Pairs[1].cells[4]
	own.MaxCrops, own.N, own.Crops, own.Seconds = 100, 9+7, 101, mcllava.Seconds{Encode: 3}
	own.Run = "h"
	r.Add(own)
	got := r.Figures(r.Pairs)[7]
	want := Figure{Answered: 2, Judged: 2, Score: 2, Seconds: (9.12 + 3) / 2}
	if want.Seconds-got.Seconds > 1e-9 || got.Seconds-want.Seconds > 1e-9 {
		t.Errorf("%v seconds, want %v", got.Seconds, want.Seconds)
	}
	if got.Seconds = want.Seconds; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := r.Figures(r.Pairs)[5]; got.Failed != 2 || got.Answered != 0 {
		t.Errorf("%+v of a cell that failed twice", got)
	}
}

// checkPlot looks for white between the cells and the numbers of the rows, and for a bar of many colours to the right of the cells.
func checkPlot(t *testing.T, picture image.Image, expect string) {
	t.Helper()
	size := picture.Bounds().Max
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA) }
	column := func(x int) map[color.RGBA]int {
		all := map[color.RGBA]int{}
		for y := range size.Y {
			all[at(x, y)]++
		}
		return all
	}
	white := color.RGBA{255, 255, 255, 255}
	left := 0 // of the cells: the first column that is mostly of one colour other than white
	for x := 0; left == 0 && x < size.X; x++ {
		for c, n := range column(x) {
			if c != white && n > size.Y/8 {
				left = x
			}
		}
	}
	title := size.Y / 5
	for x := left - 12; x < left-1; x++ {
		for y := title; y < size.Y; y++ {
			if c := at(x, y); c != white {
				t.Fatalf("expecting %q: at %d,%d, next to the cells at %d, is %v", expect, x, y, left, c)
			}
		}
	}
	most := 0
	for x := size.X * 3 / 4; x < size.X; x++ {
		most = max(most, len(column(x)))
	}
	if most < 150 {
		t.Errorf("expecting %q: the bar has %d colours", expect, most)
	}
}

func TestSecondTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0.44, 1.31, "0.5 s, 1 s"},
		{0.007, 0.065, "0.01 s, 0.02 s, 0.05 s"},
		{1, 100, "1 s, 2 s, 5 s, 10 s, 20 s, 50 s, 100 s"},
		{3, 4, "3.00 s, 4.00 s"},
		{150, 1500, "200 s, 500 s, 1000 s"},
	} {
		var got []string
		for _, tick := range secondTicks(math.Log(c.low), math.Log(c.high)) {
			got = append(got, tick.Label)
			if !(tick.Value >= math.Log(c.low) && tick.Value <= math.Log(c.high)) {
				t.Errorf("%v to %v: a tick at %v", c.low, c.high, math.Exp(tick.Value))
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%v to %v: %q, want %q", c.low, c.high, got, c.want)
		}
	}
}

func TestPlot(t *testing.T) {
	for _, expect := range []string{"", "yoga studio"} {
		r := made(2, expect)
		for ending, begins := range map[string]string{".png": "\x89PNG", ".svg": "<?xml", ".pdf": "%PDF"} {
			var b bytes.Buffer
			if err := r.Plot(&b, "sweep"+strings.ToUpper(ending)); err != nil || !strings.HasPrefix(b.String(), begins) {
				t.Errorf("%s begins with %.8q, %v", ending, b.String(), err)
			}
			for _, text := range []string{"8.12 s", "728 of 1456", "100 %", "max-crops", "num-tokens", "no answer"} {
				want := (text == "8.12 s") == (expect == "") || text != "8.12 s" && text != "100 %"
				if text == "100 %" {
					want = expect != ""
				}
				if ending == ".svg" && strings.Contains(b.String(), text) != want {
					t.Errorf("expecting %q: %q is there: %v", expect, text, !want)
				}
			}
			bar := map[string]string{"": "seconds a question, log scale", "yoga studio": "share of right answers, %"}
			for expected, text := range bar {
				if ending == ".svg" && strings.Contains(b.String(), text) != (expected == expect) {
					t.Errorf("expecting %q: the bar says %q: %v", expect, text, expected != expect)
				}
			}
			if ending == ".png" {
				picture, err := png.Decode(&b)
				if err != nil {
					t.Fatal(err)
				}
				colours := map[[3]uint32]int{}
				for y := range picture.Bounds().Dy() {
					for x := range picture.Bounds().Dx() {
						red, green, blue, _ := picture.At(x, y).RGBA()
						colours[[3]uint32{red >> 8, green >> 8, blue >> 8}]++
					}
				}
				checkPlot(t, picture, expect)
				if colours[[3]uint32{0xe8, 0xe8, 0xe8}] < 50_000 || len(colours) < 4 {
					t.Errorf("the cells that were not asked are not grey: %d colours", len(colours))
				}
			}
		}
	}
	all := made(1, "")
	for i, row := range all.Pairs[0].cells { // nothing has a value
		row.Mark, row.NumTokens = "none", 0
		all.Pairs[0].cells[i] = row
	}
	if err := all.Plot(&bytes.Buffer{}, "sweep.png"); err != nil {
		t.Error(err)
	}
	for _, r := range []*Results{NewResults(smallAxes), made(1, "")} {
		if err := r.Plot(&bytes.Buffer{}, "sweep.jpg"); err == nil {
			t.Error("a JPEG is plotted")
		}
	}
	if err := NewResults(smallAxes).Plot(&bytes.Buffer{}, "sweep.png"); err == nil {
		t.Error("nothing is plotted")
	}
}
