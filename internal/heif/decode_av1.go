//go:build !noheif

package heif

import (
	"encoding/binary"
	"fmt"
	"image"
	"math"
)

// decodeAV1 calls decode of decode.c in github.com/gen2brain/avif, which wants room for premultiplied RGBA.
func (p *Picture) decodeAV1() (image.Image, error) {
	in, err := av1.start(p)
	if err != nil {
		return nil, err
	}
	defer in.close()
	file := in.write(p.file.data)
	for i, b := range []byte("avif") { // the first brand: the still picture, not the first of a sequence
		in.poke(file, 8+i, b)
	}
	told := in.alloc(4 * 4) // width, height, depth, count
	done := in.alloc(8)     // the duration of a frame, written once it is decoded
	arguments := []uint64{file, uint64(len(p.file.data)), 1, 0, told, told + 4, told + 8, told + 12, done, 0}
	if in.call("decode", arguments...) == 0 {
		return nil, in.or(errDecoder)
	}
	if w, h := in.number(told), in.number(told+4); w != p.Width || h != p.Height {
		return nil, in.or(fmt.Errorf("holds %d×%d pixels, its header claims %d×%d", w, h, p.Width, p.Height))
	}
	bytes := 4
	if in.number(told+8) > 8 {
		bytes = 8
	}
	size := p.Width * p.Height * bytes
	out := in.alloc(size)
	for i := range 8 {
		in.poke(done, i, 0xff)
	}
	arguments[2], arguments[9] = 0, out
	if in.call("decode", arguments...) == 0 {
		return nil, in.or(errDecoder)
	}
	if mark := in.read(done, 8); in.err == nil && binary.LittleEndian.Uint64(mark) == math.MaxUint64 {
		return nil, errDecoder
	}
	pix := in.read(out, size)
	if in.err != nil {
		return nil, in.err
	}
	rect := image.Rect(0, 0, p.Width, p.Height)
	if bytes == 8 {
		for i := 0; i+1 < len(pix); i += 2 {
			pix[i], pix[i+1] = pix[i+1], pix[i]
		}
		return &image.RGBA64{Pix: pix, Stride: p.Width * bytes, Rect: rect}, nil
	}
	return &image.RGBA{Pix: pix, Stride: p.Width * bytes, Rect: rect}, nil
}
