package sweep

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/terminal"
)

// PlotEndings are those of the files that a heat map can be written to.
var PlotEndings = []string{".png", ".svg", ".pdf"}

// IsPlot says whether a file's name is that of a heat map.
func IsPlot(path string) bool { return plotFormat(path) != "" }

// plotFormat is the format of a file by its name; "" for none.
func plotFormat(path string) string {
	for _, ending := range PlotEndings {
		if strings.EqualFold(filepath.Ext(path), ending) {
			return ending[1:]
		}
	}
	return ""
}

// Measures of a heat map.
const (
	cellWidth, cellHeight = 3.2 * vg.Centimeter, 1.6 * vg.Centimeter
	margin                = 3 * vg.Millimeter
	plotDPI               = 200
	colours               = 256
	markColumns           = 15                  // characters of a line within a cell
	leastTitle            = 44                  // characters of a line of the title
	barWidth              = 2.6 * vg.Centimeter // with its numbers and its label
	gap                   = 2 * vg.Millimeter
)

// blueToYellow are the ends and the middle of a scale whose lightness alone tells the values, as for eyes that confuse red and green and
// on grey paper: dark is little, light is much. The colours are close to those of Cividis (Nuñez, Anderton and Renslow 2018, "Optimizing
// colormaps with consideration for color vision deficiency").
var blueToYellow = []color.Color{
	color.NRGBA{0x00, 0x22, 0x4e, 0xff},
	color.NRGBA{0x41, 0x4d, 0x6b, 0xff},
	color.NRGBA{0x7c, 0x7b, 0x78, 0xff},
	color.NRGBA{0xbc, 0xae, 0x6c, 0xff},
	color.NRGBA{0xfe, 0xe8, 0x38, 0xff},
}

var (
	markedGrey = color.Gray{0xe8} // of a cell that was not asked
	darkText   = color.Gray{0x20}
	lightText  = color.Gray{0xff}
)

// heat is what a heat map shows: values[i] of cell i, NaN where there is none, and what stands in it.
type heat struct {
	Axes
	values []float64
	labels []string
}

// Dims are the numbers of columns and rows.
func (h heat) Dims() (c, r int) { return len(h.NumTokens), len(h.MaxCrops) }

// X is the place of a column.
func (heat) X(c int) float64 { return float64(c) }

// Y is the place of a row.
func (heat) Y(r int) float64 { return float64(r) }

// Z is the value of a cell.
func (h heat) Z(c, r int) float64 { return h.values[r*len(h.NumTokens)+c] }

// Plot writes a heat map over the two knobs, in the format of a file's name: of the share of answers that say what was expected or, where
// nothing was expected, of seconds, whose colours are logarithmic. The value stands in each cell.
func (r *Results) Plot(w io.Writer, path string) error {
	if len(r.Pairs) == 0 {
		return errors.New("there is no row to plot")
	}
	return r.PlotFigures(w, path, r.Figures(r.Pairs), r.about())
}

// PlotFigures is Plot of figures of the cells, in their order. What they are about stands in the title.
func (a Axes) PlotFigures(w io.Writer, path string, figures []Figure, about string) error {
	format := plotFormat(path)
	if format == "" {
		return fmt.Errorf("%s: ends with %q, expected one of %s", path, filepath.Ext(path), strings.Join(PlotEndings, ", "))
	}
	p, bar, err := a.heatMap(figures, about)
	if err != nil {
		return err
	}
	maxCrops, numTokens := len(a.MaxCrops), len(a.NumTokens)
	width := max(11*vg.Centimeter, 2.6*vg.Centimeter+vg.Length(numTokens)*cellWidth)
	mapWidth := width
	if bar != nil {
		width += barWidth
	}
	height := 3.6*vg.Centimeter + vg.Length(maxCrops)*cellHeight
	var c vg.CanvasWriterTo
	if format == "png" {
		c = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(plotDPI))}
	} else if c, err = draw.NewFormattedCanvas(width, height, format); err != nil {
		return err
	}
	whole := draw.New(c)
	area := draw.Crop(whole, margin, mapWidth-width-margin, margin, -margin)
	p.Draw(area)
	if bar != nil {
		cells := p.DataCanvas(area) // beside which the bar stands, and as high
		bar.Draw(draw.Canvas{Canvas: whole.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: cells.Max.X + 2*gap, Y: cells.Min.Y}, Max: vg.Point{X: whole.Max.X - margin, Y: cells.Max.Y},
		}})
	}
	_, err = c.WriteTo(w)
	return err
}

