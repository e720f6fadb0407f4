package mcllava

import (
	"flag"
	"fmt"
	"image"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/mcllava/mcllava/internal/demo/draw"
	stats "github.com/mcllava/mcllava/internal/score"
)

var (
	knowsScenes = flag.Int("knows", 0, "measure what a checkpoint knows, on so many drawn pictures of each series")
	knowsModel  = flag.String("model", Demo, "the checkpoint of -knows and -photographs")
)

const (
	knowsSeed = 1 << 60 // far from the seeds of all other pictures, and from those of training
	knowsSalt = 1 << 63 // the second half of the seed: draw takes small ones
)

// knowsCrops are the columns.
var knowsCrops = [...]int{0, DefaultMaxCrops}

// How answers are worded.
const (
	tooSmall = "The sign is too small to read."
	noSign   = "There is no sign."
	seesNo   = "I can see no "

	saysPrefix = "The sign says " // of one that is read
)

// things is the series that is not asked about what a sign says.
const things = "things"

// leastColoured is the size in a crop, in pixels of the encoder, from which on the colour of a thing is asked.
const leastColoured = 8

// pictureSeries is pictures of one manner and the kinds of questions that are asked about them.
type pictureSeries struct {
	name  string
	kinds []string
	draw  func(r *rand.Rand, seed uint64, scale float64) (*draw.Picture, error)
}

var knowsSeries = []pictureSeries{
	{"streets", []string{"sign", "shop", "where", "day", "awning", "car", "general"}, func(r *rand.Rand, seed uint64, scale float64) (*draw.Picture, error) {
		shops, grains := draw.SceneShops(), []float64{0, 0, 2, 4, 7}
		return draw.NewSceneOf(seed, draw.SceneOptions{
			Width: int(2400 * scale), Height: int(1600 * scale),
			Shop: shops[r.IntN(len(shops))], Caps: (28 + 16*r.Float64()) * scale, Grain: grains[r.IntN(len(grains))],
		})
	}},
	{"words", []string{"sign", "where"}, func(r *rand.Rand, seed uint64, scale float64) (*draw.Picture, error) {
		return signOnPhoto(r, seed, scale, 2400, 1600, "")
	}},
	{"made-up words", []string{"sign", "where"}, func(r *rand.Rand, seed uint64, scale float64) (*draw.Picture, error) {
		return signOnPhoto(r, seed, scale, 2400, 1600, madeUp(r))
	}},
	{"words, any size", []string{"sign", "where"}, func(r *rand.Rand, seed uint64, scale float64) (*draw.Picture, error) {
		width := 800 * math.Pow(5, r.Float64())
		return signOnPhoto(r, seed, scale, width, 0.75*width, "")
	}},
	{things, []string{"sign", "where", "thing", "find", "is", "beside", "general"}, func(r *rand.Rand, seed uint64, scale float64) (*draw.Picture, error) {
		o := draw.Options{Width: int(2400 * scale), Height: int(1600 * scale)}
		for range 2 + r.IntN(3) {
			o.Things = append(o.Things, draw.ThingOptions{Size: 40 * math.Pow(10, r.Float64()) * scale})
		}
		if r.IntN(2) == 0 {
			o.Signs = []draw.SignOptions{{Caps: (32 + 28*r.Float64()) * scale}}
		}
		return draw.New(seed, o)
	}},
}

// signOnPhoto has capitals of 32 to 60 pixels, in any font and case.
func signOnPhoto(r *rand.Rand, seed uint64, scale, width, height float64, text string) (*draw.Picture, error) {
	return draw.New(seed, draw.Options{
		Width: int(width * scale), Height: int(height * scale), Ground: draw.PhotoGround,
		Signs: []draw.SignOptions{{Text: text, Caps: (32 + 28*r.Float64()) * scale}},
	})
}

// madeUp is a word of 4 to 12 letters that is in no list.
func madeUp(r *rand.Rand) string {
	const consonants, vowels = "BCDFGHJKLMNPQRSTVWXZ", "AEIOUY"
	var b strings.Builder
	for range 2 + r.IntN(3) {
		b.WriteByte(consonants[r.IntN(len(consonants))])
		b.WriteByte(vowels[r.IntN(len(vowels))])
		if r.IntN(5) < 2 {
			b.WriteByte(consonants[r.IntN(len(consonants))])
		}
	}
	return b.String()
}

