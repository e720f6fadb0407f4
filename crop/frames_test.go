package crop

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/tiff"
)

func TestFrames(t *testing.T) {
	for path, want := range map[string]int{
		kinds + "/pages-3.tif":                3,
		kinds + "/pages-3-bigtiff.tif":        3,
		kinds + "/pages-2.gif":                2,
		kinds + "/pages-3.png":                3,
		kinds + "/pages-2-and-default.png":    3, // as Pillow counts
		kinds + "/pages-3.webp":               3,
		kinds + "/pages-2.heic":               2,
		kinds + "/pages-1-thumbnail.heic":     1,
		kinds + "/ios-rgb.png":                1,
		kinds + "/refused-zstd.tif":           1,
		kinds + "/bits1.bmp":                  1,
		kinds + "/interlaced.gif":             1,
		kinds + "/stray-bytes.gif":            1,
		photos + "/animated.gif":              2,
		photos + "/animated.webp":             2,
		photos + "/lossless.webp":             1,
		photos + "/420-odd.jpg":               1,
		"testdata/sequence.avif":              2,
		"testdata/grid.heic":                  1,
		"testdata/alpha.heic":                 1,
		"testdata/alpha.avif":                 1,
		"testdata/grid.avif":                  1,
		cases + "/multi-page/three-pages.tif": 3,
		kinds + "/README.md":                  0,
	} {
		if got := Frames(read(t, path)); got != want {
			t.Errorf("%s: %d, expected %d", path, got, want)
		}
	}
	if got := Frames(nil); got != 0 {
		t.Errorf("nothing: %d", got)
	}
}

// A file that is cut has no more frames than the whole, and the walk ends.
func TestFramesCutShort(t *testing.T) {
	paths, err := filepath.Glob(kinds + "/pages-*")
	if err != nil || len(paths) < 8 {
		t.Fatal(paths, err)
	}
	for _, path := range append(paths, "testdata/sequence.avif", photos+"/animated.gif") {
		data := read(t, path)
		whole := Frames(data)
		for n := range data {
			if got := Frames(data[:n:n]); got > whole {
				t.Fatalf("%s: %d of %d bytes have %d frames, all have %d", path, n, len(data), got, whole)
			}
		}
	}
}

// A directory that names itself as the next one is a page once.
func TestFramesInALoop(t *testing.T) {
	data := bytes.Clone(read(t, kinds+"/pages-3.tif"))
	first := binary.LittleEndian.Uint32(data[4:])
	next := func(at uint32) uint32 { return at + 2 + 12*uint32(binary.LittleEndian.Uint16(data[at:])) }
	second := binary.LittleEndian.Uint32(data[next(first):])
	binary.LittleEndian.PutUint32(data[next(second):], first)
	if got := tiff.Pages(data); got != 2 {
		t.Errorf("%d pages, expected 2", got)
	}
	binary.LittleEndian.PutUint32(data[next(first):], first)
	if got := tiff.Pages(data); got != 1 {
		t.Errorf("%d pages, expected 1", got)
	}
}

func TestIsPicture(t *testing.T) {
	for _, glob := range []string{kinds + "/*", photos + "/*", "testdata/*.*", cases + "/*/*.*", cases + "/*/*/*.*"} {
		paths, err := filepath.Glob(glob)
		if err != nil || len(paths) == 0 {
			t.Fatal(glob, err)
		}
		for _, path := range paths {
			want := strings.Contains(".jpg .jpeg .png .gif .webp .bmp .tif .tiff .heic .avif .jfif", strings.ToLower(filepath.Ext(path)))
			data := read(t, path)
			if got := IsPicture(data[:min(64, len(data))]); got != want {
				t.Errorf("%s: %v", path, got)
			}
		}
	}
	ftyp := func(brands string) string { return "\x00\x00\x00\x1cftyp" + brands }
	for _, data := range []string{
		"\xff\xd8\xff\xe0\x00\x10JFIF", "\xff\x0a\x00\x10", "8BPS\x00\x01", "\x00\x00\x01\x00\x01\x00", "MM\x00+\x00\x08",
		ftyp("mif1\x00\x00\x00\x00mif1heicmiaf"), ftyp("msf1\x00\x00\x00\x00msf1avis"), ftyp("avis\x00\x00\x00\x00avif"),
		ftyp("crx \x00\x00\x00\x01crx isom"), "\x00\x00\x00\x0cjP  \r\n\x87\n", "P6\n30 20\n255\n",
	} {
		if !IsPicture([]byte(data)) {
			t.Errorf("%q is a picture", data)
		}
	}
	for _, data := range []string{
		"", "B", "\xff", "\xff\xd8", "GIF", "BMW builds cars, and they are fast ones", "hello, world", "%PDF-1.7", "<svg xmlns=", "<html>",
		"RIFF\x00\x00\x00\x00WAVEfmt ", ftyp("isom\x00\x00\x00\x00isomavc1"), "PK\x03\x04", "\x7fELF\x02\x01\x01\x00", "{\"a\": 1}",
		"\x00\x00\x01\xba\x44\x00", "IIIIIIII", "Photo of a cat",
	} {
		if IsPicture([]byte(data)) {
			t.Errorf("%q is no picture", data)
		}
	}
}

func TestTurnedElsewhere(t *testing.T) {
	paths, err := filepath.Glob(kinds + "/turned-*")
	if err != nil || len(paths) < 12 {
		t.Fatal(paths, err)
	}
	want := readPNG(t, kinds+"/upright.png")
	for _, path := range paths {
		most := 0.0
		if filepath.Ext(path) == ".jpg" {
			most = 4
		}
		if _, largest := difference(decode(t, path), want); !(largest <= most) {
			t.Errorf("%s: largest difference %.1f", path, largest)
		}
		if w, h, _, err := DecodeSize(read(t, path), Limits{}); err != nil || w != want.Bounds().Dx() || h != want.Bounds().Dy() {
			t.Errorf("%s: %d×%d, %v", path, w, h, err)
		}
	}
}

// Texts that are no orientation leave the picture as it is stored, and one that unpacks without end is given up.
func TestTurnedByNothing(t *testing.T) {
	for _, xmp := range []string{"", "tiff:Orientation", `tiff:Orientation="9"`, `tiff:Orientation="0"`, `tiff:Orientation=""`, `exif:Orientation="6"`} {
		if got := (metadata{xmp: []byte(xmp)}).turn(); got >= 2 && got <= 8 {
			t.Errorf("%q turns by %d", xmp, got)
		}
	}
	for text, want := range map[string]string{
		"":                           "",
		"\nexif\n 4\n":               "",
		"\nexif\n 4\n4949\n2a00":     "II*\x00",
		"\nexif\n 4\n4949\n2a0":      "II*",
		"\nexif\n 99999999999\n49zz": "I",
	} {
		if got := rawProfile([]byte(text)); string(got) != want {
			t.Errorf("%q holds %q, expected %q", text, got, want)
		}
	}
	bomb := pngText("zTXt", append([]byte{0}, zlibOf(make([]byte, 1<<24))...))
	if len(bomb) > mostText {
		t.Errorf("%d bytes were unpacked", len(bomb))
	}
}

func zlibOf(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}