// heatMap is the plot, and the bar of its colours, which is nil where there are not two values to tell apart.
func (a Axes) heatMap(figures []Figure, about string) (cells, bar *plot.Plot, err error) {
	h := heat{Axes: a}
	low, high := 0.0, 1.0 // of accuracy
	what := "share of right answers"
	accuracy := judged(figures)
	if !accuracy {
		what = secondsEach
		low, high = math.Inf(1), math.Inf(-1)
	}
	for _, f := range figures {
		v, label := math.NaN(), strings.Join(terminal.Wrap(f.Mark, markColumns, mostLines), "\n")
		switch {
		case f.Mark != "":
		case f.Answered == 0:
			label = failedCell
		case !accuracy:
			v, label = math.Log(max(f.Seconds, 1e-6)), Seconds(f.Seconds)
			low, high = min(low, v), max(high, v)
		case f.Judged > 0:
			v = f.Score / float64(f.Judged)
			label = fmt.Sprintf("%.0f %%", 100*v)
			if f.Judged > 1 {
				label += fmt.Sprintf("\n%s of %d", strconv.FormatFloat(math.Round(10*f.Score)/10, 'f', -1, 64), f.Judged)
			}
		}
		h.values, h.labels = append(h.values, v), append(h.labels, label)
	}
	several := low < high
	if !several {
		if math.IsInf(low, 0) {
			low = 0
		}
		high = low + 1
	}
	scale, err := moreland.NewLuminance(blueToYellow)
	if err != nil {
		return nil, nil, err
	}
	scale.SetMin(low)
	scale.SetMax(high)
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text = strings.Join(terminal.Wrap(what+": "+about, max(leastTitle, 18*len(a.NumTokens)), mostLines), "\n")
	p.Title.Padding = 3 * vg.Millimeter
	maxCrops, numTokens := a.names()
	p.X.Label.Text, p.Y.Label.Text = numTokens, maxCrops
	p.NominalX(tokenNames(a.NumTokens)...)
	p.NominalY(texts(a.MaxCrops)...)
	m := plotter.NewHeatMap(h, scale.Palette(colours))
	m.Min, m.Max, m.NaN = low, high, markedGrey
	p.Add(m)
	for i, label := range h.labels {
		l, err := plotter.NewLabels(plotter.XYLabels{XYs: []plotter.XY{{X: float64(i % len(a.NumTokens)), Y: float64(i / len(a.NumTokens))}}, Labels: []string{label}})
		if err != nil {
			return nil, nil, err
		}
		style := &l.TextStyle[0]
		style.Font.Variant = "Sans"
		style.XAlign, style.YAlign = text.XCenter, text.YCenter
		style.Font.Size, style.Color = font.Points(11), darkText
		switch v := h.values[i]; {
		case math.IsNaN(v):
			style.Font.Size = font.Points(8)
		case v < low+(high-low)/2:
			style.Color = lightText
		}
		p.Add(l)
	}
	p.X.Padding, p.Y.Padding = gap, gap
	p.X.Label.Padding, p.Y.Label.Padding = gap, gap
	sans(p)
	const half = 0.5 // of a cell
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -half, float64(len(a.NumTokens))-half, -half, float64(len(a.MaxCrops))-half
	if err := separate(p); err != nil {
		return nil, nil, err
	}
	if several {
		bar = colourBar(scale, what, len(a.MaxCrops) >= labelRows)
	}
	return p, bar, nil
}

// secondsEach is what a heat map of seconds is about.
const secondsEach = "seconds a question"

// sans gives all letters of a plot one face.
func sans(p *plot.Plot) {
	for _, f := range []*font.Font{&p.Title.TextStyle.Font, &p.X.Label.TextStyle.Font, &p.Y.Label.TextStyle.Font, &p.X.Tick.Label.Font, &p.Y.Tick.Label.Font} {
		f.Variant = "Sans"
	}
}

