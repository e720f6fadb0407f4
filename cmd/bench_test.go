package cmd

import (
	"bytes"
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/bench"
	"github.com/mcllava/mcllava/internal/tensor"
)

func TestBenchOptions(t *testing.T) {
	for _, c := range []struct {
		args string
		want benchOptions
	}{
		{"", benchOptions{Precisions: benchPrecisions}},
		{"--quick --threads 3 --json", benchOptions{Precisions: benchPrecisions, Quick: true, Threads: 3, JSON: true}},
		{"--precision q8,f32", benchOptions{Precisions: []string{"q8", "f32"}}},
	} {
		var got benchOptions
		command := newBench(Streams{}, func(_ context.Context, _ Streams, o benchOptions) error { got = o; return nil })
		command.SetArgs(strings.Fields(c.args))
		if err := command.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %+v, want %+v", c.args, got, c.want)
		}
	}
}

// benched is as bench.Run gives it for two precisions, one of them too large for the machine.
func benched() *bench.Report {
	work := &bench.Work{FLOP: 667e9, Seconds: 1.5, FLOPS: 440e9, PeakFLOPS: 500e9, Share: 0.88, Profile: bench.Profile{Busy: 0.97, Parts: []bench.Part{{Operation: "products", Share: 0.75}}}}
	return &bench.Report{
		CPU: "A CPU", Features: []string{"avx2", "fma"}, Tier: "avx2", Kernels: "avx2,attention=f32", Threads: 2, System: "linux/amd64", Program: "v1", Go: "go1",
		Chosen: []tensor.Measured{{Choice: "attention", Used: "f32", Ways: []tensor.Way{{Name: "bf16", Rate: 40e9}, {Name: "f32", Rate: 71e9}}}},
		Peaks:  []bench.Peak{{Forms: []string{"f16", "f32"}, Instruction: "VFMADD231PS", FLOPS: 500e9}}, Read: 54e9,
		Products: []bench.Product{
			{Rows: 729, In: 588, Out: 1152, Form: "f16", FLOPS: 400e9, PeakFLOPS: 500e9, Share: 0.8},
			{Rows: 729, In: 588, Out: 1152, Form: "q8", FLOPS: 900e9},
			{Rows: 768, In: 2560, Out: 2560, Form: "f16", FLOPS: 410e9, PeakFLOPS: 500e9, Share: 0.82},
			{Rows: 768, In: 2560, Out: 2560, Form: "q8", FLOPS: 910e9},
		},
		Models: []bench.Model{
			{Precision: "f16", Skipped: "needs 7.0 GB of memory, 4.0 are available"},
			{
				Precision: "q8", VisionLayers: 27, TextLayers: 32, MemoryBytes: 3.9e9, Crop: work, Projector: work, Prefill: work,
				Decoding:  []bench.Decoding{{Positions: 16, TokensPerSecond: 27.3, TokenBytes: 2.75e9, Share: 0.9}, {Positions: 768, TokensPerSecond: 25.2, TokenBytes: 2.99e9, Share: 0.9}},
				Questions: []bench.Answer{{MaxCrops: 100, Crops: 97, Tokens: 20, Total: 71.6}},
			},
		},
	}
}

func TestBenchText(t *testing.T) {
	text := benchText(benched())
	for _, want := range []string{
		"A CPU, 2 threads, linux/amd64",
		"kernels avx2,attention=f32; the CPU has avx2 fma\nmcllava v1, go1\nattention by f32: bf16 40, f32 71 GFLOP/s on a thread, as measured\n",
		"f16, f32             500 GFLOP/s  VFMADD231PS",
		"  729    588   1152     400  80%     900    –",
		"f16 was not measured: it needs 7.0 GB of memory, 4.0 are available",
		"all layers timed",
		"one crop through the tower (667 GFLOP), s      1.50",
		"tokens a second after 768                      25.2",
		"products                                      75.0%",
		"--max-crops 100 (97 crops)                     71.6",
		"memory, GB                                      3.9",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no «%s» in\n%s", want, text)
		}
	}
	r := benched()
	r.Quick, r.Peaks, r.Models = true, nil, r.Models[:1]
	if text := benchText(r); !strings.Contains(text, "peaks: not known for the avx2 kernels") || strings.Contains(text, "a question") {
		t.Errorf("without peaks and models:\n%s", text)
	}
	r = benched()
	r.Quick = true
	if text := benchText(r); !strings.Contains(text, "computed from 27 layers of the tower and 32 of the decoder") {
		t.Errorf("quick:\n%s", text)
	}
}

func TestBenchProgress(t *testing.T) {
	var b bytes.Buffer
	show, clear := benchProgress(&b)
	clear()
	show("peaks", 0, 3)
	clear()
	if !strings.Contains(b.String(), "peaks") {
		t.Errorf("progress %q", b.String())
	}
}
