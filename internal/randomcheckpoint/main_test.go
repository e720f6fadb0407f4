package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/tokenizer"
)

const vocabulary = "../../testdata/tokenizer"

// miniature is the shape of a checkpoint of a few kilobytes.
func miniature() config {
	c := mcLLaVA3B()
	c.VocabSize = 64
	c.Text.Vocab, c.Text.Hidden, c.Text.Intermediate, c.Text.Layers, c.Text.Heads = 64, 16, 24, 2, 2
	c.Vision.Hidden, c.Vision.Intermediate, c.Vision.Layers, c.Vision.Heads, c.Vision.Image = 8, 11, 3, 2, 30
	return c
}

func open(t *testing.T, dir string) *safetensors.Checkpoint {
	t.Helper()
	c, err := safetensors.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestMiniature(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := write(dir, miniature(), 1, vocabulary, 8000); err != nil {
		t.Fatal(err)
	}
	c := open(t, dir)
	l := describe(miniature())
	if len(c.Names()) != len(l.tensors) {
		t.Errorf("%d tensors, expected %d", len(c.Names()), len(l.tensors))
	}
	for _, want := range l.tensors {
		got, ok := c.Tensor(want.Name)
		if !ok || got.DType != safetensors.F16 || !slices.Equal(got.Shape, want.Shape) {
			t.Errorf("%q: %v %v, expected %v", want.Name, got.DType, got.Shape, want.Shape)
		}
	}
	if shards, _ := filepath.Glob(filepath.Join(dir, "model-*-of-*.safetensors")); len(shards) < 2 {
		t.Errorf("shards %v", shards)
	}
	if _, err := tokenizer.Load(os.DirFS(dir)); err != nil {
		t.Error(err)
	}
	var back config
	text, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, miniature()) {
		t.Errorf("config.json: %+v, %v", back, err)
	}

	err = write(dir, miniature(), 1, vocabulary, 8000)
	if err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a second time: %v", err)
	}
}

func TestSeed(t *testing.T) {
	bytesOf := func(seed uint64, limit int64) []byte {
		dir := t.TempDir()
		if err := write(dir, miniature(), seed, vocabulary, limit); err != nil {
			t.Fatal(err)
		}
		var b []byte
		c := open(t, dir)
		for _, name := range c.Names() {
			tensor, _ := c.Tensor(name)
			b = append(b, tensor.Data...)
		}
		return b
	}
	one := bytesOf(1, 8000)
	if !bytes.Equal(one, bytesOf(1, 1<<20)) {
		t.Error("the shards change the weights")
	}
	if bytes.Equal(one, bytesOf(2, 8000)) {
		t.Error("another seed gives the same weights")
	}
}

// The names are those of a checkpoint saved by the published code.
func TestNames(t *testing.T) {
	published, err := os.ReadFile("../../testdata/mini-f16-sharded/model.safetensors.index.json")
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(published, &index); err != nil {
		t.Fatal(err)
	}
	c := mcLLaVA3B()
	c.Text.Layers, c.Vision.Layers = 2, 2
	got := slices.Sorted(maps.Keys(describe(c).of))
	if want := slices.Sorted(maps.Keys(index.WeightMap)); !slices.Equal(got, want) {
		t.Errorf("names %q, expected %q", got, want)
	}
}

func TestFullSize(t *testing.T) {
	var total int64
	for _, tensor := range describe(mcLLaVA3B()).tensors {
		total += size(tensor)
	}
	if total < 6_300_000_000 || total > 6_500_000_000 {
		t.Errorf("%d bytes", total)
	}
}

func TestDistribution(t *testing.T) {
	want := normal{0.5, 0.02}
	g := &generator{seed: 1, of: map[string]normal{"w": want}, tables: map[normal]*[1 << 16]uint16{}}
	tensor := safetensors.Tensor{Name: "w", DType: safetensors.F16, Shape: []int{1_000_003}}
	var err error
	if tensor.Data, err = g.data(tensor); err != nil {
		t.Fatal(err)
	}
	v := make([]float32, tensor.Elements())
	if err := tensor.Float32s(v); err != nil {
		t.Fatal(err)
	}
	var sum, squares, next float64
	for i, x := range v {
		d := float64(x) - want.mean
		sum += d
		squares += d * d
		if i > 0 {
			next += d * (float64(v[i-1]) - want.mean)
		}
	}
	n := float64(len(v))
	deviation := math.Sqrt(squares / n)
	if !(math.Abs(sum/n) < 1e-4) || !(math.Abs(deviation-want.deviation) < 1e-4) || !(math.Abs(next/squares) < 5e-3) {
		t.Errorf("mean off by %g, deviation %g, correlation of neighbours %g", sum/n, deviation, next/squares)
	}
}

func TestHalf(t *testing.T) {
	tensor := safetensors.Tensor{Name: "h", DType: safetensors.F16, Shape: []int{1}, Data: make([]byte, 2)}
	v := make([]float32, 1)
	for i := range 0x7c00 {
		tensor.Data[0], tensor.Data[1] = byte(i), byte(i>>8)
		if err := tensor.Float32s(v); err != nil {
			t.Fatal(err)
		}
		if got := half(float64(v[0])); got != uint16(i) {
			t.Fatalf("half(%g) = %#04x, expected %#04x", v[0], got, i)
		}
	}
	for v, want := range map[float64]uint16{-1: 0xbc00, 1 + 0x1p-11: 0x3c00, 1 + 0x3p-11: 0x3c02, 0x1p-25: 0, 0x3p-25: 2, 2 - 0x1p-12: 0x4000} {
		if got := half(v); got != want {
			t.Errorf("half(%g) = %#04x, expected %#04x", v, got, want)
		}
	}
}

func BenchmarkData(b *testing.B) {
	tensor := safetensors.Tensor{Name: "w", DType: safetensors.F16, Shape: []int{1 << 22}}
	g := &generator{seed: 1, of: map[string]normal{"w": weight}, tables: map[normal]*[1 << 16]uint16{}}
	b.SetBytes(size(tensor))
	for b.Loop() {
		d, err := g.data(tensor)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Discard.Write(d); err != nil {
			b.Fatal(err)
		}
	}
}
