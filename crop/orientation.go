package crop

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation is EXIF's: 1 is upright, 2 to 8 say how the stored picture is mirrored and turned; what is not
// in 2…8 counts as upright.
type orientation int

const upright orientation = 1

const tagOrientation = 0x0112

// readOrientation reads the tag from a picture's EXIF, which is a small TIFF. One that has none, or whose EXIF is
// broken, is upright.
func readOrientation(exif []byte) orientation {
	exif = bytes.TrimPrefix(exif, []byte("Exif\x00\x00")) // some writers keep JPEG's prefix in other formats
	if !begins(exif, "II*\x00") && !begins(exif, "MM\x00*") {
		return upright
	}
	return orientation(tiffTag(exif, tagOrientation))
}

// exifOfJPEG walks the segments before the first scan.
func exifOfJPEG(data []byte) []byte {
	const (
		app1 = 0xe1
		sos  = 0xda
	)
	for rest := data[2:]; len(rest) >= 4 && rest[0] == 0xff && rest[1] != sos; {
		if rest[1] == 0xff { // padding before a marker
			rest = rest[1:]
			continue
		}
		length := int(binary.BigEndian.Uint16(rest[2:]))
		if length < 2 || 2+length > len(rest) {
			break
		}
		if body := rest[4 : 2+length]; rest[1] == app1 && begins(body, "Exif\x00?") {
			return body[6:]
		}
		rest = rest[2+length:]
	}
	return nil
}

// exifOfPNG walks all chunks: the one sought may stand after the pixels.
func exifOfPNG(data []byte) []byte {
	const header, checksum = 8, 4
	for rest := data[header:]; len(rest) >= header; {
		length := int64(binary.BigEndian.Uint32(rest))
		if length+header+checksum > int64(len(rest)) {
			break
		}
		if string(rest[4:header]) == "eXIf" {
			return rest[header : header+length]
		}
		rest = rest[header+length+checksum:]
	}
	return nil
}

func exifOfWebP(data []byte) []byte {
	for name, body := range webpChunks(data) {
		if name == "EXIF" {
			return body
		}
	}
	return nil
}

// size is the upright width and height of a picture stored as w × h.
func (o orientation) size(w, h int) (width, height int) {
	if o >= 5 && o <= 8 {
		return h, w
	}
	return w, h
}

// then is the one orientation that does what o and after it next do.
func (o orientation) then(next orientation) orientation {
	probe := image.NewRGBA(image.Rect(0, 0, 2, 3))
	for i := range probe.Pix {
		probe.Pix[i] = uint8(i)
	}
	turned := func(m *image.RGBA, by orientation) *image.RGBA {
		return by.apply(&image.RGBA{Pix: bytes.Clone(m.Pix), Stride: m.Stride, Rect: m.Rect})
	}
	both := turned(turned(probe, o), next)
	for one := upright; one <= 8; one++ {
		if m := turned(probe, one); m.Rect == both.Rect && bytes.Equal(m.Pix, both.Pix) {
			return one
		}
	}
	return upright
}
