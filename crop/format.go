package crop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"strings"

	"golang.org/x/image/webp"

	"github.com/mcllava/mcllava/internal/heif"
	"github.com/mcllava/mcllava/internal/tiff"
)

const readable = "a JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC or AVIF picture"

// format is one kind of picture that can be read.
type format struct {
	name   string
	magic  string // what a file begins with; '?' is any byte
	config func(data []byte) (image.Config, error)
	decode func(ctx context.Context, data []byte, threads int) (*image.RGBA, error) // opaque, not yet upright
	turn   func(data []byte) orientation
	icc    func(data []byte) []byte // the embedded profile; may be nil
}

var formats = []format{
	{"JPEG", "\xff\xd8\xff", jpegHead, decodeJPEG, jpegTurn, iccOfJPEG},
	{"PNG", "\x89PNG", pngHead, decodePNG, pngTurn, iccOfPNG},
	{"GIF", "GIF8", gifConfig, decodeGIF, none, nil},
	{"WebP", "RIFF????WEBP", head(webp.DecodeConfig), decodeWebP, webpTurn, iccOfWebP},
	{"BMP", "BM", bmpHead, decodeBMP, none, nil},
	{"TIFF", "II*\x00", tiffHead, decodeTIFF, tiffTurn, tiff.Profile},
	{"TIFF", "MM\x00*", tiffHead, decodeTIFF, tiffTurn, tiff.Profile},
	{"TIFF", "II+\x00", tiffHead, decodeTIFF, tiffTurn, tiff.Profile}, // BigTIFF
	{"TIFF", "MM\x00+", tiffHead, decodeTIFF, tiffTurn, tiff.Profile},
}

// The kinds of [heif.Kind].
var (
	heic = format{"HEIC", "", heifHead, decodeHEIF, heifTurn, iccOfHEIF}
	avif = format{"AVIF", "", heifHead, decodeHEIF, heifTurn, iccOfHEIF}
)

func none([]byte) orientation { return upright }

func head(config func(io.Reader) (image.Config, error)) func([]byte) (image.Config, error) {
	return func(data []byte) (image.Config, error) { return config(bytes.NewReader(data)) }
}

// refused are formats that are recognised so that the error can name them.
var refused = []struct {
	name, magic string
	drawing     bool // and not a picture of pixels
}{
	{"JPEG XL", "\xff\x0a", false},
	{"JPEG XL", "\x00\x00\x00\x0cJXL \r\n\x87\n", false},
	{"JPEG 2000", "\x00\x00\x00\x0cjP  ", false},
	{"JPEG 2000", "\xff\x4f\xff\x51", false},
	{"JPEG XR", "II\xbc\x01", false},
	{"Canon raw", "II*\x00????CR", false},
	{"Canon raw", "????ftypcrx ", false},
	{"Fujifilm raw", "FUJIFILMCCD-RAW", false},
	{"Olympus raw", "IIRO", false},
	{"Olympus raw", "IIRS", false},
	{"Panasonic raw", "IIU\x00", false},
	{"Photoshop", "8BPS", false},
	{"OpenEXR", "\x76\x2f\x31\x01", false},
	{"Radiance HDR", "#?RADIANCE\n", false},
	{"DDS", "DDS \x7c\x00\x00\x00", false},
	{"QOI", "qoif\x00", false},
	{"Netpbm", "P4\n", false},
	{"Netpbm", "P5\n", false},
	{"Netpbm", "P6\n", false},
	{"Netpbm", "P7\n", false},
	{"OS/2 bitmap array", "BA????????????BM", false},
	{"ICO", "\x00\x00\x01\x00", false},
	{"CUR", "\x00\x00\x02\x00", false},
	{"PDF", "%PDF", true},
	{"SVG", "<svg", true},
}

// sniff tells the format of an encoded picture by its first bytes.
func sniff(data []byte) (format, error) {
	if len(data) == 0 {
		return format{}, errors.New("empty file, expected " + readable)
	}
	for _, r := range refused {
		if begins(data, r.magic) {
			return format{}, fmt.Errorf("%s is not supported, convert it first (expected %s)", r.name, readable)
		}
	}
	for _, f := range formats {
		if begins(data, f.magic) {
			return f, nil
		}
	}
	switch heif.Kind(data) {
	case heic.name:
		return heic, nil
	case avif.name:
		return avif, nil
	}
	return format{}, fmt.Errorf("not a picture: begins with %q, expected %s", data[:min(len(data), 8)], readable)
}

func begins(data []byte, magic string) bool {
	if len(data) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != data[i] {
			return false
		}
	}
	return true
}

// fault words a decoder's error: a file that ends early is told from one that is broken or of an unknown kind.
func (f format) fault(err error) error {
	text := err.Error()
	for _, s := range []string{"EOF", "short Huffman", "short chunk", "not enough", "missing padding byte"} {
		if strings.Contains(text, s) {
			return f.truncated()
		}
	}
	for _, prefix := range []string{
		strings.ToLower(f.name) + ": ", "invalid format: ", "invalid JPEG format: ",
	} {
		text = strings.TrimPrefix(text, prefix)
	}
	for _, coding := range []string{"zlib: ", "flate: ", "lzw: ", "ccitt: "} {
		if strings.HasPrefix(text, coding) {
			text = "its compressed pixels are broken"
		}
	}
	for _, prefix := range []string{"unsupported feature: ", "unsupported JPEG feature: ", "unsupported "} {
		if after, ok := strings.CutPrefix(text, prefix); ok {
			text = after + " is not supported, convert it first"
		}
	}
	return fmt.Errorf("%s cannot be decoded: %s", f.name, text)
}

func (f format) truncated() error {
	return fmt.Errorf("%s ends early, expected the rest of the file", f.name)
}

// leastBytes is a lower bound on the size of a file that holds width × height pixels, 0 where there is none.
// It refuses a small file that claims a large picture before memory is set aside for it.
func (f format) leastBytes(data []byte, width, height int) float64 {
	pixels := float64(width) * float64(height)
	switch {
	case f.name == "JPEG":
		return pixels / 64 / 8 // a luma block of 8×8 has at least one bit
	case f.name == "PNG":
		h, _ := readPNGHeader(data)
		return pixels * float64(h.bitsPerPixel()) / 8 / 1032 // deflate's largest ratio
	case f.name == "BMP":
		return pixels * bmpBits(data) / 8
	}
	return 0
}
