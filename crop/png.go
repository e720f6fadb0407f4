package crop

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"slices"
	"strings"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngChunk is one chunk of a PNG, or what there is of it.
type pngChunk struct {
	kind string
	body []byte
	all  []byte // with length, kind and checksum
}

// nextPNGChunk cuts the next chunk from data; false at the end of the file.
func nextPNGChunk(data []byte) (c pngChunk, rest []byte, ok bool) {
	const head, checksum = 8, 4
	if len(data) < head {
		return pngChunk{}, nil, false
	}
	end := uint64(binary.BigEndian.Uint32(data)) + head + checksum
	c = pngChunk{kind: string(data[4:head]), all: data[:min(end, uint64(len(data)))]}
	if uint64(len(data)) < end {
		return c, nil, true
	}
	c.body = data[head : end-checksum]
	return c, data[end:], true
}

// whole tells a chunk with the right checksum.
func (c pngChunk) whole() bool {
	n := len(c.all) - 4
	return n >= 8 && binary.BigEndian.Uint32(c.all[n:]) == crc32.ChecksumIEEE(c.all[4:n])
}

// pngHeader is what the chunk IHDR says, if it stands where it must.
type pngHeader struct {
	chunk           pngChunk
	width, height   uint32
	depth, colour   byte
	interlaced, iOS bool
}

func readPNGHeader(data []byte) (h pngHeader, ok bool) {
	if !begins(data, pngSignature) {
		return h, false
	}
	c, rest, _ := nextPNGChunk(data[len(pngSignature):])
	if h.iOS = c.kind == "CgBI"; h.iOS {
		c, _, _ = nextPNGChunk(rest)
	}
	if c.kind != "IHDR" || len(c.body) < 13 {
		return h, false
	}
	h.chunk = c
	h.width, h.height = binary.BigEndian.Uint32(c.body), binary.BigEndian.Uint32(c.body[4:])
	h.depth, h.colour, h.interlaced = c.body[8], c.body[9], c.body[12] != 0
	return h, true
}

// Colour types.
const (
	pngGrey      = 0
	pngRGB       = 2
	pngPalette   = 3
	pngGreyAlpha = 4
	pngRGBA      = 6
)

func (h pngHeader) bitsPerPixel() uint64 {
	channels := map[byte]uint64{pngRGB: 3, pngGreyAlpha: 2, pngRGBA: 4}[h.colour]
	return uint64(h.depth) * max(channels, 1)
}

