// Package bench measures how fast this machine runs the model, without a checkpoint: the peaks of its instructions and of its
// memory, the products at the model's shapes, and the parts of a question on made-up weights, each beside the peak that was
// measured around it, so that figures from different machines, or from one whose neighbours come and go, can be compared.
package bench

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/mcllava/mcllava/internal/estimate"
	"github.com/mcllava/mcllava/internal/machine"
	"github.com/mcllava/mcllava/internal/measured"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
	"github.com/mcllava/mcllava/llm"
)

// Prompt is the number of positions of a timed prefill.
const Prompt = 768

// short is the number of positions before tokens decoded at a short context.
const short = 16

// tokens is the most tokens decoded in one round.
const tokens = 64

// Options say what is measured.
type Options struct {
	Shape      estimate.Shape
	Precisions []Precision
	Questions  []Question // how long they would take is reported
	Threads    int        // below 1 one for each core
	Quick      bool       // a few layers, from which the whole is computed
	Progress   func(step string, done, total int)
}

// Precision is one that the model can be run in.
type Precision struct {
	Name  string
	Forms weights.Forms
}

// Question is a question about a picture cut into at most MaxCrops crops.
type Question struct {
	MaxCrops int
	estimate.Question
}

// Report is all that was measured.
type Report struct {
	CPU      string   `json:"cpu"`
	Features []string `json:"features"`
	Tier     string   `json:"cpu_tier"`
	Kernels  string   `json:"cpu_kernels"` // the tier, and what was chosen otherwise than the tier has first
	Threads  int      `json:"threads"`
	System   string   `json:"system"`
	Program  string   `json:"program"`
	Go       string   `json:"go"`
	Quick    bool     `json:"quick"`

	Chosen   []tensor.Measured `json:"cpu_measured,omitempty"`          // what the kernels were chosen by
	Peaks    []Peak            `json:"peaks"`                           // empty where none are known
	Read     float64           `json:"read_bytes_per_second,omitempty"` // sustained, of memory
	Products []Product         `json:"products"`
	Models   []Model           `json:"models"`
}

// Model is the speed of a model in one precision.
type Model struct {
	Precision    string `json:"precision"`
	Vision       string `json:"vision"`
	Text         string `json:"text"`
	Skipped      string `json:"skipped,omitempty"` // why it was not measured
	VisionLayers int    `json:"vision_layers"`     // timed
	TextLayers   int    `json:"text_layers"`       // timed
	WeightBytes  int64  `json:"weight_bytes"`      // of the whole model
	MemoryBytes  int64  `json:"memory_bytes"`      // of the longest question

	Crop      *Work      `json:"crop,omitempty"`      // speed, peak and share are of the tower's layers
	Projector *Work      `json:"projector,omitempty"` // for all features of the crop but one, in 16 bits at least
	Prefill   *Work      `json:"prefill,omitempty"`
	Decoding  []Decoding `json:"decoding,omitempty"`
	Questions []Answer   `json:"questions,omitempty"`
}

// Work is a part of the model that is bound by arithmetic. Speed, peak and share are of the layers timed, as measured at that
// time; Seconds are of all layers, at that share of the best peak.
type Work struct {
	FLOP      float64 `json:"flop"` // of all layers
	Seconds   float64 `json:"seconds"`
	FLOPS     float64 `json:"flop_per_second"`
	PeakFLOPS float64 `json:"peak_flop_per_second,omitempty"`
	Share     float64 `json:"share_of_peak,omitempty"`
	Profile   Profile `json:"profile"`
}

// Decoding is bound by reading. Speed, peak and share are of the layers timed, as measured at that time; TokensPerSecond is of
// all layers, at that share of the best peak.
type Decoding struct {
	Positions       int     `json:"positions"` // before the tokens
	Tokens          int     `json:"tokens"`    // timed at once, in the last turn
	TokensPerSecond float64 `json:"tokens_per_second"`
	TokenBytes      float64 `json:"token_bytes"` // of all layers, read for each
	Read            float64 `json:"bytes_per_second"`
	PeakRead        float64 `json:"peak_bytes_per_second,omitempty"`
	Share           float64 `json:"share_of_peak,omitempty"`
	Profile         Profile `json:"profile"`
}

