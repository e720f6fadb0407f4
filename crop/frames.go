package crop

import (
	"encoding/binary"

	"github.com/mcllava/mcllava/internal/heif"
	"github.com/mcllava/mcllava/internal/tiff"
)

// Frames counts the pages of a TIFF, the frames of an animated GIF, PNG, WebP, AVIF or HEIC, or the pictures of a HEIC
// or AVIF collection, of which [Decode] takes the first, or the primary one. It is 1 for a file of one picture and 0 for one
// of no format that can be read. It walks over headers and decodes nothing; a file that is broken or cut short has as many as
// come before that.
func Frames(data []byte) int {
	f, err := sniff(data)
	if err != nil {
		return 0
	}
	n := 1
	switch f.name {
	case "TIFF":
		n = tiff.Pages(data)
	case "GIF":
		n = gifFrames(data)
	case "PNG":
		n = pngFrames(data)
	case "WebP":
		n = webpFrames(data)
	case "HEIC", "AVIF":
		n = heif.Count(data)
	}
	return max(n, 1)
}

func gifFrames(data []byte) (n int) {
	if len(data) < gifHead {
		return 0
	}
	table := func(b []byte, flags byte) []byte {
		if flags&0x80 == 0 {
			return b
		}
		return b[min(3*(2<<(flags&7)), len(b)):]
	}
	const descriptor = 10
	rest := table(data[gifHead:], data[10])
	for len(rest) > descriptor && rest[0] != ';' {
		var err error
		switch rest[0] {
		case '!':
			rest, err = skipGIFBlocks(rest[2:])
		case ',':
			n++
			rest = table(rest[descriptor:], rest[descriptor-1])
			rest, err = skipGIFBlocks(rest[min(1, len(rest)):])
		default:
			rest = rest[1:]
		}
		if err != nil {
			break
		}
	}
	return n
}

// pngFrames counts the frames of an APNG, and the picture for readers that know no frames where it is not one of them.
func pngFrames(data []byte) (n int) {
	if !begins(data, pngSignature) {
		return 0
	}
	animated := false
	for rest := data[len(pngSignature):]; ; {
		c, next, ok := nextPNGChunk(rest)
		if !ok {
			return n
		}
		rest = next
		switch c.kind {
		case "acTL":
			animated = true
		case "fcTL":
			n++
		case "IDAT":
			if !animated {
				return 1
			}
			n = max(n, 1)
		}
	}
}

func webpFrames(data []byte) (n int) {
	for name := range webpChunks(data) {
		if name == "ANMF" {
			n++
		}
	}
	return n
}

// IsPicture says by a file's first bytes, of which 64 do, whether it is a picture: of a format that can be read, or one of
// pixels that [Decode] refuses by name. It is meant to choose the pictures of a folder whatever their names.
func IsPicture(first []byte) bool {
	if begins(first, "BM") { // as many a text does
		return len(first) >= 18 && binary.LittleEndian.Uint32(first[14:]) <= 124 && binary.LittleEndian.Uint32(first[14:]) >= 12
	}
	for _, r := range refused {
		if begins(first, r.magic) {
			return !r.drawing
		}
	}
	_, err := sniff(first)
	return err == nil
}
