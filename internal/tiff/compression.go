package tiff

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"
)

// open reads a plane of a block.
func (d *decoder) open(b *block, plane int, data []byte) (io.Reader, error) {
	size := b.size(b.height)
	if least := leastSize(b.compression, size); len(data) < least {
		return nil, io.ErrUnexpectedEOF
	}
	var packed source = bytes.NewReader(data)
	if b.reversed {
		packed = &reversed{*bytes.NewReader(data)}
	}
	switch b.compression {
	case uncompressed:
		return packed, nil
	case packBits:
		return &packBitsReader{from: packed}, nil
	case lzwCoded:
		return lzw.NewReader(packed, lzw.MSB, 8), nil
	case deflate, deflateOld:
		return d.inflated(plane, packed)
	case huffman, group3, group4:
		return b.fax(data, packed, size)
	}
	return nil, fmt.Errorf("compression of kind %d is not supported, convert it first", b.compression)
}

// inflated undoes deflate. Its reader is large, and made once for a plane.
func (d *decoder) inflated(plane int, packed io.Reader) (_ io.Reader, err error) {
	if r := d.inflate[plane]; r != nil {
		err = r.(zlib.Resetter).Reset(packed, nil)
	} else {
		d.inflate[plane], err = zlib.NewReader(packed)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return d.inflate[plane], err
}

type source interface {
	io.Reader
	io.ByteReader
}

// reversed reads bytes whose bits run from the lowest.
type reversed struct{ bytes.Reader }

func (r *reversed) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	for i, v := range p[:n] {
		p[i] = bits.Reverse8(v)
	}
	return n, err
}

func (r *reversed) ReadByte() (byte, error) {
	v, err := r.Reader.ReadByte()
	return bits.Reverse8(v), err
}

// leastSize is a lower bound on what size bytes are compressed to. It refuses small data of large blocks before memory is set
// aside for them.
func leastSize(compression uint64, size int) int {
	switch compression {
	case uncompressed:
		return size
	case packBits:
		return size / 64 // two bytes for a run of 128
	case lzwCoded:
		return size / 4096 // a code for a string, of which there are fewer than 4096
	case deflate, deflateOld:
		return size / 1032
	}
	return 0
}

// packBitsReader undoes PackBits: TIFF 6.0, section 9.
type packBitsReader struct {
	from    source
	literal int // bytes to come as they are
	run     int // times that value is to come
	value   byte
}

func (r *packBitsReader) Read(p []byte) (n int, err error) {
	for n < len(p) {
		switch {
		case r.literal > 0:
			done, err := r.from.Read(p[n:min(n+r.literal, len(p))])
			n, r.literal = n+done, r.literal-done
			if err != nil {
				return n, io.ErrUnexpectedEOF
			}
		case r.run > 0:
			run := p[n:min(n+r.run, len(p))]
			for i := range run {
				run[i] = r.value
			}
			n, r.run = n+len(run), r.run-len(run)
		default:
			if err := r.next(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

func (r *packBitsReader) next() error {
	head, err := r.from.ReadByte()
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	switch count := int(int8(head)); {
	case count >= 0:
		r.literal = count + 1
	case count > -128:
		if r.value, err = r.from.ReadByte(); err != nil {
			return io.ErrUnexpectedEOF
		}
		r.run = 1 - count
	}
	return nil
}

// fax reads rows of black and white, of which black is 1 until the colours are told.
func (b *block) fax(data []byte, packed io.Reader, size int) (io.Reader, error) {
	if b.bits != 1 || b.samples != 1 && !b.planar {
		return nil, fmt.Errorf("fax compression of %d samples of %d bits, expected one bit", b.samples, b.bits)
	}
	const (
		twoDimensional = 1 << 0 // of T4Options
		plain          = 1 << 1 // of T4Options and T6Options: parts without compression
	)
	kind, tag := ccitt.Group3, uint16(tagT4Options)
	if b.compression == group4 {
		kind, tag = ccitt.Group4, tagT6Options
	}
	options, err := b.dir.first(tag, 0)
	if err != nil {
		return nil, err
	}
	switch {
	case b.compression != huffman && options&plain != 0:
		return nil, errors.New("fax with uncompressed parts is not supported, convert it first")
	case b.compression == huffman || b.compression == group3:
		rows := make([]byte, size)
		err := readFax(rows, &faxReader{data: data, reversed: b.reversed}, b.width, b.compression == group3, options&twoDimensional != 0)
		return bytes.NewReader(rows), err
	}
	return ccitt.NewReader(packed, ccitt.MSB, kind, b.width, b.height, &ccitt.Options{Invert: true}), nil
}
