package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os"

	"github.com/mcllava/mcllava/internal/files"
)

// A segment's file is, in little-endian numbers,
//
//	magic                                                      16 bytes
//	version, crops n, width Dv, 0                              uint32 each
//	name of the key                                            32 bytes
//	n times: box (x0, y0, x1, y1), rows k, values of the map t  int32 each, 0 ≤ k, t
//	         SHA-256 of the crop's data                        32 bytes
//	SHA-256 of all before
//	n times the crop's data: scales [k] int16, values [k, Dv] float16; if t > 0 a scale and values [t] of the map
//
// and nothing more. A later version may change everything after the version.
const (
	magic       = "MCLLAVA-CROPS\x00\x00\x00"
	version     = 2
	prefixSize  = len(magic) + 16 + sha256.Size
	recordSize  = 24 + sha256.Size
	mostCrops   = 1 << 16 // of a segment
	mostRows    = 1 << 14 // of a crop
	mostWidth   = 1 << 16
	mostPatches = 1 << 14 // values of a map
)

// record is what a segment's header says of a crop.
type record struct {
	box     image.Rectangle
	keep    int // rows
	patches int // values of the map, 0 without one
	sum     [sha256.Size]byte
}

// covers says whether a crop has all that another has.
func (r record) covers(other record) bool {
	return r.box == other.box && r.keep >= other.keep && (r.patches > 0 || other.patches == 0)
}

func (r record) dataSize(width int) int64 {
	n := int64(rowBytes(r.keep, width))
	if r.patches > 0 {
		n += int64(rowBytes(1, r.patches))
	}
	return n
}

// encoded is a crop as a segment has it.
type encoded struct {
	record
	data []byte
}

func encode(crop Crop, width int) (encoded, error) {
	e := encoded{record: record{box: crop.Box, keep: crop.Keep, patches: len(crop.Map)}}
	err := crop.check(width)
	if err == nil {
		e.data, err = encodeRows(make([]byte, 0, e.dataSize(width)), crop.Rows, width)
	}
	if err == nil && e.patches > 0 {
		e.data, err = encodeRows(e.data, crop.Map, len(crop.Map))
	}
	if err != nil {
		return encoded{}, fmt.Errorf("features of the crop %v: %w", crop.Box, err)
	}
	e.sum = sha256.Sum256(e.data)
	return e, nil
}

