package tiff

import (
	"context"
	"errors"
	"image"
	"io"
)

// Decode reads the pixels, as stored. Their alpha is [Picture.Premultiplied] or straight; 16-bit samples lose their low byte.
// A JPEG inside, of one or three channels, is given to jpeg, which is to return an opaque picture, whose memory may become that
// of the result. Beside the result, some rows are held, or the pixels of a block that is a JPEG.
//
// It is io.ErrUnexpectedEOF if a strip or tile is not all there, and the error of ctx once that is done.
func (p *Picture) Decode(ctx context.Context, jpeg func(data []byte) (*image.RGBA, error)) (*image.NRGBA, error) {
	blocks, err := p.blocks()
	if err != nil {
		return nil, err
	}
	d := &decoder{Picture: p, jpeg: jpeg, inflate: make([]io.ReadCloser, p.planes())}
	if d.paint, err = p.painter(); err != nil {
		return nil, err
	}
	across, down := p.layout()
	planes := make([][]byte, p.planes())
	for i := range across * down {
		b := &block{Picture: p, x: i % across * p.blockWidth, y: i / across * p.blockHeight, width: p.blockWidth, height: p.blockHeight}
		if !p.tiled {
			b.height = min(b.height, p.Height-b.y)
		}
		for plane := range planes {
			if planes[plane], err = blocks.at(plane*across*down + i); err != nil {
				return nil, err
			}
		}
		if p.compression == jpegCoded {
			err = d.jpegBlock(ctx, b, planes)
		} else {
			err = d.rows(ctx, b, planes)
		}
		if err != nil {
			return nil, err
		}
	}
	if p.unsaid {
		opaqueIfClear(d.out.Pix)
	}
	return d.out, nil
}

// planes is the number of planes that samples are stored in.
func (p *Picture) planes() int {
	if p.planar {
		return p.samples
	}
	return 1
}

// layout is the number of strips or tiles of a plane along each axis.
func (p *Picture) layout() (across, down int) {
	return (p.Width + p.blockWidth - 1) / p.blockWidth, (p.Height + p.blockHeight - 1) / p.blockHeight
}

// decoder holds what serves all blocks of a picture.
type decoder struct {
	*Picture
	jpeg        func(data []byte) (*image.RGBA, error)
	paint       func(to, from []uint8)
	out         *image.NRGBA
	raw, pixels []uint8
	inflate     []io.ReadCloser // [planes], which serve one block after the other
}

// draw paints rows of a block from row top on, which are [rows, width, samples] of 8 bits, scaled to 0…255 save where they are
// places in a palette.
func (d *decoder) draw(b *block, top, rows int, pixels []uint8) {
	if d.out == nil { // after the first pixels have shown that there are some
		d.out = image.NewNRGBA(image.Rect(0, 0, d.Width, d.Height))
	}
	width := min(b.width, d.Width-b.x)
	for row := range min(rows, d.Height-b.y-top) {
		to := d.out.Pix[d.out.PixOffset(b.x, b.y+top+row):][:4*width]
		d.paint(to, pixels[row*b.width*d.samples:][:width*d.samples])
	}
}

// bandBytes is about what is read of a block at a time.
const bandBytes = 1 << 18

// stride is the bytes of a row of a block of a plane, and band how many rows are read at a time.
func (p *Picture) stride() int {
	return (p.blockWidth*(p.samples/p.planes())*p.bits + 7) / 8
}

func (p *Picture) band() int {
	rows := max(bandBytes/p.stride(), 1)
	if p.subsampled() {
		rows = (rows + p.down - 1) / p.down * p.down
	}
	return rows
}

// rows decodes a block of any kind but JPEG.
func (d *decoder) rows(ctx context.Context, b *block, planes [][]byte) error {
	from := make([]io.Reader, len(planes))
	for i, data := range planes {
		var err error
		if from[i], err = d.open(b, i, data); err != nil {
			return err
		}
	}
	end := min(b.height, d.Height-b.y)
	for top := 0; top < end; top += d.band() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rows := min(d.band(), b.height-top)
		for plane, r := range from {
			d.raw = sized(d.raw, b.size(rows))
			if _, err := io.ReadFull(r, d.raw); errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			} else if err != nil {
				return err
			}
			d.unpackRows(b, rows, plane)
		}
		d.draw(b, top, rows, d.pixels)
	}
	return nil
}

// size is the bytes of so many rows of a block of a plane.
func (b *block) size(rows int) int {
	if b.subsampled() {
		return (b.width + b.across - 1) / b.across * ((rows + b.down - 1) / b.down) * (b.across*b.down + 2)
	}
	return b.stride() * rows
}

// opaqueIfClear takes alpha that nothing says is alpha, and that is 0 throughout, for padding.
func opaqueIfClear(pix []uint8) {
	for i := 3; i < len(pix); i += 4 {
		if pix[i] != 0 {
			return
		}
	}
	for i := 3; i < len(pix); i += 4 {
		pix[i] = 0xff
	}
}

// blocks are the encoded strips or tiles: those of the first plane, row by row, then those of the next. There may be as many as rows,
// so that nothing is kept of each.
type blocks struct {
	*Picture
	n               int
	offsets, counts numbers
}

