package weights

import (
	"testing"

	"github.com/mcllava/mcllava/internal/tensor"
)

func TestSyntheticTensors(t *testing.T) {
	p := tensor.NewPool(2)
	defer p.Close()
	s := Of(Synthetic{}, p, Forms{tensor.Q8, tensor.Q4})
	norm := s.LayerNorm("norm", 3, 1e-5)
	if got, want := norm.Gain, []float32{1, 1, 1}; len(got) != 3 || got[0] != want[0] || got[2] != want[2] {
		t.Errorf("gain %v, want %v", got, want)
	}
	for _, b := range norm.Bias {
		if b != 0 {
			t.Errorf("bias %v, want zeros", norm.Bias)
		}
	}
	l := s.Text().Linear("l", 70, 40)
	if out, in := l.Weight.Shape(); out != 70 || in != 40 || l.Weight.Form() != tensor.Q4 || len(l.Bias) != 70 {
		t.Errorf("weight [%d, %d] in %s with %d biases, want [70, 40] in q4 with 70", out, in, l.Weight.Form(), len(l.Bias))
	}
	if c := s.Vision().Convolution("c", 10, 3, 2); c.Weight.Form() != tensor.Q8 || c.Out() != 10 {
		t.Errorf("convolution to %d in %s, want 10 in q8", c.Out(), c.Weight.Form())
	}
	row := make([]float32, 8)
	s.Text().Embedding("e", 200, 8).Row(row, 199)
	for _, v := range append(row, s.Table("t", 5, 4).Data...) {
		if !(v != 0 && v < 0.1 && v > -0.1) {
			t.Fatalf("value %v, want a small random one", v)
		}
	}
	if err := s.Finish(func(string) bool { return false }); err != nil {
		t.Error(err)
	}
}

func TestCounter(t *testing.T) {
	c := &Counter{}
	s := Of(c, nil, Forms{tensor.Q8, tensor.Q4})
	s.LayerNorm("norm", 3, 1e-5)
	s.Text().Linear("l", 70, 40)
	s.Vision().Convolution("c", 10, 3, 2)
	s.Text().Embedding("e", 200, 8)
	s.Table("t", 5, 4)
	want := int64(4*(3+3+70+10+5*4) + 2*200*8 + tensor.PackedBytes(tensor.Q4, 70, 40) + tensor.PackedBytes(tensor.Q8, 10, 12))
	if c.Bytes != want {
		t.Errorf("%d bytes, want %d", c.Bytes, want)
	}
	if err := s.Finish(func(string) bool { return false }); err != nil {
		t.Error(err)
	}
}
