package mcllava

import (
	"bytes"
	"image"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/crop"
	"github.com/mcllava/mcllava/internal/demo/draw"
)

// fakeLooker sees a picture of a quarter of its size by a quarter of the demo's crops, each as large as the demo sees it.
func fakeLooker(t *testing.T, p *draw.Picture, answer func(maxCrops int, q draw.Answer) string) looker {
	return func(maxCrops int) ([]image.Rectangle, int, func(draw.Answer) string) {
		const side = 96
		size := p.Image().Bounds().Max
		grid, err := crop.NewGrid(size.X, size.Y, side/4, maxCrops)
		if err != nil {
			t.Fatal(err)
		}
		return grid.Boxes, side, func(q draw.Answer) string { return answer(maxCrops, q) }
	}
}

// TestKnowledgeIsCounted holds every cell to what four answerers must get: one that is always right, two that always say the same, and one
// that adds a letter to what it reads.
func TestKnowledgeIsCounted(t *testing.T) {
	const noBall, pictures = seesNo + "ball.", 2
	perfect, hopeless, blind, sloppy := knowledge{}, knowledge{}, knowledge{}, knowledge{}
	balls := map[any]int{} // questions about absent balls, by row and crops
	for series, s := range knowsSeries {
		for i := range pictures {
			p, err := knowsPicture(series, i, 0.25)
			if err != nil {
				t.Fatal(err)
			}
			asked := map[string]int{}
			perfect.measure(s, i, p, fakeLooker(t, p, func(maxCrops int, q draw.Answer) string {
				if q.Answer == noBall {
					balls[[2]any{absentRow + q.Kind, maxCrops}]++
				}
				if asked[q.Kind]++; asked[q.Kind] > 3*len(knowsCrops) {
					t.Errorf("%s %d: %d questions of kind %s", s.name, i, asked[q.Kind], q.Kind)
				}
				return q.Answer
			}))
			hopeless.measure(s, i, p, fakeLooker(t, p, func(int, draw.Answer) string { return tooSmall }))
			blind.measure(s, i, p, fakeLooker(t, p, func(int, draw.Answer) string { return noBall }))
			sloppy.measure(s, i, p, fakeLooker(t, p, func(_ int, q draw.Answer) string {
				if q.Kind == "general" || !strings.HasPrefix(q.Answer, saysPrefix) {
					return q.Answer
				}
				return strings.TrimSuffix(q.Answer, ".") + "X."
			}))
		}
	}
	if got, want := slices.Sorted(maps.Keys(perfect)), slices.Sorted(slices.Values(knowsRows())); !slices.Equal(got, want) {
		t.Fatalf("asked for the rows %q, printed are %q", got, want)
	}
	for _, row := range knowsRows() {
		of, part, _ := strings.Cut(row, ": ")
		for column, maxCrops := range knowsCrops {
			n := perfect[row][column].asked
			legible, misread := n, n // of the signs, none in the whole picture and all in crops
			if maxCrops == 0 {
				legible, misread = 0, 0
			}
			if strings.HasSuffix(of, "shop") {
				misread = 0
			}
			want := [4]int{n, 0, 0, n}
			switch {
			case part == "right":
				want = [4]int{n, n - legible, 0, n - misread}
			case part == "read":
				want = [4]int{legible, 0, 0, legible - misread}
			case part == "too small":
				want = [4]int{n - legible, n, 0, n - legible}
			case part == "invented":
				want = [4]int{0, 0, n, misread}
			case part == lettersRead && maxCrops > 0:
				want = [4]int{n, 0, 0, n - perfect[of+": right"][column].asked}
			case part == lettersRead:
				want = [4]int{}
			case row == falseAbsence:
				want = [4]int{0, 0, n, 0}
			case strings.HasPrefix(row, absentRow):
				want[2] = balls[[2]any{row, maxCrops}]
			}
			for i, k := range []knowledge{perfect, hopeless, blind, sloppy} {
				if got := k[row][column]; got.asked != n || n == 0 && maxCrops > 0 || got.hits != want[i] {
					t.Errorf("answerer %d, %q at %d crops: %+v, expected %d of %d", i, row, maxCrops, got, want[i], n)
				}
			}
		}
	}
}

func TestKnowledgeIsPrinted(t *testing.T) {
	k := knowledge{}
	*k.cell("day", 0), *k.cell("day", 1), *k.cell("words, sign: "+lettersRead, 1) = tally{8, 10}, tally{0, 4}, tally{-1, 8}
	var b bytes.Buffer
	if err := k.print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`(?m)^is it day or night\? +80\.0 % \[49\.0, 94\.3\] of 10 +0\.0 % \[0\.0, 49\.0\] of 4$`,
		`(?m)^words, sign: letters +none asked +-12\.5 % of 8$`,
	} {
		if !regexp.MustCompile(want).Match(b.Bytes()) {
			t.Errorf("no line %s in\n%s", want, &b)
		}
	}
}

func TestSizeSeen(t *testing.T) {
	p := &draw.Picture{Things: []draw.Thing{{Kind: "cup", X: 100, Y: 100, Size: 40}, {Kind: "star", X: 500, Y: 300, Size: 90}}}
	whole, part, cut := image.Rect(0, 0, 600, 400), image.Rect(0, 0, 240, 200), image.Rect(0, 0, 110, 110)
	for _, c := range []struct {
		boxes []image.Rectangle
		want  float64
	}{{[]image.Rectangle{whole}, 6.4}, {[]image.Rectangle{whole, part}, 16}, {[]image.Rectangle{cut, whole}, 6.4}, {nil, 0}} {
		if got := sizeSeen(p, "cup", c.boxes, 96); got != c.want {
			t.Errorf("through %v: %v pixels, expected %v", c.boxes, got, c.want)
		}
	}
	p.Things[0].Size = 45
	for want, boxes := range map[bool][]image.Rectangle{false: {whole}, true: {whole, part}} { // 7.2 and 18 pixels: both are seen
		questions := knowsSeries[len(knowsSeries)-1].questions(p, boxes, 96, 0)
		for kind, want := range map[string]bool{"thing": want, "is": true} {
			if got := slices.ContainsFunc(questions, func(q draw.Answer) bool { return q.Kind == kind && q.A == "cup" }); got != want {
				t.Errorf("through %v: %s is asked about the cup: %v, expected %v", boxes, kind, got, want)
			}
		}
	}
}
