package tensor

import (
	"fmt"
	"strings"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
)

// panics calls f, which must panic with a text that begins as said.
func panics(t *testing.T, text string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if said := fmt.Sprint(recover()); !strings.HasPrefix(said, text) {
			t.Errorf("panic %q, expected %q", said, text)
		}
	}()
	f()
}

func TestKVRefusesWhatDoesNotFit(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	const heads, headDim, capacity = 2, 8, 10
	for _, form := range []Form{F32, BF16} {
		kv := NewKV(form, heads, headDim, capacity)
		kv.extend(p, New(7, heads*headDim), New(7, heads*headDim))
		for _, c := range []struct {
			k, v blas32.General
			say  string
		}{
			{New(1, 15), New(1, 16), "tensor: keys [1, 15] and values [1, 16] appended at position 7 of 10, for 2 heads of 8"},
			{New(1, 16), New(1, 17), "tensor: keys [1, 16] and values [1, 17]"},
			{New(1, 8), New(1, 8), "tensor: keys [1, 8] and values [1, 8]"},
			{New(2, 16), New(1, 16), "tensor: keys [2, 16] and values [1, 16]"},
			{New(4, 16), New(4, 16), "tensor: keys [4, 16] and values [4, 16] appended at position 7 of 10"},
		} {
			panics(t, c.say, func() { kv.extend(p, c.k, c.v) })
			panics(t, c.say, func() { kv.append(0, 7, c.k, c.v) })
			if kv.Len() != 7 {
				t.Fatalf("%d positions after a refusal, expected 7", kv.Len())
			}
		}
		panics(t, "tensor: keys [1, 16] and values [1, 16] appended at position -1 of 10", func() { kv.append(0, -1, New(1, 16), New(1, 16)) })
		panics(t, "tensor: 7 positions of keys and values truncated to 8", func() { kv.Truncate(8) })
		panics(t, "tensor: 7 positions of keys and values truncated to -1", func() { kv.Truncate(-1) })
		kv.extend(p, New(3, heads*headDim), New(3, heads*headDim))
		kv.Truncate(10)
		kv.Truncate(0)
	}
}

// A task's panic is the caller's, also where a single row is appended head by head.
func TestAttendRefusesWhatDoesNotFit(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	kv, one := NewKV(BF16, 2, 8, 1), New(1, 16)
	Attend(p, New(1, 16), one, one, one, kv, true)
	panics(t, "tensor: keys [1, 16] and values [1, 16] appended at position 1 of 1", func() { Attend(p, New(1, 16), one, one, one, kv, true) })
}