// knowsPicture draws picture i of a series, at scale times the size at which it is measured. Where something has no place in it, another
// seed has.
func knowsPicture(series, i int, scale float64) (p *draw.Picture, err error) {
	const attempts = 64
	for attempt := range attempts {
		seed := knowsSeed + uint64(series)<<32 + uint64(i*attempts+attempt)
		if p, err = knowsSeries[series].draw(rand.New(rand.NewPCG(seed, knowsSalt)), seed, scale); err == nil {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%s, picture %d: %w", knowsSeries[series].name, i, err)
}

// looker sees a picture by at most so many crops, with an encoder of side pixels, and answers questions about it.
type looker func(maxCrops int) (boxes []image.Rectangle, side int, ask func(draw.Answer) string)

// looker asks a model as the program does.
func (m *Model) looker(t *testing.T, p *draw.Picture) looker {
	picture := scenePicture(t, p)
	return func(maxCrops int) ([]image.Rectangle, int, func(draw.Answer) string) {
		o := Defaults()
		o.MaxCrops = maxCrops
		v, err := m.see(t, picture, o)
		if err != nil {
			t.Fatal(err)
		}
		return v.Plan().Boxes, m.config.Vision.ImageSize, func(q draw.Answer) string {
			a, err := m.ask(t, v, q.Question, o)
			if err != nil {
				t.Fatal(err)
			}
			return a.Text
		}
	}
}

// tally is a cell of the table.
type tally struct{ hits, asked int }

func (c tally) String() string {
	if c.asked == 0 {
		return "none asked"
	}
	low, high := stats.Wilson(c.hits, c.asked)
	return fmt.Sprintf("%5.1f %% [%.1f, %.1f] of %d", 100*float64(c.hits)/float64(c.asked), 100*low, 100*high, c.asked)
}

// knowledge is the table, by the names of its rows.
type knowledge map[string]*[len(knowsCrops)]tally

func (k knowledge) cell(row string, column int) *tally {
	if k[row] == nil {
		k[row] = new([len(knowsCrops)]tally)
	}
	return &k[row][column]
}

func (c *tally) count(hit bool) {
	c.asked++
	if hit {
		c.hits++
	}
}

// Rows besides those of a kind of question, which has its name.
const (
	falseAbsence = "is, of what is there: I can see no"
	absentRow    = "absent, "
	lettersRead  = "letters" // 1 less the edits over the letters, all signs together
)

// knowsRows are the rows in their order. A sign's have all that were asked about it: right is to read it, or to say that it is too small
// where no crop shows it well enough; invented is neither of the two.
func knowsRows() (rows []string) {
	for _, s := range knowsSeries {
		for _, kind := range s.kinds {
			if s.name != things && (kind == "sign" || kind == "shop") {
				for _, part := range []string{"right", "read", "too small", "invented"} {
					rows = append(rows, s.name+", "+kind+": "+part)
				}
			}
		}
		if s.name != things {
			rows = append(rows, s.name+", sign: "+lettersRead)
		}
	}
	rows = append(rows, "thing", "find", "where", "beside", "day", "awning", "car", "is", falseAbsence)
	for _, kind := range []string{"thing", "find", "is", "sign"} {
		rows = append(rows, absentRow+kind)
	}
	return append(rows, "streets, general", things+", general")
}

// rowLabel is the question of a row that has only the name of its kind.
func rowLabel(row string) string {
	if slices.Contains(draw.QuestionKinds(), row) {
		return draw.Answer{Kind: row, A: "thing", B: "other"}.Wordings()[0]
	}
	return row
}

func (k knowledge) print(to io.Writer) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "share, 95 %% interval\t%d crops\t%d crops\n", knowsCrops[0], knowsCrops[1])
	for _, row := range knowsRows() {
		_, _ = fmt.Fprint(table, rowLabel(row))
		for column := range knowsCrops {
			cell := k.cell(row, column)
			text := cell.String()
			if strings.HasSuffix(row, lettersRead) && cell.asked > 0 { // letters of a sign are not read independently
				text = fmt.Sprintf("%5.1f %% of %d", 100*float64(cell.hits)/float64(cell.asked), cell.asked)
			}
			_, _ = fmt.Fprintf(table, "\t%s", text)
		}
		_, _ = fmt.Fprintln(table)
	}
	return table.Flush()
}