// header is the beginning of a segment's file.
func header(name [32]byte, width int, crops []encoded) []byte {
	b := []byte(magic)
	for _, n := range []int{version, len(crops), width, 0} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	b = append(b, name[:]...)
	for _, c := range crops {
		for _, n := range []int{c.box.Min.X, c.box.Min.Y, c.box.Max.X, c.box.Max.Y, c.keep, c.patches} {
			b = binary.LittleEndian.AppendUint32(b, uint32(int32(n)))
		}
		b = append(b, c.sum[:]...)
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

func headerBytes(crops int) int64 { return int64(prefixSize+crops*recordSize) + sha256.Size }

func fileSize(width int, crops []encoded) int64 {
	n := headerBytes(len(crops))
	for _, c := range crops {
		n += c.dataSize(width)
	}
	return n
}

func writeSegment(w io.Writer, name [32]byte, width int, crops []encoded) error {
	_, err := w.Write(header(name, width, crops))
	for _, c := range crops {
		if err == nil {
			_, err = w.Write(c.data)
		}
	}
	return err
}

// segment is a segment's file of which the header has been read.
type segment struct {
	path   string
	name   [32]byte
	width  int
	crops  []record
	starts []int64 // of the crops' data
}

// openSegment reads a file's header. The data that it announces is there.
func openSegment(path string) (*os.File, *segment, error) {
	f, err := files.OpenRegular(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	var s *segment
	if err == nil {
		s, err = readHeader(f, info.Size())
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	s.path = path
	return f, s, nil
}

// readHeader reads the header of a file of so many bytes.
func readHeader(r io.Reader, size int64) (*segment, error) {
	prefix := make([]byte, prefixSize)
	if _, err := io.ReadFull(r, prefix); err != nil {
		return nil, cutShort(err)
	}
	if !bytes.HasPrefix(prefix, []byte(magic)) {
		return nil, damage("is no file of crops")
	}
	numbers := prefix[len(magic):]
	number := func(i int) int64 { return int64(binary.LittleEndian.Uint32(numbers[4*i:])) }
	if v := number(0); v != version {
		return nil, damage(fmt.Sprintf("has version %d, expected %d", v, version))
	}
	n, width := number(1), number(2)
	switch {
	case n < 1 || n > mostCrops:
		return nil, damage(fmt.Sprintf("has %d crops, expected 1 to %d", n, mostCrops))
	case width < 1 || width > mostWidth:
		return nil, damage(fmt.Sprintf("has features of width %d, expected 1 to %d", width, mostWidth))
	case headerBytes(int(n)) > size:
		return nil, damage("is cut short")
	}
	rest := make([]byte, headerBytes(int(n))-int64(prefixSize))
	if _, err := io.ReadFull(r, rest); err != nil {
		return nil, cutShort(err)
	}
	records, stored := rest[:len(rest)-sha256.Size], rest[len(rest)-sha256.Size:]
	sum := sha256.New()
	sum.Write(prefix)
	sum.Write(records)
	if !bytes.Equal(sum.Sum(nil), stored) {
		return nil, damage("does not match its checksum")
	}
	s := &segment{name: [32]byte(numbers[16:]), width: int(width), crops: make([]record, n), starts: make([]int64, n)}
	at := headerBytes(int(n))
	for i := range s.crops {
		r, err := readRecord(records[i*recordSize:])
		if err != nil {
			return nil, err
		}
		s.crops[i], s.starts[i] = r, at
		at += r.dataSize(s.width) // below 2⁴⁸ in all
	}
	switch {
	case at > size:
		return nil, damage("is cut short")
	case at < size:
		return nil, damage("is longer than its crops")
	}
	return s, nil
}

func readRecord(b []byte) (record, error) {
	number := func(i int) int { return int(int32(binary.LittleEndian.Uint32(b[4*i:]))) }
	r := record{
		box:  image.Rectangle{Min: image.Pt(number(0), number(1)), Max: image.Pt(number(2), number(3))},
		keep: number(4), patches: number(5), sum: [sha256.Size]byte(b[24:]),
	}
	switch {
	case r.box.Empty():
		return r, damage("has a crop without pixels")
	case r.keep < 0 || r.keep > mostRows:
		return r, damage(fmt.Sprintf("has %d rows of a crop, expected 0 to %d", r.keep, mostRows))
	case r.patches < 0 || r.patches > mostPatches:
		return r, damage(fmt.Sprintf("has a map of %d patches, expected 0 to %d", r.patches, mostPatches))
	}
	return r, nil
}

// chunk is how many bytes of data are read at once.
const chunk = 1 << 18

// read reads the last keep rows of crop i, [keep, width], and its map, and checks all of the crop. It takes memory for what it gives
// back, and not for what the file has.
func (s *segment) read(f io.ReaderAt, i, keep int) (rows, places []float32, err error) {
	c := s.crops[i]
	sum := sha256.New()
	r := io.TeeReader(io.NewSectionReader(f, s.starts[i], c.dataSize(s.width)), sum)
	scales := make([]byte, 2*c.keep)
	if err := readChecked(r, scales, checkScales); err != nil {
		return nil, nil, err
	}
	rows = make([]float32, keep*s.width)
	begin := c.keep - keep // the first row that is asked for
	atOnce := max(1, min(chunk/(2*s.width), c.keep))
	buffer := make([]byte, atOnce*2*s.width)
	for from := 0; from < c.keep; from += atOnce {
		to := min(from+atOnce, c.keep)
		values := buffer[:(to-from)*2*s.width]
		if err := readChecked(r, values, checkValues); err != nil {
			return nil, nil, err
		}
		if first := max(from, begin); first < to {
			decodeRows(rows[(first-begin)*s.width:(to-begin)*s.width], scales[2*first:], values[(first-from)*2*s.width:], s.width)
		}
	}
	if c.patches > 0 {
		b := make([]byte, rowBytes(1, c.patches))
		if err := errors.Join(readChecked(r, b[:2], checkScales), readChecked(r, b[2:], checkValues)); err != nil {
			return nil, nil, err
		}
		places = make([]float32, c.patches)
		decodeRows(places, b[:2], b[2:], c.patches)
	}
	if !bytes.Equal(sum.Sum(nil), c.sum[:]) {
		return nil, nil, damage("does not match its checksum")
	}
	return rows, places, nil
}

func readChecked(r io.Reader, b []byte, check func([]byte) error) error {
	if _, err := io.ReadFull(r, b); err != nil {
		return cutShort(err)
	}
	return check(b)
}

// data reads crop i as it is in the file.
func (s *segment) data(f io.ReaderAt, i int) ([]byte, error) {
	b := make([]byte, s.crops[i].dataSize(s.width))
	if _, err := f.ReadAt(b, s.starts[i]); err != nil {
		return nil, cutShort(err)
	}
	if sha256.Sum256(b) != s.crops[i].sum {
		return nil, damage("does not match its checksum")
	}
	return b, nil
}

// cutShort turns the end of a file into damage. What else keeps a file from being read says nothing about its content.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damage("is cut short")
	}
	return err
}

func fits32(box image.Rectangle) bool {
	const most = math.MaxInt32
	in := func(n int) bool { return n >= -most && n <= most }
	return in(box.Min.X) && in(box.Min.Y) && in(box.Max.X) && in(box.Max.Y)
}
