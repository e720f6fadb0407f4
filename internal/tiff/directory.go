package tiff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Tags of TIFF 6.0 and of its technical notes.
const (
	tagNewSubfileType    = 254
	tagWidth             = 256
	tagLength            = 257
	tagBitsPerSample     = 258
	tagCompression       = 259
	tagPhotometric       = 262
	tagFillOrder         = 266
	tagStripOffsets      = 273
	tagOrientation       = 274
	tagSamplesPerPixel   = 277
	tagRowsPerStrip      = 278
	tagStripByteCounts   = 279
	tagPlanar            = 284
	tagT4Options         = 292
	tagT6Options         = 293
	tagPredictor         = 317
	tagColorMap          = 320
	tagTileWidth         = 322
	tagTileLength        = 323
	tagTileOffsets       = 324
	tagTileByteCounts    = 325
	tagInkSet            = 332
	tagExtraSamples      = 338
	tagSampleFormat      = 339
	tagJPEGTables        = 347
	tagYCbCrCoefficients = 529
	tagYCbCrSubSampling  = 530
	tagReferenceBlack    = 532
	tagXMP               = 700
	tagProfile           = 34675
)

// file is a TIFF, whose numbers have one byte order and whose offsets have 4 bytes, or 8 in a BigTIFF.
type file struct {
	data  []byte
	order binary.ByteOrder
	big   bool
	first uint64 // offset of the first directory
}

func open(data []byte) (*file, error) {
	if len(data) < 8 {
		return nil, io.ErrUnexpectedEOF
	}
	f := &file{data: data, order: binary.LittleEndian}
	if data[0] == 'M' {
		f.order = binary.BigEndian
	}
	switch version := f.order.Uint16(data[2:]); version {
	case 42:
		f.first = uint64(f.order.Uint32(data[4:]))
	case 43:
		if len(data) < 16 {
			return nil, io.ErrUnexpectedEOF
		}
		if size := f.order.Uint16(data[4:]); size != 8 {
			return nil, fmt.Errorf("offsets of %d bytes, expected 8", size)
		}
		f.big, f.first = true, f.order.Uint64(data[8:])
	default:
		return nil, fmt.Errorf("version %d, expected 42 or 43", version)
	}
	return f, nil
}

// at is the part of the file from offset on, of size bytes.
func (f *file) at(offset, size uint64) ([]byte, error) {
	if offset > uint64(len(f.data)) || size > uint64(len(f.data))-offset {
		return nil, io.ErrUnexpectedEOF
	}
	return f.data[offset : offset+size], nil
}

// uint reads a number of 1, 2, 4 or 8 bytes.
func (f *file) uint(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(f.order.Uint16(b))
	case 4:
		return uint64(f.order.Uint32(b))
	default:
		return f.order.Uint64(b)
	}
}

// directory holds the fields of one picture.
type directory struct {
	*file
	fields map[uint16]field
	next   uint64 // offset of the next picture's directory, 0 if there is none
}

type field struct {
	kind   uint16
	count  uint64
	values []byte // where they fit in place of their offset
}

// sizes are those of a value of each kind, 0 for kinds that are not read.
var sizes = [...]uint64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

func (f *file) directory(offset uint64) (*directory, error) {
	head, entry, pointer := uint64(2), uint64(12), uint64(4)
	if f.big {
		head, entry, pointer = 8, 20, 8
	}
	b, err := f.at(offset, head)
	if err != nil {
		return nil, err
	}
	n := f.uint(b)
	if n > math.MaxUint16 {
		return nil, fmt.Errorf("directory of %d fields", n)
	}
	if b, err = f.at(offset+head, n*entry); err != nil {
		return nil, err
	}
	d := &directory{file: f, fields: make(map[uint16]field, n)}
	for ; len(b) > 0; b = b[entry:] {
		tag := f.order.Uint16(b)
		if _, ok := d.fields[tag]; !ok {
			d.fields[tag] = field{f.order.Uint16(b[2:]), f.uint(b[4 : 4+pointer]), b[4+pointer : entry]}
		}
	}
	if b, err := f.at(offset+head+n*entry, pointer); err == nil {
		d.next = f.uint(b)
	}
	return d, nil
}

// bytes are the values of a field as they are stored, nil if the directory has none, and the size of each.
func (d *directory) bytes(tag uint16) (values []byte, size uint64, err error) {
	v, ok := d.fields[tag]
	if !ok {
		return nil, 1, nil
	}
	if int(v.kind) >= len(sizes) || sizes[v.kind] == 0 {
		return nil, 0, fmt.Errorf("tag %d has values of the unknown kind %d", tag, v.kind)
	}
	size = sizes[v.kind]
	if v.count > uint64(len(d.data)) {
		return nil, 0, io.ErrUnexpectedEOF
	}
	if total := v.count * size; total <= uint64(len(v.values)) {
		return v.values[:total], size, nil
	}
	values, err = d.at(d.uint(v.values), v.count*size)
	return values, size, err
}

