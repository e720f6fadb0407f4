package crop

import (
	"image"

	"github.com/nfnt/resize"
)

// resized is the box at size × size pixels, along x first and then along y, each rounded to 8 bits as Pillow rounds
// them. It is the definition: what else resizes gives the same bits.
func resized(img *image.RGBA, box image.Rectangle, size int) *image.RGBA {
	wide := widen(img, box)
	out := bicubic(wide, size, box.Dy())
	dropOutside(lines{out.Pix, 8, out.Stride, size, box.Dy()}, lines{wide.Pix, 8, wide.Stride, box.Dx(), box.Dy()})
	narrow := image.NewRGBA(out.Rect)
	round(narrow.Pix, out)
	tall := widen(narrow, narrow.Rect)
	out = bicubic(tall, size, size)
	dropOutside(lines{out.Pix, out.Stride, 8, size, size}, lines{tall.Pix, tall.Stride, 8, box.Dy(), size})
	result := image.NewRGBA(out.Rect)
	round(result.Pix, out)
	return result
}

// bicubic changes one side or both. nfnt/resize must be given 16-bit channels: with 8 it cuts its weights to 1/256.
func bicubic(m *image.RGBA64, width, height int) *image.RGBA64 {
	return resize.Resize(uint(width), uint(height), m, resize.Bicubic).(*image.RGBA64)
}

// widen copies a box to 16 bits a channel, 255 becoming 65535.
func widen(img *image.RGBA, box image.Rectangle) *image.RGBA64 {
	out := image.NewRGBA64(image.Rect(0, 0, box.Dx(), box.Dy()))
	for y := range box.Dy() {
		src := img.Pix[img.PixOffset(box.Min.X, box.Min.Y+y):][:4*box.Dx()]
		dst := out.Pix[y*out.Stride:][:8*box.Dx()]
		for i, v := range src {
			dst[2*i], dst[2*i+1] = v, v
		}
	}
	return out
}

// round writes m's channels as 8 bits, to the nearest.
func round(dst []uint8, m *image.RGBA64) {
	dst = dst[:len(m.Pix)/2]
	for i := range dst {
		dst[i] = uint8(to8(int32(m.Pix[2*i])<<8 | int32(m.Pix[2*i+1])))
	}
}

// to8 is v/257, to the nearest.
func to8[T int32 | pair](v T) T { return (v*0xff + 1<<15) >> 16 }

// lines are an RGBA64 picture seen along one axis: count lines of length pixels.
type lines struct {
	pix           []uint8
	step, next    int // bytes from a pixel to its neighbour in the line, and to the next line
	length, count int
}

func (l lines) channels(line, i int) []uint8 { return l.pix[line*l.next+i*l.step:][:6] }

// dropOutside corrects the resized lines near their ends; see reach.
func dropOutside(resized, source lines) {
	if resized.length == source.length {
		return
	}
	last := source.length - 1
	for i := range resized.length {
		reach := reachOf(i, resized.length, source.length)
		if !reach.outside() {
			continue
		}
		for line := range resized.count {
			p, first, final := resized.channels(line, i), source.channels(line, 0), source.channels(line, last)
			for c := 0; c < len(p); c += 2 {
				u := reach.drop(value(p[c:]), value(first[c:]), value(final[c:]))
				p[c], p[c+1] = uint8(u>>8), uint8(u)
			}
		}
	}
}

func value(p []uint8) int32 { return int32(p[0])<<8 | int32(p[1]) }
