package tensor

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
)

// saved is the first n positions of a KV.
func saved(t *testing.T, c *KV, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.Save(&b, n); err != nil {
		t.Fatal(err)
	}
	if b.Len() != c.SavedBytes(n) {
		t.Fatalf("%d bytes, want %d", b.Len(), c.SavedBytes(n))
	}
	return b.Bytes()
}

// TestSavedPositionsAreTheSame goes on from restored positions, in a KV that had others, and wants the same bits.
func TestSavedPositionsAreTheSame(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	const heads, more = 3, 5
	r := rand.New(rand.NewPCG(5, 6))
	for _, form := range []Form{F32, BF16} {
		for _, headDim := range []int{8, 40, 64, 72, 80} {
			width := heads * headDim
			for _, n := range []int{1, 2, 3, 4, 15, 16, 31, 32, 33, 64, 97, 130} {
				what := fmt.Sprintf("%s, heads of %d, %d positions", form, headDim, n)
				k, v, q := random(r, n+more, width), random(r, n+more, width), random(r, n+more, width)
				whole := NewKV(form, heads, headDim, n+more+40)
				whole.extend(p, Rows(k, 0, n), Rows(v, 0, n))
				b := saved(t, whole, n)

				// The same positions before others, in another capacity, give the same bytes.
				longer := NewKV(form, heads, headDim, n+more)
				longer.extend(p, k, v)
				if !bytes.Equal(saved(t, longer, n), b) {
					t.Errorf("%s: other bytes where more positions follow", what)
				}

				restored := NewKV(form, heads, headDim, n+more+7)
				nan := New(n+more+7, width)
				for i := range nan.Data {
					nan.Data[i] = float32(math.NaN())
				}
				restored.extend(p, nan, nan)
				if err := restored.Restore(b, n); err != nil || restored.Len() != n {
					t.Fatalf("%s: %d positions, %v", what, restored.Len(), err)
				}
				for _, step := range []int{1, more - 1} {
					from := whole.Len()
					want, got := New(step, width), New(step, width)
					for _, run := range []struct {
						kv  *KV
						dst blas32.General
					}{{whole, want}, {restored, got}} {
						Attend(p, run.dst, Rows(q, from, from+step), Rows(k, from, from+step), Rows(v, from, from+step), run.kv, true)
					}
					if !slices.Equal(want.Data, got.Data) {
						t.Errorf("%s: %d after position %d differ", what, step, from)
					}
				}
			}
		}
	}
}

func TestSavedBytesAreFew(t *testing.T) {
	// 730 positions of the published shape are 2·2560 values each, but for the last panel of the keys.
	kv := NewKV(BF16, 32, 80, 2048)
	if n, want := kv.SavedBytes(730), 2*2560*(736+730); n != want {
		t.Errorf("%d bytes, want %d", n, want)
	}
	kv = NewKV(F32, 32, 80, 2048)
	if n, want := kv.SavedBytes(1), 4*2560*(32+1); n != want {
		t.Errorf("%d bytes, want %d", n, want)
	}
}

func TestRestoreRefusesWhatDoesNotFit(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	kv := NewKV(BF16, 2, 8, 10)
	kv.extend(p, New(7, 16), New(7, 16))
	b := saved(t, kv, 5)
	panics(t, "tensor: 7 positions of keys and values, 8 saved", func() { _ = kv.Save(nil, 8) })
	panics(t, "tensor: 7 positions of keys and values, -1 saved", func() { _ = kv.Save(nil, -1) })
	for _, c := range []struct {
		data []byte
		n    int
	}{{b, 11}, {b, -1}, {b[1:], 5}, {append(slices.Clone(b), 0), 5}, {nil, 5}} {
		if err := kv.Restore(c.data, c.n); err == nil || kv.Len() != 0 {
			t.Errorf("%d positions of %d bytes: %v, %d are there", c.n, len(c.data), err, kv.Len())
		}
	}
	if err := kv.Restore(b, 5); err != nil || kv.Len() != 5 {
		t.Errorf("%v, %d positions", err, kv.Len())
	}
	if one, other := kv.SavedLayout(), NewKV(F32, 2, 8, 10).SavedLayout(); one == other {
		t.Errorf("two forms have the layout %q", one)
	}
}
