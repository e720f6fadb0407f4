package tiff

import (
	"errors"
	"image"
	"io"
)

// Decode reads the pixels, as stored. Their alpha is [Picture.Premultiplied] or straight; 16-bit samples lose their low byte.
// A JPEG inside, of one or three channels, is given to jpeg, which is to return an opaque picture.
//
// It is io.ErrUnexpectedEOF if a strip or tile is not all there.
func (p *Picture) Decode(jpeg func(data []byte) (*image.RGBA, error)) (*image.NRGBA, error) {
	blocks, err := p.blocks()
	if err != nil {
		return nil, err
	}
	paint, err := p.painter()
	if err != nil {
		return nil, err
	}
	var out *image.NRGBA
	across := (p.Width + p.blockWidth - 1) / p.blockWidth
	down := (p.Height + p.blockHeight - 1) / p.blockHeight
	planes := 1
	if p.planar {
		planes = p.samples
	}
	b := &block{Picture: p, jpeg: jpeg}
	for i := range across * down {
		x, y := i%across*p.blockWidth, i/across*p.blockHeight
		b.width, b.height = p.blockWidth, p.blockHeight
		if !p.tiled {
			b.height = min(b.height, p.Height-y)
		}
		for plane := range planes {
			if err := b.read(blocks[plane*across*down+i], plane); err != nil {
				return nil, err
			}
		}
		if out == nil { // after the first block has shown that there is one
			out = image.NewNRGBA(image.Rect(0, 0, p.Width, p.Height))
		}
		width := min(b.width, p.Width-x)
		for row := range min(b.height, p.Height-y) {
			to := out.Pix[out.PixOffset(x, y+row):][:4*width]
			paint(to, b.pixels[row*b.width*p.samples:][:width*p.samples])
		}
	}
	if p.unsaid {
		opaqueIfClear(out.Pix)
	}
	return out, nil
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

// blocks are the encoded strips or tiles: those of the first plane, row by row, then those of the next.
func (p *Picture) blocks() ([][]byte, error) {
	across, down := (p.Width+p.blockWidth-1)/p.blockWidth, (p.Height+p.blockHeight-1)/p.blockHeight
	n := float64(across) * float64(down)
	if p.planar {
		n *= float64(p.samples)
	}
	if n > float64(len(p.dir.data)) {
		return nil, io.ErrUnexpectedEOF
	}
	tagOffsets, tagCounts := uint16(tagStripOffsets), uint16(tagStripByteCounts)
	if _, ok := p.dir.fields[tagTileOffsets]; p.tiled && ok {
		tagOffsets, tagCounts = tagTileOffsets, tagTileByteCounts
	}
	offsets, err := p.dir.uints(tagOffsets, int(n))
	if err != nil {
		return nil, err
	}
	counts, err := p.dir.uints(tagCounts, int(n))
	if err != nil {
		return nil, err
	}
	if len(offsets) < int(n) || len(counts) < int(n) && !(len(counts) == 0 && n == 1) {
		return nil, errors.New("has fewer strips or tiles than its size needs")
	}
	const mostShared = 16 // times that a byte may belong to a block, on average
	sum := 0
	out := make([][]byte, int(n))
	for i := range out {
		count := uint64(len(p.dir.data)) - min(offsets[i], uint64(len(p.dir.data)))
		if len(counts) > 0 && (p.compression != uncompressed || n > 1 || counts[i] > 0) {
			count = counts[i]
		}
		if out[i], err = p.dir.at(offsets[i], count); err != nil {
			return nil, err
		}
		if sum += len(out[i]); sum/mostShared > len(p.dir.data) {
			return nil, errors.New("has strips or tiles that overlap")
		}
	}
	return out, nil
}

// block is a strip or tile while it is decoded; its memory serves for the next one.
type block struct {
	*Picture
	jpeg          func(data []byte) (*image.RGBA, error)
	width, height int
	pixels        []uint8 // [height, width, samples], 8 bits each, scaled to 0…255 save where they are places in a palette
	raw           []byte
}

// read decodes a block of all samples, or of one plane of them.
func (b *block) read(data []byte, plane int) error {
	if b.compression == jpegCoded {
		return b.readJPEG(data, plane)
	}
	channels := b.samples
	if b.planar {
		channels = 1
	}
	if b.subsampled() {
		units := (b.width + b.across - 1) / b.across * ((b.height + b.down - 1) / b.down)
		if err := b.decompress(data, units*(b.across*b.down+2)); err != nil {
			return err
		}
		b.pixels = sized(b.pixels, b.width*b.height*b.samples)
		b.shareChroma()
		return nil
	}
	stride := (b.width*channels*b.bits + 7) / 8
	if err := b.decompress(data, stride*b.height); err != nil {
		return err
	}
	asRead := b.bits == 8 && !b.planar
	if asRead {
		b.pixels = b.raw
	} else {
		b.pixels = sized(b.pixels, b.width*b.height*b.samples)
	}
	for y := range b.height {
		row := b.raw[y*stride:][:stride]
		if b.predicted {
			b.addUp(row, channels)
		}
		if asRead {
			continue
		}
		to := b.pixels[y*b.width*b.samples:][:b.width*b.samples]
		if b.planar {
			b.unpack(to[plane:], row, b.samples)
		} else {
			b.unpack(to, row, 1)
		}
	}
	return nil
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
func (b *block) shareChroma() {
	from := b.raw
	for y := 0; y < b.height; y += b.down {
		for x := 0; x < b.width; x += b.across {
			unit := from[:b.across*b.down+2]
			from = from[len(unit):]
			cb, cr := unit[len(unit)-2], unit[len(unit)-1]
			for i, luma := range unit[:len(unit)-2] {
				if x, y := x+i%b.across, y+i/b.across; x < b.width && y < b.height {
					p := b.pixels[3*(y*b.width+x):][:3]
					p[0], p[1], p[2] = luma, cb, cr
				}
			}
		}
	}
}
