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
	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/mcllava/mcllava"
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
	markColumns           = 15 // characters of a line within a cell
	leastTitle            = 44 // characters of a line of the title
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
	p, err := a.heatMap(figures, about)
	if err != nil {
		return err
	}
	maxCrops, numTokens := len(a.MaxCrops), len(a.NumTokens)
	width := max(11*vg.Centimeter, 2.2*vg.Centimeter+vg.Length(numTokens)*cellWidth)
	height := 3.2*vg.Centimeter + vg.Length(maxCrops)*cellHeight
	var c vg.CanvasWriterTo
	if format == "png" {
		c = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(plotDPI))}
	} else if c, err = draw.NewFormattedCanvas(width, height, format); err != nil {
		return err
	}
	p.Draw(draw.Crop(draw.New(c), margin, -margin, margin, -margin))
	_, err = c.WriteTo(w)
	return err
}

// heatMap is the plot.
func (a Axes) heatMap(figures []Figure, about string) (*plot.Plot, error) {
	h := heat{Axes: a}
	low, high := 0.0, 1.0 // of accuracy
	what := "share of right answers"
	accuracy := judged(figures)
	if !accuracy {
		what = "seconds a question"
		low, high = math.Inf(1), math.Inf(-1)
	}
	for _, f := range figures {
		v, label := math.NaN(), strings.Join(wrap(f.Mark, markColumns, mostLines), "\n")
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
	if !(low < high) { // one value, or none
		if math.IsInf(low, 0) {
			low = 0
		}
		high = low + 1
	}
	scale, err := moreland.NewLuminance(blueToYellow)
	if err != nil {
		return nil, err
	}
	scale.SetMin(low)
	scale.SetMax(high)
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text = strings.Join(wrap(what+": "+about, max(leastTitle, 18*len(a.NumTokens)), mostLines), "\n")
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
			return nil, err
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
	p.X.Padding, p.Y.Padding = 0, 0
	for _, f := range []*font.Font{&p.Title.TextStyle.Font, &p.X.Label.TextStyle.Font, &p.Y.Label.TextStyle.Font, &p.X.Tick.Label.Font, &p.Y.Tick.Label.Font} {
		f.Variant = "Sans"
	}
	const half = 0.5 // of a cell
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -half, float64(len(a.NumTokens))-half, -half, float64(len(a.MaxCrops))-half
	return p, nil
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
