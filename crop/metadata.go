package crop

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"io"
	"iter"
	"regexp"

	"github.com/mcllava/mcllava/internal/tiff"
)

// metadata are the parts of a file that may say how its picture is turned. Nil is one that the file does not have.
type metadata struct{ exif, xmp []byte }

// turn is what EXIF says or, where it says nothing, XMP, as Pillow and ExifTool have it.
func (m metadata) turn() orientation {
	if v, ok := exifOrientation(m.exif); ok {
		return v
	}
	return xmpOrientation(m.xmp)
}

// mostText bounds the bytes of a text that are unpacked or looked into.
const mostText = 1 << 21

// orientationInXMP finds tiff:Orientation as an attribute or as an element.
var orientationInXMP = regexp.MustCompile(`tiff:Orientation\s*(?:=\s*["']|>)\s*([0-9])`)

func xmpOrientation(packet []byte) orientation {
	if m := orientationInXMP.FindSubmatch(packet[:min(len(packet), mostText)]); m != nil {
		return orientation(m[1][0] - '0')
	}
	return upright
}

// What segments of a JPEG begin with.
const (
	exifPrefix = "Exif\x00"
	xmpPrefix  = "http://ns.adobe.com/xap/1.0/\x00"
)

// take keeps what an APP1 segment holds, the first of each kind.
func (m *metadata) take(body []byte) {
	switch {
	case m.exif == nil && bytes.HasPrefix(body, []byte(exifPrefix)) && len(body) > len(exifPrefix):
		m.exif = body[len(exifPrefix)+1:]
	case m.xmp == nil && bytes.HasPrefix(body, []byte(xmpPrefix)):
		m.xmp = body[len(xmpPrefix):]
	}
}

func jpegTurn(data []byte) orientation {
	const app1 = 0xe1
	var m metadata
	for marker, body := range jpegSegments(data) {
		if marker == app1 {
			m.take(body)
		}
	}
	return m.turn()
}

// jpegSegments are the markers and contents of the segments before the first scan.
func jpegSegments(data []byte) iter.Seq2[byte, []byte] {
	const (
		scan                  = 0xda
		end                   = 0xd9
		firstAlone, lastAlone = 0xd0, 0xd8 // markers without a length
	)
	return func(yield func(byte, []byte) bool) {
		for rest := data[min(2, len(data)):]; len(rest) >= 4; {
			marker := rest[1]
			switch {
			case rest[0] != 0xff || marker == 0xff: // what decoders skip before a marker
				rest = rest[1:]
				continue
			case marker == scan || marker == end:
				return
			case marker == 0 || marker >= firstAlone && marker <= lastAlone:
				rest = rest[2:]
				continue
			}
			length := int(binary.BigEndian.Uint16(rest[2:]))
			if length < 2 || 2+length > len(rest) || !yield(marker, rest[4:2+length]) {
				return
			}
			rest = rest[2+length:]
		}
	}
}

func webpTurn(data []byte) orientation {
	var m metadata
	for name, body := range webpChunks(data) {
		switch {
		case name == "EXIF" && m.exif == nil:
			m.exif = body
		case name == "XMP " && m.xmp == nil:
			m.xmp = body
		}
	}
	return m.turn()
}

func tiffTurn(data []byte) orientation {
	if v := tiff.Orientation(data); v != 0 {
		return orientation(v)
	}
	return xmpOrientation(tiff.XMP(data))
}

// pngTurn walks all chunks: the one sought may stand after the pixels. EXIF of a chunk of its own goes before that in a text.
func pngTurn(data []byte) orientation {
	const mostTexts = 16 // that are looked into
	var own []byte
	var texts metadata
	n := 0
	for rest := data[len(pngSignature):]; ; {
		c, next, ok := nextPNGChunk(rest)
		if !ok {
			break
		}
		rest = next
		switch c.kind {
		case "eXIf":
			if own == nil {
				own = c.body
			}
		case "tEXt", "zTXt", "iTXt":
			if n < mostTexts && texts.takePNGText(c) {
				n++
			}
		}
	}
	if own != nil {
		texts.exif = own
	}
	return texts.turn()
}

// takePNGText keeps the metadata in a text chunk of a keyword that says there are some: PNG 1.2, 4.2.3, the XMP specification,
// part 3, and what ImageMagick writes. It says whether the keyword is one of these.
func (m *metadata) takePNGText(c pngChunk) bool {
	keyword, text, ok := bytes.Cut(c.body, []byte{0})
	if !ok {
		return false
	}
	switch string(keyword) {
	case "XML:com.adobe.xmp":
		if text = pngText(c.kind, text); m.xmp == nil {
			m.xmp = text
		}
	case "Raw profile type exif", "Raw profile type EXIF", "Raw profile type APP1", "Raw profile type app1":
		profile := rawProfile(pngText(c.kind, text))
		if m.exif == nil && (begins(profile, "II*\x00") || begins(profile, "MM\x00*")) {
			m.exif = profile
		}
		m.take(profile)
	case "Raw profile type xmp":
		if profile := rawProfile(pngText(c.kind, text)); m.xmp == nil {
			m.xmp = profile
		}
	default:
		return false
	}
	return true
}

// pngText is what follows the keyword of a text chunk, unpacked.
func pngText(kind string, text []byte) []byte {
	packed := kind == "zTXt"
	if kind == "iTXt" {
		if len(text) < 2 {
			return nil
		}
		packed = text[0] != 0
		_, after, _ := bytes.Cut(text[2:], []byte{0}) // the language
		_, text, _ = bytes.Cut(after, []byte{0})      // the keyword in it
	} else if packed {
		text = text[min(1, len(text)):] // the method
	}
	if !packed {
		return text
	}
	r, err := zlib.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil
	}
	text, _ = io.ReadAll(io.LimitReader(r, mostText))
	return text
}

// rawProfile undoes ImageMagick's wrapping: a name, a length and hexadecimal digits, each on lines of their own.
func rawProfile(text []byte) []byte {
	fields := bytes.Fields(text)
	if len(fields) < 3 {
		return nil
	}
	digits := bytes.Join(fields[2:], nil)
	out := make([]byte, len(digits)/2)
	n, _ := hex.Decode(out, digits[:2*len(out)])
	return out[:n]
}