// numbers are values of a field as they are stored.
type numbers struct {
	file  *file
	bytes []byte
	size  uint64 // of each
}

func (n numbers) length() int { return int(uint64(len(n.bytes)) / n.size) }

func (n numbers) at(i int) uint64 {
	return n.file.uint(n.bytes[uint64(i)*n.size:][:n.size])
}

// numbers are the values of a field, none if the directory has none.
func (d *directory) numbers(tag uint16) (numbers, error) {
	b, size, err := d.bytes(tag)
	if err != nil {
		return numbers{}, err
	}
	if kind := d.fields[tag].kind; kind == 5 || kind >= 10 && kind <= 12 {
		return numbers{}, fmt.Errorf("tag %d has values of kind %d, expected whole numbers", tag, kind)
	}
	return numbers{d.file, b, size}, nil
}

// uints are at most the first most values of a field, nil if the directory has none.
func (d *directory) uints(tag uint16, most int) ([]uint64, error) {
	values, err := d.numbers(tag)
	if err != nil || values.bytes == nil {
		return nil, err
	}
	out := make([]uint64, min(most, values.length()))
	for i := range out {
		out[i] = values.at(i)
	}
	return out, nil
}

// first is the first value of a field, otherwise if there is none.
func (d *directory) first(tag uint16, otherwise uint64) (uint64, error) {
	v, err := d.uints(tag, 1)
	if err != nil || len(v) == 0 {
		return otherwise, err
	}
	return v[0], nil
}

// rationals are the values of a field of fractions, otherwise if it does not have as many.
func (d *directory) rationals(tag uint16, otherwise []float64) []float64 {
	const rational = 5
	b, size, err := d.bytes(tag)
	if err != nil || size != 8 || d.fields[tag].kind != rational || len(b) < 8*len(otherwise) {
		return otherwise
	}
	out := make([]float64, len(otherwise))
	for i := range out {
		divisor := d.order.Uint32(b[8*i+4:])
		if divisor == 0 {
			return otherwise
		}
		out[i] = float64(d.order.Uint32(b[8*i:])) / float64(divisor)
	}
	return out
}

// XMP is the packet of the first picture, nil if it has none.
func XMP(data []byte) []byte {
	d, err := firstDirectory(data)
	if err != nil {
		return nil
	}
	b, _, _ := d.bytes(tagXMP)
	return b
}

// Profile is the ICC profile of the first picture, nil if it has none, or if its colours are CMYK or Lab, of which none is
// converted.
func Profile(data []byte) []byte {
	d, err := firstDirectory(data)
	if err != nil {
		return nil
	}
	if colours, _ := d.first(tagPhotometric, blackIsZero); colours == separated || colours == cieLab || colours == iccLab {
		return nil
	}
	b, _, _ := d.bytes(tagProfile)
	return b
}

// Orientation is the value of the first picture's tag, 0 if it has none.
func Orientation(data []byte) int {
	d, err := firstDirectory(data)
	if err != nil {
		return 0
	}
	v, _ := d.first(tagOrientation, 0)
	return int(min(v, math.MaxUint16))
}

func firstDirectory(data []byte) (*directory, error) {
	f, err := open(data)
	if err != nil {
		return nil, err
	}
	if f.first == 0 {
		return nil, errors.New("no picture inside")
	}
	return f.directory(f.first)
}

// Bounds of the walk over the directories of a file.
const (
	maxPages  = 1 << 16
	maxFields = 1 << 20 // of all of them
)

// Pages counts the pictures of a file that are pages, which previews of others and masks are not. A chain of directories
// that is broken or leads back ends where it does.
func Pages(data []byte) (n int) {
	f, err := open(data)
	if err != nil {
		return 0
	}
	const reduced, mask = 1 << 0, 1 << 2
	fields := 0
	seen := map[uint64]bool{0: true}
	for at := f.first; !seen[at] && len(seen) <= maxPages && fields < maxFields; {
		seen[at] = true
		d, err := f.directory(at)
		if err != nil {
			break
		}
		fields += len(d.fields)
		if kind, _ := d.first(tagNewSubfileType, 0); kind&(reduced|mask) == 0 {
			n++
		}
		at = d.next
	}
	return n
}