// Answer is how long a question takes at the shares of the best peaks.
type Answer struct {
	MaxCrops int `json:"max_crops"`
	Crops    int `json:"crops"`  // the overview included
	Tokens   int `json:"tokens"` // of the answer
	estimate.Seconds
	Total float64 `json:"total"`
}

// effort is how much time a run spends.
type effort struct {
	slice            time.Duration // of a peak
	memory           int           // bytes to read
	passes           int           // over a peak by itself
	productRounds    int
	product          time.Duration // a round
	rounds, prefills int           // of a part of the model
	decode, profiled time.Duration // least, of tokens in one round and of what is profiled
	vision, text     int           // most layers
}

var (
	thorough = effort{
		slice: 50 * time.Millisecond, memory: 1 << 30, passes: 5, productRounds: 5, product: 60 * time.Millisecond,
		rounds: 3, prefills: 2, decode: 1500 * time.Millisecond, profiled: 2 * time.Second, vision: 1 << 20, text: 1 << 20,
	}
	quick = effort{
		slice: 15 * time.Millisecond, memory: 256 << 20, passes: 3, productRounds: 5, product: 15 * time.Millisecond,
		rounds: 2, prefills: 2, decode: 200 * time.Millisecond, profiled: 400 * time.Millisecond, vision: 2, text: 2,
	}
)

// run is a measurement under way.
type run struct {
	Options
	*meter
	effort      effort
	report      *Report
	done, total int
	pixels      float64 // a second
}

// Run measures. The error is the context's.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Quick {
		return measure(ctx, o, quick)
	}
	return measure(ctx, o, thorough)
}

