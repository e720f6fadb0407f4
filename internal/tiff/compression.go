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

// decompress makes b.raw the first size bytes of what data hold. They may be a part of the file unless they are predicted, which
// is undone in place.
func (b *block) decompress(data []byte, size int) error {
	if b.reversed {
		turned := make([]byte, len(data))
		for i, v := range data {
			turned[i] = bits.Reverse8(v)
		}
		data = turned
	}
	if least := leastSize(b.compression, size); len(data) < least {
		return io.ErrUnexpectedEOF
	}
	if b.compression == uncompressed && !b.predicted {
		b.raw = data[:size]
		return nil
	}
	b.raw = sized(b.raw, size)
	var err error
	switch b.compression {
	case uncompressed:
		copy(b.raw, data)
		return nil
	case packBits:
		return unpackBits(b.raw, data)
	case lzwCoded:
		r := lzw.NewReader(bytes.NewReader(data), lzw.MSB, 8)
		_, err = io.ReadFull(r, b.raw)
	case deflate, deflateOld:
		var r io.Reader
		if r, err = zlib.NewReader(bytes.NewReader(data)); err == nil {
			_, err = io.ReadFull(r, b.raw)
		}
	case huffman, group3, group4:
		err = b.fax(data)
	default:
		return fmt.Errorf("compression of kind %d is not supported, convert it first", b.compression)
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
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

// unpackBits undoes PackBits: TIFF 6.0, section 9.
func unpackBits(to, data []byte) error {
	for len(to) > 0 {
		if len(data) < 2 {
			return io.ErrUnexpectedEOF
		}
		n := int(int8(data[0]))
		data = data[1:]
		switch {
		case n >= 0:
			if len(data) < min(n+1, len(to)) {
				return io.ErrUnexpectedEOF
			}
			done := copy(to, data[:min(n+1, len(data))])
			to, data = to[done:], data[done:]
		case n > -128:
			run := to[:min(1-n, len(to))]
			for i := range run {
				run[i] = data[0]
			}
			to, data = to[len(run):], data[1:]
		}
	}
	return nil
}

// fax reads rows of black and white, of which black is 1 until the colours are told.
func (b *block) fax(data []byte) error {
	if b.bits != 1 || b.samples != 1 && !b.planar {
		return fmt.Errorf("fax compression of %d samples of %d bits, expected one bit", b.samples, b.bits)
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
		return err
	}
	switch {
	case b.compression != huffman && options&plain != 0:
		return errors.New("fax with uncompressed parts is not supported, convert it first")
	case b.compression == huffman || b.compression == group3:
		return readFax(b.raw, data, b.width, b.compression == group3, options&twoDimensional != 0)
	}
	r := ccitt.NewReader(bytes.NewReader(data), ccitt.MSB, kind, b.width, b.height, &ccitt.Options{Invert: true})
	_, err = io.ReadFull(r, b.raw)
	return err
}