// rawSize is the number of bytes that the pixels have before they are compressed, of each row one for its filter.
func (h pngHeader) rawSize() uint64 {
	size := func(width, height uint32) uint64 {
		if width == 0 {
			return 0
		}
		return uint64(height) * (1 + (uint64(width)*h.bitsPerPixel()+7)/8)
	}
	if !h.interlaced {
		return size(h.width, h.height)
	}
	var sum uint64
	for _, pass := range [7]struct{ x, y, dx, dy uint32 }{
		{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
	} {
		sum += size((h.width-pass.x+pass.dx-1)/pass.dx, (h.height-pass.y+pass.dy-1)/pass.dy)
	}
	return sum
}

// keeps says whether a chunk is for package png, which checks those that it does not need, too. Where a chunk that a picture can
// do without is broken, it does without it, as libpng does.
func (h pngHeader) keeps(c pngChunk) bool {
	const ancillary = 0x20
	switch {
	case c.kind == "CgBI":
		return false
	case c.kind == "PLTE":
		return h.colour != pngGrey && h.colour != pngGreyAlpha
	case c.kind == "tRNS":
		fits := map[byte]bool{pngGrey: len(c.body) == 2, pngRGB: len(c.body) == 6, pngPalette: len(c.body) <= 256}[h.colour]
		return fits && c.whole()
	}
	return c.kind[0]&ancillary == 0
}

// pngReader reads the chunks that package png is to see.
type pngReader struct {
	ctx          context.Context
	header       pngHeader
	now, further []byte
}

func newPNGReader(ctx context.Context, data []byte) *pngReader {
	h, ok := readPNGHeader(data)
	if !ok {
		return &pngReader{ctx: ctx, now: data}
	}
	return &pngReader{ctx, h, data[:len(pngSignature)], data[len(pngSignature):]}
}

func (r *pngReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	for len(r.now) == 0 {
		c, rest, ok := nextPNGChunk(r.further)
		if !ok {
			return 0, io.EOF
		}
		if r.further = rest; r.header.keeps(c) {
			r.now = c.all
		}
	}
	n := copy(p, r.now)
	r.now = r.now[n:]
	return n, nil
}

func pngHead(data []byte) (image.Config, error) {
	return png.DecodeConfig(newPNGReader(context.Background(), data))
}

func decodePNG(ctx context.Context, data []byte, _ int) (*image.RGBA, error) {
	if h, ok := readPNGHeader(data); ok && h.iOS {
		return decodeIOSPNG(ctx, data, h)
	}
	m, err := png.Decode(newPNGReader(ctx, data))
	if err != nil && strings.Contains(err.Error(), "too much pixel data") {
		h, _ := readPNGHeader(data)
		m, err = png.Decode(repackedPNG(ctx, data, h, true))
	}
	if err != nil {
		return nil, err
	}
	return opaque(m), nil
}

// decodeIOSPNG decodes what Apple's tools make of a PNG: pixels compressed without zlib's header, blue before red, and colours
// multiplied by alpha (theapplewiki.com/wiki/PNG_CgBI_Format).
func decodeIOSPNG(ctx context.Context, data []byte, h pngHeader) (*image.RGBA, error) {
	m, err := png.Decode(repackedPNG(ctx, data, h, false))
	if err != nil {
		return nil, err
	}
	var out *image.RGBA
	switch m := m.(type) {
	case *image.NRGBA:
		out = &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
	case *image.RGBA:
		out = m
	default:
		if h.colour == pngRGB || h.colour == pngRGBA {
			return nil, errors.New("an iOS PNG of 16-bit samples is not supported, convert it first")
		}
		return opaque(m), nil
	}
	for i := 0; i < len(out.Pix); i += 4 {
		out.Pix[i], out.Pix[i+2] = out.Pix[i+2], out.Pix[i]
	}
	layPremultiplied(out)
	return out, nil
}

// repackedPNG is the picture with as much of its pixel data as its size needs, in a new zlib stream.
func repackedPNG(ctx context.Context, data []byte, h pngHeader, zlibbed bool) io.Reader {
	head := slices.Concat([]byte(pngSignature), h.chunk.all)
	for rest := data[len(pngSignature):]; ; {
		c, next, ok := nextPNGChunk(rest)
		if !ok || c.kind == "IDAT" || c.kind == "IEND" {
			break
		}
		if rest = next; c.kind != "IHDR" && h.keeps(c) {
			head = append(head, c.all...)
		}
	}
	packed := &idatReader{ctx: ctx, rest: data[len(pngSignature):]}
	if zlibbed {
		const zlibHead = 2
		_, _ = io.CopyN(io.Discard, packed, zlibHead)
	}
	pixels := io.LimitReader(flate.NewReader(packed), int64(min(h.rawSize(), 1<<62)))
	end := pngChunkOf("IEND", nil)
	return io.MultiReader(bytes.NewReader(head), &idatWriter{from: pixels}, bytes.NewReader(end))
}

func pngChunkOf(kind string, body []byte) []byte {
	c := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	c = append(append(c, kind...), body...)
	return binary.BigEndian.AppendUint32(c, crc32.ChecksumIEEE(c[4:]))
}

// idatReader reads what the IDAT chunks hold.
type idatReader struct {
	ctx       context.Context
	now, rest []byte
}

func (r *idatReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	for len(r.now) == 0 {
		c, rest, ok := nextPNGChunk(r.rest)
		if !ok {
			return 0, io.ErrUnexpectedEOF
		}
		r.rest = rest
		switch {
		case c.kind == "IEND":
			return 0, io.EOF
		case c.kind == "IDAT" && rest == nil && c.body == nil:
			return 0, io.ErrUnexpectedEOF
		case c.kind == "IDAT" && !c.whole():
			return 0, errors.New("png: invalid format: invalid checksum")
		case c.kind == "IDAT":
			r.now = c.body
		}
	}
	n := copy(p, r.now)
	r.now = r.now[n:]
	return n, nil
}

// idatWriter reads as the IDAT chunks that hold from.
type idatWriter struct {
	from   io.Reader
	packed bytes.Buffer
	zlib   *zlib.Writer
	now    []byte
	buffer [1 << 15]byte
	done   bool
}

func (w *idatWriter) Read(p []byte) (int, error) {
	if w.zlib == nil {
		w.zlib, _ = zlib.NewWriterLevel(&w.packed, zlib.NoCompression)
	}
	for len(w.now) == 0 {
		if w.done {
			return 0, io.EOF
		}
		n, err := io.ReadFull(w.from, w.buffer[:])
		_, _ = w.zlib.Write(w.buffer[:n])
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			w.done = true
			_ = w.zlib.Close()
		case err != nil:
			return 0, err
		}
		if w.packed.Len() > 0 {
			w.now = pngChunkOf("IDAT", w.packed.Bytes())
			w.packed.Reset()
		}
	}
	n := copy(p, w.now)
	w.now = w.now[n:]
	return n, nil
}