// separate draws white lines between cells.
func separate(p *plot.Plot) error {
	draw := func(from, to plotter.XY) error {
		l, err := plotter.NewLine(plotter.XYs{from, to})
		if err == nil {
			l.Color, l.Width = color.White, vg.Points(1.5)
			p.Add(l)
		}
		return err
	}
	var err error
	for x := p.X.Min + 1; x < p.X.Max; x++ {
		err = errors.Join(err, draw(plotter.XY{X: x, Y: p.Y.Min}, plotter.XY{X: x, Y: p.Y.Max}))
	}
	for y := p.Y.Min + 1; y < p.Y.Max; y++ {
		err = errors.Join(err, draw(plotter.XY{X: p.X.Min, Y: y}, plotter.XY{X: p.X.Max, Y: y}))
	}
	return err
}

// labelRows is how many rows of cells are as high as a long label of the bar.
const labelRows = 3

// colourBar is what the colours of a scale stand for, with the unit: of seconds it is that of their logarithms. A long label says what they
// are about.
func colourBar(scale palette.ColorMap, about string, long bool) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	p.Add(&plotter.ColorBar{ColorMap: scale, Vertical: true, Colors: colours})
	p.HideX()
	p.X.Padding, p.Y.Padding = 0, 0
	p.Y.Tick.Marker, p.Y.Label.Text = plot.ConstantTicks(percents()), "%"
	if about == secondsEach {
		p.Y.Tick.Marker, p.Y.Label.Text = plot.ConstantTicks(secondTicks(scale.Min(), scale.Max())), "log scale"
	}
	if long {
		p.Y.Label.Text = about + ", " + p.Y.Label.Text
	}
	p.Y.Label.Padding = gap
	p.Y.Tick.Label.Font.Size = font.Points(9)
	p.Y.Label.TextStyle.Font.Size = font.Points(10)
	sans(p)
	return p
}

// percents are ticks of shares.
func percents() (ticks []plot.Tick) {
	for i := 0; i <= 100; i += 25 {
		ticks = append(ticks, plot.Tick{Value: float64(i) / 100, Label: fmt.Sprint(i)})
	}
	return ticks
}

// secondTicks are ticks of logarithms of seconds, at 1, 2 and 5 of each power of ten or, of a range with less than two of those, at its ends.
func secondTicks(low, high float64) (ticks []plot.Tick) {
	for power := math.Floor(low / math.Ln10); power <= high/math.Ln10; power++ {
		for _, digit := range []float64{1, 2, 5} {
			s := digit * math.Pow(10, power)
			if at := math.Log(s); at >= low && at <= high {
				ticks = append(ticks, plot.Tick{Value: at, Label: strconv.FormatFloat(s, 'f', max(0, -int(power)), 64) + " s"})
			}
		}
	}
	if len(ticks) < 2 {
		ticks = []plot.Tick{{Value: low, Label: Seconds(math.Exp(low))}, {Value: high, Label: Seconds(math.Exp(high))}}
	}
	return ticks
}

// about says what the figures are of.
func (r *Results) about() string {
	first := r.Pairs[0]
	images, questions := map[string]bool{}, map[string]bool{}
	for _, p := range r.Pairs {
		images[p.Image], questions[p.Question] = true, true
	}
	of := filepath.Base(first.Image)
	if len(images) > 1 {
		of = fmt.Sprintf("%d pictures", len(images))
	}
	asked := first.Question
	if len(questions) > 1 {
		asked = fmt.Sprintf("%d questions", len(questions))
	}
	return fmt.Sprintf("%s, %s", of, asked)
}

// TokenName is a number of image tokens; 0 is the default.
func TokenName(n int) string {
	if n == 0 {
		return fmt.Sprint(mcllava.DefaultNumTokens)
	}
	return fmt.Sprint(n)
}

func tokenNames(numbers []int) (names []string) {
	for _, n := range numbers {
		names = append(names, TokenName(n))
	}
	return names
}

func texts(numbers []int) (texts []string) {
	for _, n := range numbers {
		texts = append(texts, fmt.Sprint(n))
	}
	return texts
}
