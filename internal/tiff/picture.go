// Package tiff reads the first picture of a TIFF or BigTIFF file: strips or tiles, chunky or planar, grey, RGB, palette, CMYK,
// YCbCr or Lab samples of 1 to 16 bits, compressed by LZW, Deflate, PackBits, Group 3 or 4 fax, or JPEG. A kind that is not
// read is an error that names it. The format is that of Adobe's TIFF 6.0 of 1992.
package tiff

import (
	"errors"
	"fmt"
	"math"
)

// Values of Compression.
const (
	uncompressed = 1
	huffman      = 2
	group3       = 3
	group4       = 4
	lzwCoded     = 5
	jpegCoded    = 7
	deflate      = 8
	packBits     = 32773
	deflateOld   = 32946
)

// Values of PhotometricInterpretation.
const (
	whiteIsZero = 0
	blackIsZero = 1
	rgb         = 2
	palette     = 3
	separated   = 5
	yCbCr       = 6
	cieLab      = 8
	iccLab      = 9
)

// unread names values of Compression that are not read.
var unread = map[uint64]string{
	6: "old-style JPEG", 9: "JBIG", 10: "JBIG", 32766: "NeXT", 32809: "ThunderScan", 33003: "JPEG 2000", 33005: "JPEG 2000",
	33007: "camera raw", 34661: "JBIG", 34676: "SGI LogLuv", 34677: "SGI LogLuv", 34712: "JPEG 2000", 34713: "camera raw",
	34887: "LERC", 34892: "lossy camera raw", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL",
	65000: "camera raw", 65535: "camera raw", 32769: "camera raw", 32770: "camera raw", 34933: "PNG", 34934: "JPEG XR",
}

// unreadColours names values of PhotometricInterpretation that are not read.
var unreadColours = map[uint64]string{
	4: "a transparency mask", 10: "ITU Lab colours", 32803: "a camera's raw samples", 34892: "a camera's raw samples",
	32844: "LogL samples", 32845: "LogLuv samples", 51177: "a depth map", 52527: "a semantic mask",
}

// Picture is the first one of a file.
type Picture struct {
	Width, Height int  // in pixels, as stored
	Premultiplied bool // its colours, by alpha

	dir         *directory
	samples     int // of a pixel
	bits        int // of a sample
	photometric uint64
	compression uint64
	planar      bool
	predicted   bool // each sample is stored less the one before it
	reversed    bool // bits of a byte run from the lowest
	tiled       bool
	blockWidth  int
	blockHeight int
	alpha       int  // sample that holds it, 0 if none does
	unsaid      bool // that alpha is alpha
	across      int  // columns and rows of YCbCr that share a chroma sample
	down        int
}

// Read reads what the first directory says. It is io.ErrUnexpectedEOF if the directory is not all there, and an error if the
// picture is only a preview of another.
func Read(data []byte) (*Picture, error) {
	d, err := firstDirectory(data)
	if err != nil {
		return nil, err
	}
	p := &Picture{dir: d}
	var width, height, kind, samples, planar, predictor, order, inks uint64
	for _, v := range []struct {
		tag       uint16
		to        *uint64
		otherwise uint64
	}{
		{tagWidth, &width, 0},
		{tagLength, &height, 0},
		{tagNewSubfileType, &kind, 0},
		{tagSamplesPerPixel, &samples, 1},
		{tagPhotometric, &p.photometric, math.MaxUint64},
		{tagCompression, &p.compression, uncompressed},
		{tagPlanar, &planar, 1},
		{tagPredictor, &predictor, 1},
		{tagFillOrder, &order, 1},
		{tagInkSet, &inks, 1},
	} {
		if *v.to, err = d.first(v.tag, v.otherwise); err != nil {
			return nil, err
		}
	}
	const reduced = 1 << 0
	if kind&reduced != 0 {
		return nil, errors.New("begins with a reduced preview, as camera raw files do: convert it first")
	}
	if width < 1 || height < 1 || width > math.MaxInt32 || height > math.MaxInt32 {
		return nil, fmt.Errorf("the header claims %d×%d pixels", width, height)
	}
	const mostSamples = 8 // so that what a picture costs is bounded by its pixels
	if samples < 1 || samples > mostSamples {
		return nil, fmt.Errorf("%d samples a pixel are not supported, expected 1 to %d", samples, mostSamples)
	}
	p.Width, p.Height = int(width), int(height)
	p.samples, p.planar, p.predicted, p.reversed = int(samples), planar == 2 && samples > 1, predictor == 2, order == 2
	if name, ok := unread[p.compression]; ok {
		return nil, fmt.Errorf("%s compression is not supported, convert it first", name)
	}
	if err := p.readSamples(); err != nil {
		return nil, err
	}
	if err := p.readColours(inks); err != nil {
		return nil, err
	}
	if predictor > 2 || p.predicted && (p.bits != 8 && p.bits != 16 || p.subsampled()) {
		return nil, fmt.Errorf("predictor %d of %d-bit samples is not supported, convert it first", predictor, p.bits)
	}
	return p, p.readBlocks()
}

