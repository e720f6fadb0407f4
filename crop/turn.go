package crop

import (
	"encoding/binary"
	"image"
)

// apply returns the upright picture, in the memory of m, whose bounds begin at (0, 0).
func (o orientation) apply(m *image.RGBA) *image.RGBA {
	if o < 2 || o > 8 {
		return m
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	m = visible(m, m.Rect) // without gaps between the rows
	if o >= 5 {
		transpose(m.Pix, w, h, 4*turnLines*min(w, h))
		w, h = h, w
	}
	switch o {
	case 2, 6:
		mirrorRows(m.Pix, w)
	case 3, 7:
		mirrorRows(m.Pix, w*h)
	case 4, 8:
		swapRows(m.Pix, w, h)
	}
	return &image.RGBA{Pix: m.Pix, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

func pixel(pix []uint8, i int) uint32 { return binary.LittleEndian.Uint32(pix[4*i:]) }

func setPixel(pix []uint8, i int, v uint32) { binary.LittleEndian.PutUint32(pix[4*i:], v) }

// mirrorRows reverses each row of w pixels.
func mirrorRows(pix []uint8, w int) {
	for ; len(pix) > 0; pix = pix[4*w:] {
		for i, j := 0, w-1; i < j; i, j = i+1, j-1 {
			a, b := pixel(pix, i), pixel(pix, j)
			setPixel(pix, i, b)
			setPixel(pix, j, a)
		}
	}
}

// swapRows puts the last row first.
func swapRows(pix []uint8, w, h int) {
	spare := make([]uint8, 4*w)
	for i, j := 0, h-1; i < j; i, j = i+1, j-1 {
		a, b := pix[4*w*i:][:4*w], pix[4*w*j:][:4*w]
		copy(spare, a)
		copy(a, b)
		copy(b, spare)
	}
}

// turnLines is how many lines of the shorter side's length transpose may take beside the picture: few stay in the cache, and the pieces
// that it puts in order must not be short.
const turnLines = 32

// transpose makes columns of the h rows of w pixels, in place and with about room bytes beside them. The longer side is cut into
// bands that are transposed on their own, and the pieces of which rows consist are then put in order, or the other way round; the
// few lines that make no whole band are kept aside meanwhile.
func transpose(pix []uint8, w, h, room int) {
	if w > h {
		n, rest := bands(w, h, room)
		b := (w - rest) / max(n, 1)
		aside := make([]uint8, 4*rest*h) // [rest, h], the last columns
		for y := range h {
			for x := range rest {
				setPixel(aside, x*h+y, pixel(pix, y*w+w-rest+x))
			}
			copy(pix[4*y*n*b:][:4*n*b], pix[4*y*w:])
		}
		reorder(pix, h, n, 4*b)
		each(pix, n, b, h)
		copy(pix[4*n*b*h:], aside)
		return
	}
	n, rest := bands(h, w, room)
	b := (h - rest) / max(n, 1)
	aside := append([]uint8(nil), pix[4*n*b*w:]...) // [rest, w], the last rows
	each(pix, n, w, b)
	reorder(pix, n, w, 4*b)
	for x := w - 1; x >= 0; x-- {
		copy(pix[4*x*h:], pix[4*x*n*b:][:4*n*b])
		for y := range rest {
			setPixel(pix, x*h+n*b+y, pixel(aside, y*w+x))
		}
	}
}

// bands is the number of equal bands of lines that a side of so many lines has, and how many lines remain, fewer than a band has.
func bands(lines, length, room int) (n, rest int) {
	b := min(max(room/4/length, 1), lines)
	return lines / b, lines % b
}

// each transposes n pictures of h rows of w pixels that lie one after the other.
func each(pix []uint8, n, w, h int) {
	const tile = 16
	spare := make([]uint8, 4*w*h)
	for i := range n {
		band := pix[4*i*w*h:][:4*w*h]
		copy(spare, band)
		for y0 := 0; y0 < h; y0 += tile {
			for x0 := 0; x0 < w; x0 += tile {
				for x := x0; x < min(x0+tile, w); x++ {
					for y := y0; y < min(y0+tile, h); y++ {
						setPixel(band, x*h+y, pixel(spare, y*w+x))
					}
				}
			}
		}
	}
}

// reorder transposes rows × columns pieces of size bytes, by following each cycle of places once.
func reorder(pix []uint8, rows, columns, size int) {
	done := make([]uint64, (rows*columns+63)/64)
	spare, next := make([]uint8, size), make([]uint8, size)
	for start := range rows * columns {
		if done[start/64]>>(start%64)&1 == 1 {
			continue
		}
		copy(spare, pix[start*size:][:size])
		for at := start; ; {
			to := at%columns*rows + at/columns
			place := pix[to*size:][:size]
			copy(next, place)
			copy(place, spare)
			spare, next = next, spare
			done[to/64] |= 1 << (to % 64)
			if at = to; at == start {
				break
			}
		}
	}
}
