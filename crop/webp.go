package crop

import (
	"context"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"iter"

	"golang.org/x/image/webp"
)

// decodeWebP decodes a still picture or the first frame of an animation.
func decodeWebP(ctx context.Context, data []byte, threads int) (*image.RGBA, error) {
	const animated = 1 << 1
	if len(data) < 30 || string(data[12:16]) != "VP8X" || data[20]&animated == 0 {
		return decodeStillWebP(ctx, data, threads, nil)
	}
	frame, at, err := firstFrame(data)
	if err != nil {
		return nil, err
	}
	width, height := 1+uint24(data[24:]), 1+uint24(data[27:])
	var picture *image.RGBA
	_, err = decodeStillWebP(ctx, frame, threads, func(w, h int) *image.RGBA {
		inside := image.Rect(0, 0, w, h).Add(at)
		if picture = white(ctx, width, height); !inside.In(picture.Rect) {
			picture = nil
			return nil
		}
		return picture.SubImage(inside).(*image.RGBA)
	})
	return picture, err
}

// decodeStillWebP writes to the room that it is given for its pixels, if it is given any. That is nil where there is no such place.
func decodeStillWebP(ctx context.Context, data []byte, threads int, room func(w, h int) *image.RGBA) (*image.RGBA, error) {
	m, err := webp.Decode(reader(ctx, data))
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	width, height := m.Bounds().Dx(), m.Bounds().Dy()
	collect(width, height) // what the decoder needed for alpha
	if n, ok := m.(*image.NRGBA); ok && room == nil {
		return opaque(n), nil
	}
	if room == nil {
		room = func(w, h int) *image.RGBA { return image.NewRGBA(image.Rect(0, 0, w, h)) }
	}
	out := room(width, height)
	if out == nil {
		return nil, errors.New("frame is outside of the picture")
	}
	switch m := m.(type) {
	case *image.YCbCr:
		rgbInto(out, m, triangleWebP, limitedColour, threads)
	case *image.NYCbCrA:
		rgbInto(out, &m.YCbCr, triangleWebP, limitedColour, threads)
		for y := range height {
			for x, a := range m.A[y*m.AStride:][:width] {
				out.Pix[y*out.Stride+4*x+3] = a
			}
		}
		layStraight(out)
	default:
		opaqueInto(out, m)
	}
	return out, nil
}

// firstFrame makes a still WebP of an animation's first frame and tells where the frame stands.
// The chunks are those of https://developers.google.com/speed/webp/docs/riff_container.
func firstFrame(data []byte) (still []byte, at image.Point, err error) {
	const (
		frameHeader = 16
		hasAlpha    = 1 << 4
	)
	for name, body := range webpChunks(data) {
		if name != "ANMF" {
			continue
		}
		if len(body) < frameHeader+8 {
			return nil, at, errors.New("frame has no picture")
		}
		at = image.Pt(2*uint24(body), 2*uint24(body[3:]))
		var flags uint32
		if string(body[frameHeader:][:4]) == "ALPH" {
			flags = hasAlpha
		}
		still = append(still, "RIFF????WEBPVP8X\x0a\x00\x00\x00"...)
		still = binary.LittleEndian.AppendUint32(still, flags)
		still = append(still, body[6:12]...)
		still = append(still, body[frameHeader:]...)
		if len(still)%2 == 1 {
			still = append(still, 0)
		}
		binary.LittleEndian.PutUint32(still[4:], uint32(len(still)-8))
		return still, at, nil
	}
	return nil, at, io.ErrUnexpectedEOF
}

// webpChunks are the names and contents of a file's whole chunks.
func webpChunks(data []byte) iter.Seq2[string, []byte] {
	const header = 8
	return func(yield func(string, []byte) bool) {
		for rest := data[12:]; len(rest) >= header; {
			length := int64(binary.LittleEndian.Uint32(rest[4:]))
			if length+header > int64(len(rest)) || !yield(string(rest[:4]), rest[header:header+length]) {
				return
			}
			rest = rest[min(header+length+length%2, int64(len(rest))):]
		}
	}
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// triangleWebP is libwebp's interpolation of 4:2:0 chroma (upsampling.c): weights 9, 3, 3 and 1 sixteenths, rounded
// in two steps. A sample missing at an edge is replaced by its neighbour, as there.
func triangleWebP(dst []uint8, p plane, y int) {
	near, far := p.row(y/2), p.row(y/2+1)
	if y%2 == 0 {
		far = p.row(y/2 - 1)
	}
	far = far[:len(near)]
	last := len(near) - 1
	for i, v := range near {
		n, d := int(v), int(far[i])
		for side, j := range [2]int{max(i-1, 0), min(i+1, last)} {
			h, diagonal := int(near[j]), int(far[j])
			dst[2*i+side] = uint8(((n+3*h+3*d+diagonal+8)>>3 + n) >> 1)
		}
	}
}

// limitedColour is the limited-range BT.601 (luma 16…235, chroma 16…240) of VP8 in libwebp's fixed point (yuv.h).
func limitedColour(dst, y, cb, cr []uint8) {
	cb, cr = cb[:len(y)], cr[:len(y)]
	for i, v := range y {
		luma, b, r := int32(v)*19077>>8, int32(cb[i]), int32(cr[i])
		p := dst[4*i : 4*i+4 : 4*i+4]
		p[0] = clamp8((luma + r*26149>>8 - 14234) >> 6)
		p[1] = clamp8((luma - b*6419>>8 - r*13320>>8 + 8708) >> 6)
		p[2] = clamp8((luma + b*33050>>8 - 17685) >> 6)
		p[3] = 0xff
	}
}
