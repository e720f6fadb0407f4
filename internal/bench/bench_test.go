package bench

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/estimate"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
	"github.com/mcllava/mcllava/llm"
)

// small is a model that runs in no time.
var small = estimate.Shape{
	Vision: encoder.Config{Hidden: 64, Intermediate: 96, Layers: 3, Heads: 4, ImageSize: 30, PatchSize: 7, Eps: 1e-6, Projected: 64},
	Text:   llm.Config{Hidden: 64, Intermediate: 128, Layers: 3, Heads: 4, RotaryDims: 8, RopeTheta: 1e4, Context: 200, Vocab: 500, Eps: 1e-5},
}

// hasty measures next to nothing.
var hasty = effort{
	slice: time.Millisecond, memory: 4 << 20, passes: 1, productRounds: 2, product: time.Millisecond,
	rounds: 2, prefills: 1, decode: 2 * time.Millisecond, profiled: 30 * time.Millisecond, vision: 2, text: 2,
}

func smallOptions() Options {
	box := image.Rect(0, 0, 60, 40)
	return Options{
		Shape:      small,
		Precisions: []Precision{{"f16", weights.Forms{Vision: tensor.F16, Text: tensor.F16}}, {"q4", weights.Forms{Vision: tensor.Q8, Text: tensor.Q4}}},
		Questions: []Question{
			{0, estimate.Question{Width: 60, Height: 40, Boxes: []image.Rectangle{box}, Keep: []int{15}, Text: 10, Answer: 3}},
			{9, estimate.Question{Width: 60, Height: 40, Boxes: slices.Repeat([]image.Rectangle{box}, 9), Keep: slices.Repeat([]int{1}, 9), Text: 10, Answer: 3}},
		},
		Threads: 2,
	}
}

