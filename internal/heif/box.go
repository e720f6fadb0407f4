package heif

import (
	"encoding/binary"
	"errors"
	"io"
	"iter"
)

// errShort is a box that ends before what it must hold.
var errShort = errors.New("is broken")

// cursor reads big-endian numbers from a part of the file. After what cannot be read all is 0.
type cursor struct {
	data   []byte
	at, to int
	err    error
}

func (c *cursor) fail() {
	c.at, c.err = c.to, errShort
}

// uint reads a number of size bytes, at most 8.
func (c *cursor) uint(size int) (v uint64) {
	if size < 0 || size > 8 || c.to-c.at < size {
		c.fail()
		return 0
	}
	for _, b := range c.data[c.at : c.at+size] {
		v = v<<8 | uint64(b)
	}
	c.at += size
	return v
}

func (c *cursor) text(size int) string {
	if c.to-c.at < size {
		c.fail()
		return ""
	}
	c.at += size
	return string(c.data[c.at-size : c.at])
}

// id reads the number of an item.
func (c *cursor) id(long bool) uint32 {
	if long {
		return uint32(c.uint(4))
	}
	return uint32(c.uint(2))
}

// full reads the version and flags that some boxes begin with.
func (c *cursor) full() (version byte, flags uint32) {
	v := c.uint(4)
	return byte(v >> 24), uint32(v & 0xffffff)
}

// boxes goes through the boxes from here on. One that does not fit ends it, and is an error.
func (c *cursor) boxes() iter.Seq2[string, span] {
	return func(yield func(string, span) bool) {
		for c.at < c.to {
			kind, body, err := header(c.data, c.at, c.to)
			if err != nil || body.to > c.to {
				c.fail()
				return
			}
			c.at = body.to
			if !yield(kind, body) {
				return
			}
		}
	}
}

// find is the first box of a kind among those that lie side by side; io.ErrUnexpectedEOF if it or one before it is not all
// there.
func find(data []byte, in span, kind string) (span, bool, error) {
	for at := in.from; at < in.to; {
		k, body, err := header(data, at, in.to)
		if err != nil {
			return span{}, false, err
		}
		if body.to > in.to {
			return span{}, false, io.ErrUnexpectedEOF
		}
		if k == kind {
			return body, true, nil
		}
		at = body.to
	}
	return span{}, false, nil
}

// header reads the head of a box: ISO/IEC 14496-12, 4.2.
func header(data []byte, at, to int) (kind string, body span, err error) {
	const short, long = 8, 16
	if to-at < short {
		return "", span{}, io.ErrUnexpectedEOF
	}
	size, head := uint64(binary.BigEndian.Uint32(data[at:])), short
	switch size {
	case 0: // to the end of the file
		size = uint64(to - at)
	case 1:
		if to-at < long {
			return "", span{}, io.ErrUnexpectedEOF
		}
		size, head = binary.BigEndian.Uint64(data[at+short:]), long
	}
	if size < uint64(head) || size > 1<<40 {
		return "", span{}, errShort
	}
	return string(data[at+4 : at+8]), span{at + head, at + int(size)}, nil
}