// readSamples reads what each sample is.
func (p *Picture) readSamples() error {
	bits, err := p.dir.uints(tagBitsPerSample, p.samples)
	if err != nil {
		return err
	}
	p.bits = 1
	for i, b := range bits {
		if i > 0 && b != bits[0] {
			return fmt.Errorf("samples of %d and of %d bits are not supported, convert it first", bits[0], b)
		}
		p.bits = int(min(b, 999))
	}
	formats, err := p.dir.uints(tagSampleFormat, p.samples)
	if err != nil {
		return err
	}
	for _, f := range formats {
		if name, ok := map[uint64]string{2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}[f]; ok {
			return fmt.Errorf("%s samples are not supported, convert it first", name)
		}
	}
	if p.bits < 1 || p.bits > 16 {
		return fmt.Errorf("samples of %d bits are not supported, convert it first", p.bits)
	}
	return nil
}

// readColours reads what the samples of a pixel mean.
func (p *Picture) readColours(inks uint64) error {
	colours := map[uint64]int{whiteIsZero: 1, blackIsZero: 1, rgb: 3, palette: 1, separated: 4, yCbCr: 3, cieLab: 3, iccLab: 3}[p.photometric]
	switch name, ok := unreadColours[p.photometric]; {
	case p.photometric == math.MaxUint64:
		return errors.New("nothing says what its samples mean (tag 262)")
	case ok:
		return fmt.Errorf("%s instead of a picture, which is not supported, convert it first", name)
	case colours == 0:
		return fmt.Errorf("colours of kind %d are not supported, convert it first", p.photometric)
	case p.photometric == separated && inks != 1:
		return errors.New("inks other than CMYK are not supported, convert it first")
	case p.photometric == cieLab && p.samples == 1:
		colours = 1 // lightness alone
		p.photometric = blackIsZero
	case p.samples < colours:
		return fmt.Errorf("%d samples a pixel, expected %d", p.samples, colours)
	case p.photometric == palette && p.bits > 8:
		return fmt.Errorf("a palette of %d-bit samples is not supported, convert it first", p.bits)
	}
	if p.photometric == yCbCr && p.compression != jpegCoded {
		if err := p.readSubsampling(); err != nil {
			return err
		}
	}
	extra, err := p.dir.uints(tagExtraSamples, p.samples)
	if err != nil {
		return err
	}
	const associated, unassociated = 1, 2
	for i, e := range extra {
		if at := p.samples - len(extra) + i; at >= colours && (e == associated || e == unassociated) {
			p.alpha, p.Premultiplied = at, e == associated
			break
		}
	}
	if len(extra) == 0 && p.samples == colours+1 && (colours == 1 || colours == 3) {
		p.alpha, p.unsaid = colours, true
	}
	return nil
}

func (p *Picture) readSubsampling() error {
	shared, err := p.dir.uints(tagYCbCrSubSampling, 2)
	if err != nil {
		return err
	}
	p.across, p.down = 2, 2
	if len(shared) == 2 {
		p.across, p.down = int(min(shared[0], 99)), int(min(shared[1], 99))
	}
	for _, n := range []int{p.across, p.down} {
		if n != 1 && n != 2 && n != 4 {
			return fmt.Errorf("chroma shared by %d×%d pixels, expected 1, 2 or 4", p.across, p.down)
		}
	}
	if p.subsampled() && (p.planar || p.bits != 8 || p.samples != 3) {
		return errors.New("subsampled chroma in planes, or of other than 8 bits, is not supported, convert it first")
	}
	return nil
}

func (p *Picture) subsampled() bool { return p.across > 1 || p.down > 1 }

// readBlocks reads the size of strips or tiles.
func (p *Picture) readBlocks() error {
	_, p.tiled = p.dir.fields[tagTileWidth]
	if !p.tiled {
		rows, err := p.dir.first(tagRowsPerStrip, math.MaxUint32)
		if err != nil {
			return err
		}
		if rows == 0 {
			rows = math.MaxUint32
		}
		p.blockWidth, p.blockHeight = p.Width, int(min(rows, uint64(p.Height)))
		return nil
	}
	width, err := p.dir.first(tagTileWidth, 0)
	if err != nil {
		return err
	}
	height, err := p.dir.first(tagTileLength, 0)
	if err != nil {
		return err
	}
	const least, padded = 8, 1024 // a tile no larger than this may be much larger than the picture
	pixels := float64(width) * float64(height)
	if width < least || height < least || width > max(uint64(p.Width)+16, padded) || height > max(uint64(p.Height)+16, padded) ||
		pixels > max(2*float64(p.Width)*float64(p.Height), padded*padded) {
		return fmt.Errorf("tiles of %d×%d pixels in a picture of %d×%d", width, height, p.Width, p.Height)
	}
	p.blockWidth, p.blockHeight = int(width), int(height)
	return nil
}
