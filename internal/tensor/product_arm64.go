package tensor

import (
	"sync"
	"unsafe"
)

// A vector of 128 bits holds few outputs, so that a register tile is of few rows, and widening the weights for it would cost as
// much as multiplying by some of them. Many rows therefore share what is widened: part by part, a panel is unpacked into memory of
// the nearest cache, from where several tiles take it. Few rows, for which memory is slower than arithmetic, unpack in registers.

const (
	sharingRows = 48 // most rows that share a part of a panel
	narrowRows  = 6  // most rows of a register tile over half the outputs of a panel
	wideRows    = 3  // most rows of one over all of them
	// The same of integers without SDOT.
	narrowRowsNEON = 2
	wideRowsNEON   = 1
)

// unpacked is room for a part of a panel: partInputs in float32, or intInputs in int8 with a scale for each group.
type unpacked [4 * panelWidth * (partInputs + partInputs/8)]byte

const (
	partInputs = 128
	intInputs  = 4 * partInputs
)

var rooms = sync.Pool{New: func() any { return new(unpacked) }}

// panelFunc is the signature of the assembly.
type panelFunc = func(rows, k int, a *byte, lda int, b *byte, c *float32, ldc int)

// sharing is a product whose rows share parts of panels.
type sharing struct {
	wide       panelFunc // for few rows
	wideRows   int
	unpack     func(n int, dst, src *byte) // nil if narrow takes a panel as it is
	narrow     panelFunc                   // for half the outputs of what unpack writes
	narrowRows int
	times      int // steps of that a step of k
	steps      int // of k a part
	panel      layout
}

// floatSharing is that of a form that is multiplied in float32; unpack is nil for F32.
func floatSharing(f Form, wide panelFunc, unpack func(n int, dst, src *byte)) sharing {
	l := storages[f].panel
	return sharing{wide: wide, wideRows: wideRows, unpack: unpack, narrow: narrowF32NEON, narrowRows: narrowRows, times: l.unit, steps: partInputs / l.unit, panel: l}
}

// intSharing is that of a form of integers on a tier.
func intSharing(f Form, t Tier, wide panelFunc, unpack func(n int, dst, src *byte)) sharing {
	l := storages[f].panel
	s := sharing{wide: wide, wideRows: wideRows, unpack: unpack, narrowRows: narrowRows, times: l.unit / 4, steps: intInputs / l.unit, panel: l}
	narrow := narrowSignedDotProd
	switch t {
	case I8MM:
		narrow = narrowPairsI8MM
	case NEON:
		narrow, s.wideRows, s.narrowRows = narrowSignedNEON, wideRowsNEON, narrowRowsNEON
	}
	group := l.group / 4
	s.narrow = func(rows, k int, a *byte, lda int, b *byte, c *float32, ldc int) {
		narrow(rows, k, a, lda, b, c, ldc, group)
	}
	return s
}

// complete adds the kernels to a product.
func (s sharing) complete(p product) product {
	p.rows, p.blockK = sharingRows, 2*s.steps*p.unit
	multiply := func(outputs int) func(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
		return func(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
			if rows <= s.wideRows {
				s.wide(rows, k, &a[0], lda, &b[0], &c[0], ldc)
				return
			}
			room := rooms.Get().(*unpacked)
			for from := 0; from < k; from += s.steps {
				at := from * p.unit
				s.part(rows, outputs, min(k-from, s.steps), a[p.x.bytes(at):], lda, &b[s.panel.bytes(at)], c, ldc, room)
			}
			rooms.Put(room)
		}
	}
	p.panel, p.narrow = multiply(panelWidth), multiply(panelWidth/2)
	return p
}

// part multiplies by a part of a panel of k steps, in register tiles of even height.
func (s sharing) part(rows, outputs, k int, a []byte, lda int, b *byte, c []float32, ldc int, room *unpacked) {
	if s.unpack != nil {
		s.unpack(k, &room[0], b)
		b = &room[0]
	}
	tiles := (rows + s.narrowRows - 1) / s.narrowRows
	for from := 0; from < outputs; from += panelWidth / 2 {
		for t := range tiles {
			r, end := t*rows/tiles, (t+1)*rows/tiles
			s.narrow(end-r, k*s.times, &a[r*lda], lda, (*byte)(unsafe.Add(unsafe.Pointer(b), 4*from)), &c[r*ldc+from], ldc)
		}
	}
}