// TestKnowledge prints what a checkpoint knows: how many of its answers are right, of the questions that have one right answer through the
// crops in use.
func TestKnowledge(t *testing.T) {
	if *knowsScenes == 0 {
		t.Skip("-knows measures it")
	}
	k, m := knowledge{}, openIn(t, *knowsModel, Precision{}, 0)
	for series, s := range knowsSeries {
		for i := range *knowsScenes {
			p, err := knowsPicture(series, i, 1)
			if err != nil {
				t.Fatal(err)
			}
			k.measure(s, i, p, m.looker(t, p))
		}
	}
	if err := k.print(os.Stdout); err != nil {
		t.Fatal(err)
	}
}

// measure asks about picture i of a series.
func (k knowledge) measure(s pictureSeries, i int, p *draw.Picture, look looker) {
	for column, maxCrops := range knowsCrops {
		boxes, side, ask := look(maxCrops)
		for _, q := range s.questions(p, boxes, side, uint64(i)) {
			k.judge(s.name, column, p, q, ask(q))
		}
	}
}

// questions are those of the series that are clear through these crops, in an order that the seed decides: of a kind at most two, and one
// more about what is absent.
func (s pictureSeries) questions(p *draw.Picture, boxes []image.Rectangle, side int, seed uint64) (chosen []draw.Answer) {
	all := draw.Answers(p, boxes, side)
	rand.New(rand.NewPCG(seed, knowsSalt)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	asked := map[string]int{}
	for _, q := range all {
		kind, most, seen := q.Kind, 2, !strings.HasPrefix(q.Answer, seesNo)
		switch {
		case !slices.Contains(s.kinds, kind),
			s.name == things && kind == "sign" && q.Answer != noSign, // the other series ask it
			kind == "where" && q.Answer == noSign,
			kind == "thing" && seen && sizeSeen(p, q.A, boxes, side) < leastColoured:
			continue
		case !seen:
			kind, most = kind+seesNo, 1
		}
		if asked[kind]++; asked[kind] <= most {
			chosen = append(chosen, q)
		}
	}
	return chosen
}

// sizeSeen is the size of a thing in the crop that shows it whole and largest, in pixels of the encoder.
func sizeSeen(p *draw.Picture, kind string, boxes []image.Rectangle, side int) (size float64) {
	for _, t := range p.Things {
		half := t.Size / 2
		for _, b := range boxes {
			whole := image.Rect(int(math.Floor(t.X-half)), int(math.Floor(t.Y-half)), int(math.Ceil(t.X+half)), int(math.Ceil(t.Y+half)))
			if t.Kind == kind && whole.In(b) {
				size = max(size, t.Size*float64(side)/float64(max(b.Dx(), b.Dy())))
			}
		}
	}
	return size
}

// judge counts an answer in the rows that it belongs to.
func (k knowledge) judge(series string, column int, p *draw.Picture, q draw.Answer, answer string) {
	right, seen := answer == q.Answer, !strings.HasPrefix(q.Answer, seesNo)
	count := func(row string, hit bool) { k.cell(row, column).count(hit) }
	switch {
	case q.Answer == noSign || !seen:
		count(absentRow+q.Kind, right)
	case q.Kind == "sign" || q.Kind == "shop":
		read := saysPrefix + p.Signs[0].Text + "."
		if q.Kind == "shop" {
			read = draw.SceneQuestions(p)[0].Answer
		}
		row := series + ", " + q.Kind + ": "
		count(row+"right", right)
		count(row+"read", answer == read)
		count(row+"too small", answer == tooSmall)
		count(row+"invented", answer != read && answer != tooSmall)
		if text := []rune(p.Signs[0].Text); q.Kind == "sign" {
			letters := k.cell(row+lettersRead, column)
			letters.hits += len(text) - stats.Distance(text, []rune(signText(answer)))
			letters.asked += len(text)
		}
	case q.Kind == "general":
		count(series+", general", right)
	default:
		count(q.Kind, right)
	}
	if q.Kind == "is" && seen {
		count(falseAbsence, strings.HasPrefix(answer, seesNo))
	}
}

// signText is what an answer says that a sign says, or "".
func signText(answer string) string {
	if text, ok := strings.CutPrefix(answer, saysPrefix); ok {
		return strings.TrimSuffix(text, ".")
	}
	return ""
}