func TestReport(t *testing.T) {
	o := smallOptions()
	steps, last := 0, 0
	o.Progress = func(_ string, done, total int) {
		steps++
		last = done
		if done >= total {
			t.Errorf("step %d of %d", done, total)
		}
	}
	r, err := measure(t.Context(), o, hasty)
	if err != nil {
		t.Fatal(err)
	}
	if last != steps-1 {
		t.Errorf("%d steps end with number %d", steps, last)
	}
	forms := []string{"f16", "q8", "q4"}
	if len(r.Products) != len(forms)*len(productShapes(small, Prompt)) {
		t.Errorf("%d products", len(r.Products))
	}
	known := tensor.Instruction(tensor.F16) != ""
	for i, p := range r.Products {
		if p.Form != forms[i%len(forms)] || !(p.FLOPS > 1e6) || known && !(p.Share > 0) {
			t.Errorf("product %+v", p)
		}
	}
	if known != (len(r.Peaks) > 0) || known && !(r.Read > 1e7) {
		t.Errorf("peaks %+v, read %v, instruction known: %v", r.Peaks, r.Read, known)
	}
	if len(r.Models) != 2 {
		t.Fatalf("%d models", len(r.Models))
	}
	for i, m := range r.Models {
		checkModel(t, r, m, o.Precisions[i].Forms)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

func checkModel(t *testing.T, r *Report, m Model, forms weights.Forms) {
	t.Helper()
	// best is a speed at a share of the best peak that was seen of a form.
	best := func(own, share float64, f tensor.Form) float64 {
		for _, p := range r.Peaks {
			if slices.Contains(p.Forms, f.String()) {
				return share * p.FLOPS
			}
		}
		return own
	}
	if m.Skipped != "" || m.VisionLayers != 2 || m.TextLayers != 2 || m.WeightBytes != estimate.WeightBytes(small, forms) || m.MemoryBytes <= m.WeightBytes {
		t.Errorf("%s: %+v", m.Precision, m)
	}
	project := best(m.Projector.FLOPS, m.Projector.Share, min(forms.Vision, tensor.BF16))
	patches := estimate.PatchFLOP(small.Vision)
	for w, want := range map[*Work]float64{
		m.Crop:      estimate.LayersFLOP(small.Vision, small.Vision.Patches())/best(m.Crop.FLOPS, m.Crop.Share, forms.Vision) + patches/project,
		m.Projector: estimate.ProjectorFLOP(small.Vision, small.Vision.Patches()-1) / project,
		m.Prefill:   m.Prefill.FLOP / best(m.Prefill.FLOPS, m.Prefill.Share, forms.Text),
	} {
		if !(w.FLOPS > 1e6) || math.Abs(w.Seconds/want-1) > 1e-9 {
			t.Errorf("%s: %+v, want %v seconds", m.Precision, w, want)
		}
	}
	if m.Crop.FLOP != estimate.CropFLOP(small.Vision, small.Vision.Patches()) || m.Prefill.FLOP != estimate.PrefillFLOP(small.Text, small.Text.Context-tokens) {
		t.Errorf("%s: %v and %v FLOP, want those of all layers", m.Precision, m.Crop.FLOP, m.Prefill.FLOP)
	}
	if len(m.Decoding) != 2 || m.Decoding[0].Positions >= m.Decoding[1].Positions {
		t.Fatalf("%s: decoding %+v", m.Precision, m.Decoding)
	}
	for _, d := range m.Decoding {
		read := d.Read
		if r.Read > 0 {
			read = d.Share * r.Read
		}
		if !(d.TokensPerSecond > 1) || d.Tokens < 1 || math.Abs(d.TokensPerSecond*d.TokenBytes/read-1) > 1e-9 {
			t.Errorf("%s: decoding %+v", m.Precision, d)
		}
	}
	if len(m.Questions) != 2 {
		t.Errorf("%s: questions %+v", m.Precision, m.Questions)
	}
	for i, q := range m.Questions {
		if q.Crops != []int{1, 9}[i] || math.Abs(q.Total-q.Preprocess-q.Encode-q.Prefill-q.Decode) > 1e-9 || !(q.Total > 0) {
			t.Errorf("%s: question %+v", m.Precision, q)
		}
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := smallOptions()
	for _, stop := range []int{0, 22, 24} {
		cancelled, cancelHere := context.WithCancel(ctx)
		o.Progress = func(_ string, done, _ int) {
			if done >= stop {
				cancelHere()
			}
		}
		if _, err := measure(cancelled, o, hasty); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at step %d: %v", stop, err)
		}
		cancelHere()
	}
	cancel()
}

func TestSpeed(t *testing.T) {
	for _, f := range []tensor.Form{tensor.F16, tensor.Q4} {
		if testing.Short() && f != tensor.Q4 {
			continue
		}
		s, err := Speed(t.Context(), small, weights.Forms{Vision: min(f, tensor.Q8), Text: f}, 2)
		if err != nil {
			t.Fatal(err)
		}
		if !(s.Pixels > 1e3 && s.Encode > 1e5 && s.Prefill > 1e5 && s.Decode > 1e4) {
			t.Errorf("%s: %+v", f, s)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Speed(ctx, small, weights.Forms{}, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestTheWholeFollowsFromAFewLayers has a machine of made-up speeds run two layers of the published tower and its projector, and wants
// the time of the whole: each layer, the patches and the projector as often as they are there.
func TestTheWholeFollowsFromAFewLayers(t *testing.T) {
	const layers, projector = 800e9, 250e9 // operations a second, as where 8 bits are computed faster than 16
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	published := estimate.Shape{
		Vision: encoder.Config{Hidden: 1152, Intermediate: 4304, Layers: 27, Heads: 16, ImageSize: 384, PatchSize: 14, Projected: 2560},
		Text:   llm.Config{Hidden: 2560, Intermediate: 10240, Layers: 32, Heads: 32, Vocab: 51200, Context: 2048},
	}
	// By hand: a layer is 4 products of 1152, 2 of 4304 and attention, for 729 patches; an answer keeps 700 features.
	const d, patches, kept = 1152.0, 729.0, 700.0
	layer := 2*patches*(4*d*d+2*d*4304) + 4*patches*patches*d
	last := 2*(2*patches*d*d+2*kept*d*d+2*kept*d*4304) + 4*kept*patches*d
	embedding := 2 * patches * 588 * d
	projected := 2 * kept * (d*2560 + 2560*2560)
	want := (26*layer+last)/layers + (embedding+projected)/projector

	for _, timed := range []int{1, 2, 3, 27} {
		for _, crops := range []int{1, 2} {
			w := workOf(few(published, timed, timed).Vision, crops)
			tower := seconds(w.layers/layers + w.patches/projector)
			measured := w.projector / seconds(w.projector/projector).Seconds()
			s := estimate.Speed{Pixels: 1e9, Prefill: 1e9, Decode: 1e9, Project: measured, Encode: w.layers / w.layersIn(tower, measured).Seconds()}
			q := estimate.Question{Boxes: make([]image.Rectangle, 1), Keep: []int{kept}, Text: 10, Answer: 2}
			if got := q.Seconds(published, weights.Forms{Vision: tensor.Q8, Text: tensor.Q8}, s).Encode; math.Abs(got/want-1) > 1e-6 {
				t.Errorf("from %d layers of %d crops: %v s, want %v", timed, crops, got, want)
			}
		}
	}
	w := work{layers: 1, patches: 1}
	if got := w.layersIn(seconds(10), 0.01); got != seconds(5) {
		t.Errorf("patches that take longer than all: %v left, want 5s", got)
	}
	if got := few(published, 2, 2).Text; got.Layers != 2 || got.Vocab != 3200 {
		t.Errorf("2 of 32 layers with a vocabulary of %d, want 3200 of 51200", got.Vocab)
	}
	if few(published, 30, 40) != published {
		t.Error("there are no fewer than all layers")
	}
}

func TestMadeUpActivationsStayFinite(t *testing.T) {
	deep := small
	deep.Vision.Layers, deep.Text.Layers = 40, 40
	p := tensor.NewPool(2)
	defer p.Close()
	m := newModel(p, deep, weights.Forms{Vision: tensor.F16, Text: tensor.F16}, 2)
	features, err := m.encoder.Encode(t.Context(), m.pixels, m.centres, m.keep)
	if err != nil {
		t.Fatal(err)
	}
	logits, _, err := m.prefill(t.Context(), m.prompt(50), m.decoder.NewKV(50))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range append(features.Rows.Data, logits...) {
		if v-v != 0 || v > 1e4 || v < -1e4 {
			t.Fatalf("value %v after 40 layers", v)
		}
	}
}

func TestBetweenTakesTheMedianShare(t *testing.T) {
	peaks, took := []float64{10, 10, 20, 20, 0}, []time.Duration{1 * time.Second, 2 * time.Second, 4 * time.Second}
	at := -1
	peak := func() float64 { at++; return peaks[at] }
	// Shares 8/10, 4/15 and 2/20.
	run := func() (float64, time.Duration, error) { return 8, took[at], nil }
	if got, sum, err := between(t.Context(), turns{least: 3}, peak, run); err != nil || got != (rate{4, 15}) || sum != 7*time.Second {
		t.Errorf("%+v in %v, %v, want 4 of 15 in 7s", got, sum, err)
	}
	at = -1
	if _, sum, err := between(t.Context(), turns{1, 2 * time.Second}, peak, run); err != nil || sum != 3*time.Second {
		t.Errorf("%v, %v, want 3s", sum, err)
	}
	if got := median([]rate{{own: 3}, {own: 1}, {own: 2}}); got.own != 2 || got.share() != 0 {
		t.Errorf("%+v without peaks, want 2", got)
	}
}

func TestLargest(t *testing.T) {
	square := func(n int) float64 { return float64(n * n) }
	for _, c := range []struct {
		most   int
		budget float64
		want   int
	}{{10, 1000, 10}, {10, 50, 7}, {10, 49, 7}, {10, 0.5, 1}, {1, 0, 1}} {
		if got := largest(c.most, c.budget, square); got != c.want {
			t.Errorf("largest of %d within %v is %d, want %d", c.most, c.budget, got, c.want)
		}
	}
}
