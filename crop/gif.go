package crop

import (
	"compress/lzw"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
)

// gifFrame is what a GIF says before the pixels of its first frame.
type gifFrame struct {
	width, height int             // of the screen, made larger where the frame reaches beyond it
	place         image.Rectangle // of the frame on the screen
	table         [256][4]uint8   // colours; shades of grey where the file has none
	transparent   int             // place in the table, -1 if there is none
	interlaced    bool
	codes         []byte // from the size of the first code on
}

const gifHead = 13

// readGIF walks the blocks up to the first frame. It takes what other readers take: bytes between blocks, a frame that is larger
// than the screen, a screen without size.
func readGIF(data []byte) (*gifFrame, error) {
	if len(data) < gifHead {
		return nil, io.ErrUnexpectedEOF
	}
	if version := string(data[3:6]); version != "87a" && version != "89a" {
		return nil, fmt.Errorf("version %q, expected 87a or 89a", version)
	}
	f := &gifFrame{width: int(uint16le(data[6:])), height: int(uint16le(data[8:])), transparent: -1}
	for i := range f.table {
		f.table[i] = [4]uint8{uint8(i), uint8(i), uint8(i), 0xff}
	}
	rest, err := f.readTable(data[gifHead:], data[10])
	for err == nil {
		if len(rest) < 2 {
			return nil, io.ErrUnexpectedEOF
		}
		switch rest[0] {
		case '!':
			const control = 0xf9
			if body := rest[2:]; rest[1] == control && len(body) > 4 && body[0] >= 4 {
				if f.transparent = -1; body[1]&1 != 0 {
					f.transparent = int(body[4])
				}
			}
			rest, err = skipGIFBlocks(rest[2:])
		case ',':
			return f, f.readPlace(rest[1:])
		case ';':
			return nil, errors.New("holds no frame")
		default:
			rest = rest[1:]
		}
	}
	return nil, err
}

func (f *gifFrame) readPlace(b []byte) error {
	if len(b) < 9 {
		return io.ErrUnexpectedEOF
	}
	x, y, w, h := int(uint16le(b)), int(uint16le(b[2:])), int(uint16le(b[4:])), int(uint16le(b[6:]))
	f.place = image.Rect(x, y, x+w, y+h)
	f.width, f.height = max(f.width, x+w), max(f.height, y+h)
	if f.place.Empty() {
		return errors.New("its first frame has no pixels")
	}
	f.interlaced = b[8]&0x40 != 0
	var err error
	f.codes, err = f.readTable(b[9:], b[8])
	return err
}

// readTable reads the colours that flags tell of, and returns what follows.
func (f *gifFrame) readTable(b []byte, flags byte) ([]byte, error) {
	if flags&0x80 == 0 {
		return b, nil
	}
	n := 2 << (flags & 7)
	if len(b) < 3*n {
		return nil, io.ErrUnexpectedEOF
	}
	for i := range n {
		f.table[i] = [4]uint8{b[3*i], b[3*i+1], b[3*i+2], 0xff}
	}
	return b[3*n:], nil
}

func uint16le(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 }

// skipGIFBlocks returns what follows a chain of blocks and the empty one that ends it.
func skipGIFBlocks(b []byte) ([]byte, error) {
	for len(b) > 0 {
		n := 1 + int(b[0])
		if n == 1 {
			return b[1:], nil
		}
		b = b[min(n, len(b)):]
	}
	return nil, io.ErrUnexpectedEOF
}

// gifBlocks reads what a chain of blocks holds.
type gifBlocks struct{ now, rest []byte }

func (g *gifBlocks) Read(p []byte) (int, error) {
	for len(g.now) == 0 {
		switch {
		case len(g.rest) == 0:
			return 0, io.ErrUnexpectedEOF
		case g.rest[0] == 0:
			return 0, io.EOF
		}
		n := min(1+int(g.rest[0]), len(g.rest))
		g.now, g.rest = g.rest[1:n], g.rest[n:]
	}
	n := copy(p, g.now)
	g.now = g.now[n:]
	return n, nil
}

// ReadByte spares package lzw a buffer.
func (g *gifBlocks) ReadByte() (byte, error) {
	var b [1]byte
	_, err := g.Read(b[:])
	return b[0], err
}

func gifConfig(data []byte) (image.Config, error) {
	f, err := readGIF(data)
	if err != nil {
		return image.Config{}, err
	}
	return image.Config{Width: f.width, Height: f.height}, nil
}

// decodeGIF places the first frame on the logical screen, which shows its first colour around it, or white if the frame has a
// transparent one, as Pillow does. What follows the frame's last pixel is not read.
func decodeGIF(ctx context.Context, data []byte, _ int) (*image.RGBA, error) {
	f, err := readGIF(data)
	if err != nil {
		return nil, err
	}
	w, h := f.place.Dx(), f.place.Dy()
	const mostOfCode = 4096 // pixels that a code can stand for
	if len(f.codes) == 0 || float64(w)*float64(h)/mostOfCode > float64(len(f.codes)) {
		return nil, io.ErrUnexpectedEOF
	}
	size := int(f.codes[0])
	if size < 2 || size > 8 {
		return nil, fmt.Errorf("codes of %d bits at first, expected 2 to 8", size)
	}
	r := lzw.NewReader(&gifBlocks{rest: f.codes[1:]}, lzw.LSB, size)
	background := f.table[0]
	if f.transparent >= 0 {
		background = [4]uint8{0xff, 0xff, 0xff, 0xff}
		f.table[f.transparent] = background
	}
	collect(f.width, f.height)
	out := image.NewRGBA(image.Rect(0, 0, f.width, f.height))
	if f.place != out.Rect {
		fill(ctx, out, background)
	}
	row := make([]uint8, w)
	for i := range h {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if _, err := io.ReadFull(r, row); err != nil {
			return nil, err
		}
		to := out.Pix[out.PixOffset(f.place.Min.X, f.place.Min.Y+f.rowAt(i)):]
		for x, v := range row {
			copy(to[4*x:4*x+4], f.table[v][:])
		}
	}
	return out, nil
}

// rowAt is where the i-th row that is stored stands in the frame.
func (f *gifFrame) rowAt(i int) int {
	if !f.interlaced {
		return i
	}
	height := f.place.Dy()
	for _, pass := range [4]struct{ first, step int }{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		n := max(0, (height-pass.first+pass.step-1)/pass.step)
		if i < n {
			return pass.first + i*pass.step
		}
		i -= n
	}
	return 0
}