func measure(ctx context.Context, o Options, e effort) (*Report, error) {
	_ = measured.Kernels() // an error that the caller knows
	p := tensor.NewPool(o.Threads)
	defer p.Close()
	tier, _ := tensor.ActiveTier()
	r := &run{Options: o, effort: e}
	r.report = &Report{
		CPU: machine.CPU(), Features: machine.Features(), Tier: string(tier), Kernels: tensor.Kernels(), Chosen: tensor.Measurements(), Threads: p.Threads(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Program: machine.Program(), Go: runtime.Version(), Quick: o.Quick,
	}
	const partsOfModel = 6
	r.total = 1 + len(r.forms())*len(productShapes(o.Shape, Prompt)) + partsOfModel*len(o.Precisions)
	r.step("peaks")
	r.meter = newMeter(p, e.slice, e.memory)
	for range e.passes {
		for _, f := range r.peakForms() {
			r.arithmetic(f)()
		}
		r.reading()
	}
	r.pixels = pixelRate(p, o.Shape.Vision.ImageSize)
	for _, s := range productShapes(o.Shape, Prompt) {
		for _, f := range r.forms() {
			r.step(fmt.Sprintf("product %d×%d×%d, %s", s.rows, s.in, s.out, f))
			product, err := r.product(ctx, s, f, r.effort.productRounds, r.effort.product)
			if err != nil {
				return nil, err
			}
			r.report.Products = append(r.report.Products, product)
		}
	}
	for _, precision := range o.Precisions {
		m, err := r.model(ctx, precision)
		if err != nil {
			return nil, err
		}
		r.report.Models = append(r.report.Models, m)
		debug.FreeOSMemory()
	}
	r.report.Peaks, r.report.Read = r.peaks(r.peakForms()), r.read
	for i := range r.report.Models {
		if m := &r.report.Models[i]; m.Skipped == "" {
			r.conclude(m, o.Precisions[i].Forms)
		}
	}
	return r.report, nil
}

// conclude computes what a model would do if the machine always were as fast as it was at best.
func (r *run) conclude(m *Model, f weights.Forms) {
	atBest := func(own, share, peak float64) float64 {
		if share == 0 {
			return own
		}
		return share * peak
	}
	speed := estimate.Speed{
		Pixels:  r.pixels,
		Encode:  atBest(m.Crop.FLOPS, m.Crop.Share, r.flops[tensor.Instruction(f.Vision)]),
		Project: atBest(m.Projector.FLOPS, m.Projector.Share, r.flops[tensor.Instruction(fine(f.Vision))]),
		Prefill: atBest(m.Prefill.FLOPS, m.Prefill.Share, r.flops[tensor.Instruction(f.Text)]),
	}
	patches := estimate.PatchFLOP(r.Shape.Vision)
	m.Crop.Seconds = (m.Crop.FLOP-patches)/speed.Encode + patches/speed.Project
	m.Projector.Seconds, m.Prefill.Seconds = m.Projector.FLOP/speed.Project, m.Prefill.FLOP/speed.Prefill
	for i := range m.Decoding {
		d := &m.Decoding[i]
		speed.Decode = atBest(d.Read, d.Share, r.read)
		d.TokensPerSecond = speed.Decode / d.TokenBytes
	}
	for _, q := range r.Questions {
		s := q.Seconds(r.Shape, f, speed)
		m.Questions = append(m.Questions, Answer{q.MaxCrops, len(q.Boxes), q.Answer, s, s.Total()})
	}
}

// forms are those that the precisions use, in order.
func (r *run) forms() []tensor.Form {
	var forms []tensor.Form
	for _, p := range r.Precisions {
		forms = append(forms, p.Forms.Vision, p.Forms.Text)
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// peakForms are those that something is measured beside the peak of.
func (r *run) peakForms() []tensor.Form {
	forms := r.forms()
	for _, p := range r.Precisions {
		forms = append(forms, fine(p.Forms.Vision))
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

func (r *run) step(name string) {
	if r.Progress != nil {
		r.Progress(name, r.done, r.total)
	}
	r.done++
}

// model measures the parts of a question in one precision.
func (r *run) model(ctx context.Context, p Precision) (Model, error) {
	whole := r.Shape
	timed := few(whole, r.effort.vision, r.effort.text)
	result := Model{
		Precision: p.Name, Vision: p.Forms.Vision.String(), Text: p.Forms.Text.String(),
		VisionLayers: timed.Vision.Layers, TextLayers: timed.Text.Layers, WeightBytes: estimate.WeightBytes(whole, p.Forms),
	}
	for _, q := range r.Questions {
		result.MemoryBytes = max(result.MemoryBytes, result.WeightBytes+q.WorkingBytes(whole, p.Forms))
	}
	r.step(p.Name + ": weights")
	if free, need := machine.AvailableMemory(), estimate.WeightBytes(timed, p.Forms)+spare; free > 0 && need > free {
		result.Skipped = fmt.Sprintf("needs %.1f GB of memory, %.1f are available", float64(need)/1e9, float64(free)/1e9)
		r.done += 5
		return result, nil
	}
	m := newModel(r.pool, timed, p.Forms, timed.Vision.Batch())

	r.step(p.Name + ": projector")
	var err error
	if result.Projector, err = r.projector(ctx, m); err != nil {
		return result, err
	}
	r.step(p.Name + ": crop")
	if result.Crop, err = r.crop(ctx, m, result.Projector.FLOPS); err != nil {
		return result, err
	}

	positions := min(Prompt, whole.Text.Context-tokens)
	kv := m.decoder.NewKV(positions + tokens)
	first := min(short, positions)
	r.step(fmt.Sprintf("%s: tokens after %d", p.Name, first))
	logits, _, err := m.prefill(ctx, m.prompt(first), kv)
	if err != nil {
		return result, err
	}
	if err := r.decoding(ctx, &result, m, kv, logits); err != nil {
		return result, err
	}
	r.step(p.Name + ": prefill")
	if result.Prefill, logits, err = r.prefill(ctx, m, kv, positions); err != nil {
		return result, err
	}
	r.step(fmt.Sprintf("%s: tokens after %d", p.Name, positions))
	if err := r.decoding(ctx, &result, m, kv, logits); err != nil {
		return result, err
	}
	return result, nil
}

// spare is more than a run takes besides the weights: keys and values, activations.
const spare = 1 << 30

// fine is the form of what the vision tower's form is too coarse for.
func fine(vision tensor.Form) tensor.Form { return min(vision, tensor.BF16) }

func (r *run) projector(ctx context.Context, m *model) (*Work, error) {
	w := workOf(m.shape.Vision, len(m.keep))
	m.project() // touches memory for the first time
	speed, p, err := r.timed(ctx, r.effort.rounds, r.arithmetic(fine(m.form.Vision)), func() (float64, time.Duration, error) {
		return w.projector, m.project(), ctx.Err()
	})
	return newWork(workOf(r.Shape.Vision, 1).projector, speed, p), err
}

// crop measures the layers of the tower, where the projector has a speed.
func (r *run) crop(ctx context.Context, m *model, projector float64) (*Work, error) {
	w := workOf(m.shape.Vision, len(m.keep))
	if _, err := m.encode(ctx); err != nil { // touches memory for the first time
		return nil, err
	}
	speed, p, err := r.timed(ctx, r.effort.rounds, r.arithmetic(m.form.Vision), func() (float64, time.Duration, error) {
		took, err := m.encode(ctx)
		return w.layers, w.layersIn(took, projector), err
	})
	return newWork(estimate.CropFLOP(r.Shape.Vision, r.Shape.Vision.Patches()), speed, p), err
}

// prefill leaves the prompt in kv and returns the logits after it.
func (r *run) prefill(ctx context.Context, m *model, kv *llm.KV, positions int) (work *Work, logits []float32, err error) {
	prompt := m.prompt(positions)
	flop := estimate.PrefillFLOP(m.shape.Text, positions)
	speed, p, err := r.timed(ctx, r.effort.prefills, r.arithmetic(m.form.Text), func() (work float64, took time.Duration, err error) {
		logits, took, err = m.prefill(ctx, prompt, kv)
		return flop, took, err
	})
	return newWork(estimate.PrefillFLOP(r.Shape.Text, positions), speed, p), logits, err
}

func newWork(flop float64, speed rate, p Profile) *Work {
	return &Work{FLOP: flop, FLOPS: speed.own, PeakFLOPS: speed.peak, Share: speed.share(), Profile: p}
}

// decoding measures tokens after what kv holds and adds the result.
func (r *run) decoding(ctx context.Context, to *Model, m *model, kv *llm.KV, logits []float32) error {
	d := Decoding{Positions: kv.Len()}
	speed, p, err := r.timed(ctx, r.effort.rounds, r.reading, func() (work float64, took time.Duration, err error) {
		d.Tokens, took, err = m.decode(ctx, logits, kv, tokens, r.effort.decode)
		return m.tokensBytes(d.Positions, d.Tokens), took, err
	})
	d.Read, d.PeakRead, d.Share, d.Profile = speed.own, speed.peak, speed.share(), p
	d.TokenBytes = estimate.TokenBytes(r.Shape.Text, m.form.Text, d.Positions+tokens/2)
	to.Decoding = append(to.Decoding, d)
	return err
}

// timed is between under the profiler.
func (r *run) timed(ctx context.Context, rounds int, peak func() float64, do turn) (speed rate, p Profile, err error) {
	p = profile(r.pool.Threads(), func() (took time.Duration) {
		speed, took, err = between(ctx, turns{rounds, r.effort.profiled}, peak, do)
		return took
	})
	return speed, p, err
}