// blocks checks that all are there.
func (p *Picture) blocks() (*blocks, error) {
	across, down := p.layout()
	n := float64(across) * float64(down) * float64(p.planes())
	if n > float64(len(p.dir.data)) {
		return nil, io.ErrUnexpectedEOF
	}
	tagOffsets, tagCounts := uint16(tagStripOffsets), uint16(tagStripByteCounts)
	if _, ok := p.dir.fields[tagTileOffsets]; p.tiled && ok {
		tagOffsets, tagCounts = tagTileOffsets, tagTileByteCounts
	}
	b := &blocks{Picture: p, n: int(n)}
	var err error
	if b.offsets, err = p.dir.numbers(tagOffsets); err != nil {
		return nil, err
	}
	if b.counts, err = p.dir.numbers(tagCounts); err != nil {
		return nil, err
	}
	if counts := b.counts.length(); b.offsets.length() < b.n || counts < b.n && !(counts == 0 && b.n == 1) {
		return nil, errors.New("has fewer strips or tiles than its size needs")
	}
	const mostShared = 16 // times that a byte may belong to a block, on average
	sum := 0
	for i := range b.n {
		data, err := b.at(i)
		if err != nil {
			return nil, err
		}
		if sum += len(data); sum/mostShared > len(p.dir.data) {
			return nil, errors.New("has strips or tiles that overlap")
		}
	}
	return b, nil
}

// at is block i.
func (b *blocks) at(i int) ([]byte, error) {
	offset, length := b.offsets.at(i), uint64(len(b.dir.data))
	count := length - min(offset, length)
	if b.counts.length() > 0 {
		if stored := b.counts.at(i); b.compression != uncompressed || b.n > 1 || stored > 0 {
			count = stored
		}
	}
	return b.dir.at(offset, count)
}

// block is a strip or tile.
type block struct {
	*Picture
	x, y          int // of its first pixel
	width, height int
}

// unpackRows makes pixels of the raw bytes of rows of all samples, or of one plane of them.
func (d *decoder) unpackRows(b *block, rows, plane int) {
	if b.subsampled() {
		d.pixels = sized(d.pixels, b.width*rows*b.samples)
		b.shareChroma(d.pixels, d.raw, rows)
		return
	}
	channels := b.samples / b.planes()
	asRead := b.bits == 8 && !b.planar
	if !asRead {
		d.pixels = sized(d.pixels, b.width*rows*b.samples)
	}
	for y := range rows {
		row := d.raw[y*b.stride():][:b.stride()]
		if b.predicted {
			b.addUp(row, channels)
		}
		if asRead {
			continue
		}
		to := d.pixels[y*b.width*b.samples:][:b.width*b.samples]
		if b.planar {
			b.unpack(to[plane:], row, b.samples)
		} else {
			b.unpack(to, row, 1)
		}
	}
	if asRead {
		d.pixels, d.raw = d.raw, d.pixels
	}
}

func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// addUp undoes the horizontal predictor.
func (b *block) addUp(row []byte, channels int) {
	if b.bits == 8 {
		for i := channels; i < len(row); i++ {
			row[i] += row[i-channels]
		}
		return
	}
	for i := 2 * channels; i+1 < len(row); i += 2 {
		b.dir.order.PutUint16(row[i:], b.dir.order.Uint16(row[i:])+b.dir.order.Uint16(row[i-2*channels:]))
	}
}

// unpack writes a row of samples to every step-th place.
func (b *block) unpack(to, row []byte, step int) {
	switch {
	case b.bits == 8:
		for i, v := range row {
			to[i*step] = v
		}
	case b.bits == 16:
		high := 0
		if b.dir.order.Uint16([]byte{0, 1}) > 1 {
			high = 1
		}
		for i := 0; i < len(to); i += step {
			to[i] = row[2*(i/step)+high]
		}
	default:
		var held, n uint
		most := uint(1)<<b.bits - 1
		for i := 0; i < len(to); i += step {
			for n < uint(b.bits) {
				held, n, row = held<<8|uint(row[0]), n+8, row[1:]
			}
			n -= uint(b.bits)
			v := held >> n & most
			switch {
			case b.photometric == palette:
			case b.bits < 8:
				v = v * 0xff / most
			default:
				v >>= b.bits - 8
			}
			to[i] = uint8(v)
		}
	}
}

// shareChroma spreads data units, each of across×down luma samples and the Cb and Cr that they share.
func (b *block) shareChroma(pixels, from []uint8, rows int) {
	for y := 0; y < rows; y += b.down {
		for x := 0; x < b.width; x += b.across {
			unit := from[:b.across*b.down+2]
			from = from[len(unit):]
			cb, cr := unit[len(unit)-2], unit[len(unit)-1]
			for i, luma := range unit[:len(unit)-2] {
				if x, y := x+i%b.across, y+i/b.across; x < b.width && y < rows {
					p := pixels[3*(y*b.width+x):][:3]
					p[0], p[1], p[2] = luma, cb, cr
				}
			}
		}
	}
}
