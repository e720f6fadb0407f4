package tensor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
)

// kvOf is a KV in memory of its own that has the stretches of the first n positions of another, and noise elsewhere.
func kvOf(t *testing.T, c *KV, n, capacity int) *KV {
	t.Helper()
	memory := aligned(KVBytes(c.form, c.heads, c.headDim, capacity))
	for i := range memory {
		memory[i] = byte(i*7 + 3)
	}
	end := 0
	for at, b := range c.Stretches(n, capacity) {
		if at < end || at+len(b) > len(memory) {
			t.Fatalf("a stretch of %d bytes at %d, expected one from %d to %d", len(b), at, end, len(memory))
		}
		end = at + copy(memory[at:], b)
	}
	return KVIn(c.form, c.heads, c.headDim, capacity, memory, n)
}

// stretches are the bytes of a KV's first n positions.
func stretches(c *KV, n, capacity int) (all [][]byte) {
	for _, b := range c.Stretches(n, capacity) {
		all = append(all, slices.Clone(b))
	}
	return all
}

// TestSavedPositionsAreTheSame goes on from positions in other memory, and from copied ones, and wants the same bits.
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

				longer := NewKV(form, heads, headDim, n+more)
				longer.extend(p, k, v)
				if !slices.EqualFunc(stretches(whole, n, n+99), stretches(longer, n, n+more), slices.Equal) {
					t.Errorf("%s: other bytes where more positions follow", what)
				}

				copied := NewKV(form, heads, headDim, n+more+7)
				nan := New(n+more+7, width)
				for i := range nan.Data {
					nan.Data[i] = float32(math.NaN())
				}
				copied.extend(p, nan, nan)
				copied.Copy(longer, n)
				others := []*KV{kvOf(t, longer, n, n+more), kvOf(t, whole, n, n+more+33), copied}
				for _, step := range []int{1, more - 1} {
					from := whole.Len()
					attend := func(kv *KV) blas32.General {
						dst := New(step, width)
						Attend(p, dst, Rows(q, from, from+step), Rows(k, from, from+step), Rows(v, from, from+step), kv, true)
						return dst
					}
					want := attend(whole)
					for i, other := range others {
						if got := attend(other); !slices.Equal(want.Data, got.Data) {
							t.Errorf("%s: %d after position %d differ (%d)", what, step, from, i)
						}
					}
				}
			}
		}
	}
}

func TestStretchesAreFew(t *testing.T) {
	// 730 positions of the published shape are 80 keys and three panels of values a head, and 6 positions to the end of a panel of keys.
	kv := NewKV(BF16, 32, 80, 2048)
	kv.length = 730
	n := 0
	for _, b := range kv.Stretches(730, 1114) {
		n += len(b)
	}
	if want := 2 * 32 * (80*736 + 96*730); n > want {
		t.Errorf("%d bytes, want %d at most", n, want)
	}
}

func TestKVInRefusesWhatDoesNotFit(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	kv := NewKV(BF16, 2, 8, 10)
	kv.extend(p, New(7, 16), New(7, 16))
	panics(t, "tensor: 7 positions of keys and values, 8 asked for", func() { kv.Stretches(8, 10) })
	panics(t, "tensor: 7 positions of keys and values, -1 asked for", func() { kv.Stretches(-1, 10) })
	panics(t, "tensor: 7 positions of keys and values, 5 asked for in room for 4", func() { kv.Stretches(5, 4) })
	panics(t, "tensor: 7 positions of", func() { NewKV(F32, 2, 8, 10).Copy(kv, 7) })
	panics(t, "tensor: 7 positions of", func() { NewKV(BF16, 2, 8, 6).Copy(kv, 7) })
	memory := aligned(KVBytes(BF16, 2, 8, 10))
	panics(t, "tensor: 11 positions of keys and values in", func() { KVIn(BF16, 2, 8, 10, memory, 11) })
	panics(t, "tensor: 1 positions of keys and values in", func() { KVIn(BF16, 2, 8, 10, memory[1:], 1) })
	if one, other := kv.KVLayout(), NewKV(F32, 2, 8, 10).KVLayout(); one == other {
		t.Errorf("two forms have the layout %q", one)
	}
}
