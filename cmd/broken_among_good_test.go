package cmd

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/records"

	"github.com/mcllava/mcllava/internal/demo/draw"
)

// brokenPictures are files that hold no picture that can be asked about, by name.
func brokenPictures(t *testing.T) map[string][]byte {
	t.Helper()
	photo := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("..", "testdata", "photos", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	changed := func(data []byte, at int, to ...byte) []byte {
		data = slices.Clone(data)
		copy(data[at:], to)
		return data
	}
	half := func(name string) []byte { data := photo(name); return data[:len(data)/2] }
	asJPEG := encoded(t, func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }, 64, 64)
	frame := bytes.Index(asJPEG, []byte{0xff, 0xc0})
	asPNG := encoded(t, png.Encode, 64, 64)
	pixels := bytes.Index(asPNG, []byte("IDAT"))
	box := func(brand string) []byte {
		return []byte("\x00\x00\x00\x18ftyp" + brand + "\x00\x00\x00\x00" + brand + "mif1")
	}
	bmp := photo("rgb.bmp")
	return map[string][]byte{
		"half.jpg":             half("rgb.jpg"),
		"half-progressive.jpg": half("420-progressive.jpg"),
		"half.png":             half("rgba.png"),
		"half.gif":             half("palette.gif"),
		"half.webp":            half("lossy-even.webp"),
		"half-lossless.webp":   half("lossless.webp"),
		"half.bmp":             half("rgb.bmp"),
		"half.tiff":            half("lzw.tiff"),
		"beginning.heic":       box("heic"),
		"beginning.avif":       box("avif"),
		"beginning.jpg":        asJPEG[:3],
		"beginning.png":        asPNG[:8],
		"beginning.gif":        []byte("GIF89a"),
		"beginning.webp":       []byte("RIFF\x10\x00\x00\x00WEBPVP8 "),
		"empty.jpg":            nil,
		"text.jpg":             []byte("a note, and no picture\n"),
		"page.jpg":             []byte("<!DOCTYPE html><title>404 Not Found</title>"),
		"drawing.png":          []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>`),
		"document.jpg":         []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
		"archive.jpg":          []byte("PK\x03\x04\x14\x00\x00\x00\x08\x00"),
		"film.jpg":             box("isom"),
		"zeros.jpg":            make([]byte, 1000),
		"one.png":              encoded(t, png.Encode, 1, 1),
		"thin.png":             encoded(t, png.Encode, 10000, 3),
		"huge.png":             hugePNG(t),
		"huge.jpg":             changed(asJPEG, frame+5, 0xff, 0xff, 0xff, 0xff),
		"huge.gif":             changed(photo("palette.gif"), 6, 0xff, 0xff, 0xff, 0xff),
		"huge.bmp":             changed(bmp, 18, binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, 90000), 90000)...),
		"arithmetic.jpg":       changed(asJPEG, frame+1, 0xc9),
		"damaged-header.png":   changed(asPNG, 19, 65),
		"damaged-pixels.png":   changed(asPNG, pixels+8, 0xff, 0xff, 0xff),
		"depth.bmp":            changed(bmp, 28, 17),
	}
}

// TestBrokenAmongGood asks about a folder in which some files hold no picture: each good one is answered, of each other one
// it is said why not, and the exit code is 1. A folder and a pipe among them are passed over.
func TestBrokenAmongGood(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var broken, good []string
	put := func(to *[]string, name string, err error) {
		if err != nil {
			t.Fatal(err)
		}
		*to = append(*to, filepath.Join(folder, name))
	}
	for name, data := range brokenPictures(t) {
		put(&broken, name, os.WriteFile(filepath.Join(folder, name), data, 0o600))
	}
	if runtime.GOOS != "windows" {
		put(&broken, "nowhere.jpg", os.Symlink("is-not-there.jpg", filepath.Join(folder, "nowhere.jpg")))
		put(&broken, "circle.jpg", os.Symlink("circle.jpg", filepath.Join(folder, "circle.jpg")))
		if err := exec.Command("mkfifo", filepath.Join(folder, "pipe.jpg")).Run(); err != nil {
			t.Fatal(err)
		}
		put(&good, "link.png", os.Symlink("10.png", filepath.Join(folder, "link.png")))
		if os.Getuid() != 0 {
			put(&broken, "secret.png", os.WriteFile(filepath.Join(folder, "secret.png"), encoded(t, png.Encode, 64, 64), 0))
		}
	}
	for i := range 10 {
		picture, err := draw.Small(i)
		name := fmt.Sprintf("%d.png", i+5)
		put(&good, name, err)
		if err := os.WriteFile(filepath.Join(folder, name), picture, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(&good, "exif.jpg", os.WriteFile(filepath.Join(folder, "exif.jpg"), badEXIF(t), 0o600))

	// Those that only a list names.
	put(&broken, "folder.jpg", os.Mkdir(filepath.Join(folder, "folder.jpg"), 0o700))
	put(&broken, "missing.jpg", nil)
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte(strings.Join(broken[len(broken)-2:], "\n")), 0o600); err != nil {
		t.Fatal(err)
	}

	ask := func(more ...string) (code int, answered, reasons []string, message string) {
		args := []string{"ask", "--quiet", "--threads", "1", "--cache", "off", "--max-crops", "0", "--json", folder, "--from", list, "-q", "is it day or night?"}
		code, out, message := inProcess(append(args, more...)...)
		for line := range strings.Lines(out) {
			var r records.Record
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if r.Failed() {
				reasons = append(reasons, r.Image)
			} else {
				answered = append(answered, r.Image)
			}
		}
		return code, answered, reasons, message
	}
	code, answered, reasons, message := ask()
	slices.Sort(good)
	slices.Sort(broken)
	slices.Sort(answered)
	slices.Sort(reasons)
	if code != exitFailed || !slices.Equal(answered, good) || !slices.Equal(reasons, broken) {
		t.Errorf("exit code %d, answered %q, failed %q", code, answered, reasons)
	}
	for _, path := range broken {
		if strings.Count(message, "mcllava: "+path+": ") != 1 {
			t.Errorf("of %s there is not one reason", path)
		}
	}
	last := fmt.Sprintf("mcllava: %d of %d questions have no answer\n", len(broken), len(broken)+len(good))
	if !strings.HasSuffix(message, last) || strings.Count(message, "\n") != len(broken)+1 {
		t.Errorf("standard error is %q", message)
	}
	t.Log(message)

	code, answered, reasons, message = ask("--fail-fast")
	if code != exitFailed || len(reasons) != 1 || len(answered) != 10 || strings.Count(message, "\n") != 1 || !strings.Contains(message, reasons[0]) {
		t.Errorf("with --fail-fast: exit code %d, answered %q, failed %q, standard error %q", code, answered, reasons, message)
	}
}

// badEXIF is a JPEG whose EXIF is cut off in the middle.
func badEXIF(t *testing.T) []byte {
	t.Helper()
	asJPEG := encoded(t, func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }, 64, 64)
	exif := []byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x05\x01\x12\x00")
	segment := append([]byte{0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	return slices.Concat(asJPEG[:2], segment, asJPEG[2:])
}
