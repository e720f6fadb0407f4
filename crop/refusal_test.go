package crop

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// hugePNG claims width × height pixels of 8-bit RGB and holds none.
func hugePNG(width, height uint32) []byte {
	ihdr := []byte("IHDR")
	ihdr = binary.BigEndian.AppendUint32(ihdr, width)
	ihdr = binary.BigEndian.AppendUint32(ihdr, height)
	ihdr = append(ihdr, 8, 2, 0, 0, 0)
	data := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), ihdr...)
	data = binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(ihdr))
	return append(data, "\x00\x00\x00\x05IDATabcde"...)
}

func TestClaimsCostNothing(t *testing.T) {
	jpegHead := bytes.Clone(read(t, photos+"/grey.jpg"))
	sof := bytes.Index(jpegHead, []byte("\xff\xc0"))
	binary.BigEndian.PutUint16(jpegHead[sof+5:], 15000)
	binary.BigEndian.PutUint16(jpegHead[sof+7:], 16000)
	bmpHead := bytes.Clone(read(t, photos+"/rgb.bmp"))
	binary.LittleEndian.PutUint32(bmpHead[18:], 15000)
	binary.LittleEndian.PutUint32(bmpHead[22:], 15000)
	for _, c := range []struct {
		name string
		data []byte
		err  string
	}{
		{"PNG above the limit", hugePNG(20000, 13000), "PNG header claims 20000×13000 = 260 megapixels, the limit is 250"},
		{"PNG far above the limit", hugePNG(65535, 65535), "PNG header claims 65535×65535 = 4294.9 megapixels, the limit is 250"},
		{"PNG just above the limit", hugePNG(250001, 1000), "PNG header claims 250001×1000 = 250.1 megapixels, the limit is 250"},
		{"PNG far above it", hugePNG(100000, 100000), "PNG "}, // image/png words it where int has 32 bits
		{"PNG within it", hugePNG(15000, 15000), "PNG ends early"},
		{"JPEG", jpegHead, "JPEG ends early"},
		{"BMP", bmpHead, "BMP ends early"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := Decode(t.Context(), c.data, DecodeOptions{})
		runtime.ReadMemStats(&after)
		if m != nil || err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v, expected %q", c.name, err, c.err)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent >= 1<<20 {
			t.Errorf("%s: %d bytes were set aside", c.name, spent)
		}
	}
}

func TestRefusals(t *testing.T) {
	photo := func(name string) []byte { return read(t, filepath.Join(photos, name)) }
	changed := func(name string, at int, to string) []byte {
		data := bytes.Clone(photo(name))
		copy(data[at:], to)
		return data
	}
	preview := bytes.Clone(photo("lzw.tiff"))
	directory := binary.LittleEndian.Uint32(preview[4:])
	binary.LittleEndian.PutUint16(preview[directory+2:], 254) // NewSubfileType in place of the width
	binary.LittleEndian.PutUint32(preview[directory+10:], 1)
	small := func(w, h int) []byte { return asPNG(t, image.NewGray(image.Rect(0, 0, w, h))) }

	for _, c := range []struct {
		name string
		data []byte
		lim  Limits
		err  string
	}{
		{"nil", nil, Limits{}, "empty file, expected a JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC or AVIF picture"},
		{"text", []byte("hello, world"), Limits{}, `not a picture: begins with "hello, w", expected a JPEG`},
		{"one byte", []byte{0xff}, Limits{}, "not a picture"},
		{"JPEG XL", []byte("\xff\x0a12345"), Limits{}, "JPEG XL is not supported, convert it first"},
		{"JPEG XL box", []byte("\x00\x00\x00\x0cJXL \r\n\x87\n"), Limits{}, "JPEG XL is not supported"},
		{"PDF", []byte("%PDF-1.7"), Limits{}, "PDF is not supported"},
		{"camera raw", preview, Limits{}, "TIFF cannot be decoded: begins with a reduced preview"},
		{"1×1", small(1, 1), Limits{}, "picture is 1×1 pixels, expected at least 8×8"},
		{"7×8", small(7, 8), Limits{}, "picture is 7×8 pixels"},
		{"8×7", small(8, 7), Limits{}, "picture is 8×7 pixels"},
		{"bytes", photo("grey.jpg"), Limits{Bytes: 100}, "bytes, the limit is 100"},
		{"pixels", photo("grey.jpg"), Limits{MaxPixels: 129*97 - 1}, "JPEG header claims 129×97 = 0.012513 megapixels, the limit is 0.012512"},
		{"PNG checksum", changed("rgba.png", 0x30, "\xaa\xaa"), Limits{}, "PNG cannot be decoded: "},
		{"PNG newlines", changed("rgba.png", 4, "\n\x1a\n"), Limits{}, "PNG cannot be decoded: "},
		{"PNG no bits", changed("rgba.png", 24, "\x00"), Limits{}, "PNG cannot be decoded: "},
		{"JPEG no marker", changed("grey.jpg", 2, "\xff\x01\x00\x00"), Limits{}, "JPEG cannot be decoded: "},
		{"JPEG lossless", bytes.Replace(photo("grey.jpg"), []byte("\xff\xc0"), []byte("\xff\xc3"), 1), Limits{}, "JPEG cannot be decoded: "},
		{"GIF version", changed("palette.gif", 4, "5"), Limits{}, "GIF cannot be decoded: "},
		{"WebP chunk", changed("lossless.webp", 12, "VP9 "), Limits{}, "WebP "},
		{"WebP length", changed("lossless.webp", 16, "\xff\xff\xff\xff"), Limits{}, "WebP cannot be decoded: "},
		{"BMP bits", changed("rgb.bmp", 28, "\x11"), Limits{}, "BMP cannot be decoded: "},
		{"BMP header", changed("rgb.bmp", 14, "\x05"), Limits{}, "BMP cannot be decoded: "},
		{"TIFF directory", changed("lzw.tiff", 4, "\xff\xff\xff\x7f"), Limits{}, "TIFF ends early"},
	} {
		m, err := Decode(t.Context(), c.data, DecodeOptions{Limits: c.lim})
		if m != nil || err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v, expected %q", c.name, err, c.err)
		} else if len(err.Error()) > 200 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: a long error: %v", c.name, err)
		}
	}
	if _, err := Decode(t.Context(), photo("grey.jpg"), DecodeOptions{Limits: Limits{MaxPixels: 129 * 97, Bytes: int64(len(photo("grey.jpg")))}}); err != nil {
		t.Errorf("a picture exactly at the limits: %v", err)
	}
	if _, err := Decode(t.Context(), small(8, 8), DecodeOptions{}); err != nil {
		t.Errorf("a picture of the smallest size: %v", err)
	}
}

