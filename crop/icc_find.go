package crop

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"

	"github.com/mcllava/mcllava/internal/heif"
)

// maxProfile is the size of the largest profile that is read, in bytes. Those of matrices have a few hundred to some ten thousand.
const maxProfile = 4 << 20

// profile is the ICC profile that a picture holds; nil if it has none, or its pixels are not of red, green and blue, or grey.
func (f format) profile(data []byte) []byte {
	if f.icc == nil {
		return nil
	}
	return f.icc(data)
}

// iccOfJPEG joins the pieces of APP2 segments: ICC.1, B.4.
func iccOfJPEG(data []byte) []byte {
	const (
		app2       = 0xe2
		identifier = "ICC_PROFILE\x00"
	)
	var pieces [256][]byte
	count := 0
	for marker, body := range jpegSegments(data) {
		if startsFrame(marker) && len(body) > 5 && body[5] == 4 {
			return nil // CMYK
		}
		if marker != app2 || !begins(body, identifier) || len(body) < len(identifier)+2 {
			continue
		}
		body = body[len(identifier):]
		if count == 0 {
			count = int(body[1])
		}
		if pieces[body[0]] == nil {
			pieces[body[0]] = body[2:]
		}
	}
	var icc []byte
	for _, piece := range pieces[1:][:min(count, 255)] {
		if piece == nil {
			return nil
		}
		icc = append(icc, piece...)
	}
	return icc
}

// iccOfPNG reads the iCCP chunk, which stands before the pixels.
func iccOfPNG(data []byte) []byte {
	const header, checksum = 8, 4
	for rest := data[header:]; len(rest) >= header; {
		length := int64(binary.BigEndian.Uint32(rest))
		kind := string(rest[4:header])
		if length+header+checksum > int64(len(rest)) || kind == "IDAT" {
			break
		}
		if kind == "iCCP" {
			_, packed, ok := bytes.Cut(rest[header:header+length], []byte{0}) // after the name
			if !ok || len(packed) < 1 || packed[0] != 0 {
				return nil
			}
			return inflated(packed[1:])
		}
		rest = rest[header+length+checksum:]
	}
	return nil
}

func inflated(packed []byte) []byte {
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	icc, err := io.ReadAll(io.LimitReader(z, maxProfile+1))
	if err != nil {
		return nil
	}
	return icc
}

func iccOfWebP(data []byte) []byte {
	for name, body := range webpChunks(data) {
		if name == "ICCP" {
			return body
		}
	}
	return nil
}

func iccOfTIFF(data []byte) []byte {
	const (
		tagICC              = 34675
		separated, cieLab   = 5, 8
		undefined, someByte = 7, 1
	)
	if p := tiffTag(data, tagPhotometric); p == separated || p == cieLab {
		return nil
	}
	if icc := tiffField(data, tagICC, undefined); icc != nil {
		return icc
	}
	return tiffField(data, tagICC, someByte)
}

func iccOfHEIF(data []byte) []byte {
	p, err := heif.Read(data)
	if err != nil {
		return nil
	}
	return p.Profile()
}

const tiffShort = 3

// tiffField are the bytes of a tag of the first directory that is of a kind and does not fit into its entry; nil if there is none.
func tiffField(data []byte, tag, kind uint16) []byte {
	const head, entry, inEntry = 8, 12, 4
	if len(data) < head {
		return nil
	}
	var order binary.ByteOrder = binary.LittleEndian
	if data[0] == 'M' {
		order = binary.BigEndian
	}
	start := int64(order.Uint32(data[4:]))
	if start+2 > int64(len(data)) {
		return nil
	}
	entries := data[start+2:]
	for range order.Uint16(data[start:]) {
		if len(entries) < entry {
			return nil
		}
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == kind {
			size := int64(order.Uint32(entries[4:]))
			if kind == tiffShort {
				size *= 2
			}
			from := int64(order.Uint32(entries[8:]))
			if size <= inEntry || from+size > int64(len(data)) {
				return nil
			}
			return data[from : from+size]
		}
		entries = entries[entry:]
	}
	return nil
}
