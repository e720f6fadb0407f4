package crop

import (
	"bytes"
	"compress/zlib"
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
	if !begins(data, pngSignature) {
		return nil
	}
	for rest := data[len(pngSignature):]; ; {
		c, next, ok := nextPNGChunk(rest)
		if !ok || c.kind == "IDAT" {
			return nil
		}
		rest = next
		if c.kind == "iCCP" {
			_, packed, ok := bytes.Cut(c.body, []byte{0}) // after the name
			if !ok || len(packed) < 1 || packed[0] != 0 {
				return nil
			}
			return inflated(packed[1:])
		}
	}
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

func iccOfHEIF(data []byte) []byte {
	p, err := heif.Read(data)
	if err != nil {
		return nil
	}
	return p.Profile()
}