// A file that is cut is an error, never a picture that is grey from some row on. What may be missing is what comes
// after the picture: the second frame, or a trailer of a few bytes.
func TestTruncated(t *testing.T) {
	for name, needless := range map[string]int{
		"420-odd.jpg": 0, "420-progressive.jpg": 0, "422-even.jpg": 0, "grey.jpg": 0, "cmyk.jpg": 0, "cmyk-bare.jpg": 0,
		"rgba.png": 0, "interlaced-palette.png": 0, "bilevel.png": 0,
		"rgb.bmp": 0, "palette.bmp": 0,
		"lossy-odd.webp": 0, "lossless.webp": 1, "lossy-alpha.webp": 0, "animated.webp": 1010, "animated-alpha.webp": 1536,
		"palette.gif": 1, "animated.gif": 2093,
		"lzw.tiff": 4, "deflate.tiff": 4, "packbits.tiff": 4, "group4.tiff": 4, "rgba.tiff": 4,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := read(t, filepath.Join(photos, name))
			whole, err := Decode(t.Context(), data, DecodeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			step := max(1, len(data)/100)
			if testing.Short() {
				step *= 10
			}
			for n := len(data) - 1; n >= 0; n -= step {
				m, err := Decode(t.Context(), data[:n:n], DecodeOptions{})
				if n >= len(data)-needless {
					if err == nil && !bytes.Equal(m.Pix, whole.Pix) {
						t.Errorf("%d of %d bytes give another picture", n, len(data))
					}
					continue
				}
				if m != nil || err == nil {
					t.Fatalf("%d of %d bytes give a picture", n, len(data))
				}
				if text := err.Error(); !strings.Contains(text, "ends early") && n > 20 {
					t.Errorf("%d of %d bytes: %v", n, len(data), err)
				}
			}
		})
	}
}

// The data of a JPEG that stops early and then has its end marker is an error too.
func TestTruncatedWithEndMarker(t *testing.T) {
	for _, name := range []string{"420-odd.jpg", "422-even.jpg", "grey.jpg", "cmyk.jpg"} {
		data := read(t, filepath.Join(photos, name))
		for part := 1; part < 20; part++ {
			n := len(data) * part / 20
			if m, err := Decode(t.Context(), append(data[:n:n], 0xff, 0xd9), DecodeOptions{}); m != nil || err == nil {
				t.Errorf("%s: %d of %d bytes give a picture", name, n, len(data))
			}
		}
	}
}
