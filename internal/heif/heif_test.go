package heif

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const pictures = "../../crop/testdata/"

func load(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(pictures + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestKind(t *testing.T) {
	for text, want := range map[string]string{
		"\x00\x00\x00\x14ftypheic\x00\x00\x00\x00mif1":             "HEIC",
		"\x00\x00\x00\x14ftypheix\x00\x00\x00\x00":                 "HEIC",
		"\x00\x00\x00\x14ftyphevc\x00\x00\x00\x00mif1":             "HEIC",
		"\x00\x00\x00\x14ftypheif\x00\x00\x00\x00mif1":             "HEIC",
		"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic":         "HEIC",
		"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif":         "AVIF",
		"\x00\x00\x00\x18ftypmsf1\x00\x00\x00\x00mif1":             "HEIC",
		"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1heic":         "AVIF",
		"\x00\x00\x00\x14ftypavis\x00\x00\x00\x00msf1":             "AVIF",
		"\x00\x00\x00\x14ftypmif1\x00\x00\x00\x00mif1avif":         "HEIC", // avif is behind the list's end
		"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00mp41heic":         "",
		"\xff\xff\xff\xffftypmif1avif":                             "HEIC", // a version, not a brand
		"\x00\x00\x00\x0cftypheic":                                 "",
		"\x00\x00\x00\x14ftyp":                                     "",
		"ftypheicftypheicftypheic":                                 "",
		"":                                                         "",
		"\x00\x00\x00\x00ftypmif1\x00\x00\x00\x00mif1\x00\x00avif": "HEIC",
	} {
		if got := Kind([]byte(text)); got != want {
			t.Errorf("%q is %q, expected %q", text, got, want)
		}
	}
}

func TestRead(t *testing.T) {
	whole := func(w, h int) image.Rectangle { return image.Rect(0, 0, w, h) }
	jpeg, video := Colour{matrixBT601, true}, Colour{MatrixBT709, false}
	for name, want := range map[string]struct {
		Width, Height int
		Visible       image.Rectangle
		Turns         []int
		Colour        Colour
		codec         string
	}{
		"420.heic":      {192, 144, whole(192, 144), nil, jpeg, "hvc1"},
		"grid.heic":     {129, 97, whole(129, 97), nil, jpeg, "hvc1"},
		"bt709.heic":    {96, 64, whole(96, 64), nil, video, "hvc1"},
		"nclx.heic":     {96, 64, whole(96, 64), nil, Colour{MatrixBT2020, false}, "hvc1"},
		"rgb.heic":      {96, 64, whole(96, 64), nil, Colour{MatrixRGB, true}, "hvc1"},
		"clap.heic":     {96, 64, image.Rect(33, 11, 83, 44), []int{8}, jpeg, "hvc1"},
		"clap.avif":     {96, 64, image.Rect(20, 10, 70, 42), []int{8}, jpeg, "av01"},
		"bt709.avif":    {96, 64, whole(96, 64), nil, video, "av01"},
		"grid.avif":     {192, 128, whole(192, 128), nil, jpeg, "av01"},
		"sequence.avif": {24, 16, whole(24, 16), nil, jpeg, "av01"},
		"turned1.heic":  {24, 16, whole(24, 16), nil, jpeg, "hvc1"},
		"turned2.avif":  {24, 16, whole(24, 16), []int{2}, jpeg, "av01"},
		"turned5.heic":  {16, 24, whole(16, 24), []int{8, 4}, jpeg, "hvc1"},
		"turned6.avif":  {16, 24, whole(16, 24), []int{6}, jpeg, "av01"},
		"exif6.heic":    {16, 24, whole(16, 24), nil, jpeg, "hvc1"},
	} {
		p, err := Read(load(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Width != want.Width || p.Height != want.Height || p.Visible != want.Visible || !slices.Equal(p.Turns, want.Turns) || p.Colour != want.Colour || p.codec != want.codec {
			t.Errorf("%s: %d×%d, visible %v, turned %v, %+v, %s", name, p.Width, p.Height, p.Visible, p.Turns, p.Colour, p.codec)
		}
	}
}

func TestAlpha(t *testing.T) {
	for name, want := range map[string][2]bool{
		"alpha.heic":               {true, false},
		"alpha-odd.heic":           {true, false},
		"alpha-premultiplied.heic": {true, true},
		"420.heic":                 {false, false},
		"alpha.avif":               {false, false},
	} {
		if p, err := Read(load(t, name)); err != nil || [2]bool{p.Transparent, p.Premultiplied} != want {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}

	data := load(t, "alpha-turned.heic")
	p, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	without := func(zeros []int) []byte {
		data := bytes.Clone(data)
		for _, at := range zeros {
			data[at] = 0
		}
		return data
	}
	if q, err := Read(without(p.alpha.zeros)); err != nil || !q.Transparent {
		t.Errorf("alpha is not turned: %+v, %v", q, err)
	}
	if _, err := Read(without(p.zeros)); err == nil || !strings.Contains(err.Error(), "alpha: cropped or turned otherwise") {
		t.Errorf("alpha alone is turned: %v", err)
	}
	depth := bytes.Replace(data, []byte("2015:auxid:1"), []byte("2015:auxid:2"), 1)
	if q, err := Read(depth); err != nil || q.Transparent {
		t.Errorf("depth is taken for alpha: %+v, %v", q, err)
	}
}

// The colours of a stream that says nothing of them are not those of one that cannot be read.
func TestStreamColour(t *testing.T) {
	for name, want := range map[string]Colour{"420.heic": {matrixBT601, true}, "bt709.heic": {MatrixBT709, false}} {
		data := load(t, name)
		at := bytes.Index(data, []byte("hvcC"))
		box := data[at+4 : at-4+int(binary.BigEndian.Uint32(data[at-4:]))]
		if s, ok := hevcStream(box); s.colour != want || !s.told || !ok {
			t.Errorf("%s: %+v, %v", name, s, ok)
		}
		for n := range box {
			if s, ok := hevcStream(box[:n]); ok && (s.width < 96 || s.told && s.colour != want) {
				t.Errorf("%s: %+v of %d bytes", name, s, n)
			}
		}
	}
}

// A file that lacks some of the picture's data ends early; of any other damage to the boxes it matters only that it is found
// or harmless.
func TestDamagedBoxes(t *testing.T) {
	paths, err := filepath.Glob(pictures + "*.*i[cf]")
	if err != nil || len(paths) < 30 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		data := load(t, filepath.Base(path))
		needed := len(data) - 100 // the last bytes may be EXIF
		if strings.Contains(path, "sequence") {
			needed = 2000 // or another frame
		}
		for n := 32; n < needed; n += 1 + n/16 {
			if _, err := Read(data[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: %d of %d bytes: %v", path, n, len(data), err)
			}
		}
		for at := range min(len(data), 600) {
			for _, v := range []byte{0x00, 0x7f, 0xff} {
				damaged := bytes.Clone(data)
				damaged[at] = v
				if p, err := Read(damaged); err == nil && (p.Width < 1 || p.Height < 1 || p.Visible.Empty() || len(p.Turns) > 3) {
					t.Errorf("%s: byte %d as %#x: %+v", path, at, v, p)
				}
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	changed := func(name, old, new string) []byte {
		data := load(t, name)
		if !bytes.Contains(data, []byte(old)) {
			t.Fatalf("%s has no %q", name, old)
		}
		return bytes.ReplaceAll(data, []byte(old), []byte(new))
	}
	last := func(name, old, new string) []byte {
		data := load(t, name)
		at := bytes.LastIndex(data, []byte(old))
		return slices.Concat(data[:at], []byte(new), data[at+len(old):])
	}
	for name, c := range map[string]struct {
		data []byte
		say  string
	}{
		"no meta":                {changed("420.heic", "meta", "mete"), "no meta box"},
		"no primary":             {changed("420.heic", "pitm", "pitn"), "no pitm box"},
		"no items":               {changed("420.heic", "iinf", "iinn"), "no iinf box"},
		"no places":              {changed("420.heic", "iloc", "iloo"), "no iloc box"},
		"no size":                {changed("420.heic", "ispe", "ispf"), "size is not told"},
		"other codec":            {changed("420.heic", "hvc1", "vvc1"), `kind "vvc1" inside, expected HEVC or AV1`},
		"overlay":                {changed("grid.heic", "grid", "iovl"), `kind "iovl"`},
		"no tiles":               {changed("grid.heic", "dimg", "dimh"), "grid without tiles"},
		"empty size":             {changed("420.heic", "ispe\x00\x00\x00\x00\x00\x00\x00\xc0", "ispe\x00\x00\x00\x00\x00\x00\x00\x00"), "size cannot be read"},
		"empty crop":             {changed("clap.heic", "clap\x00\x00\x00\x32", "clap\x00\x00\x00\x00"), "visible part of the picture is empty"},
		"alpha without size":     {last("alpha.heic", "ispe", "ispf"), "alpha: the picture's size is not told"},
		"large alpha":            {last("alpha.heic", "ispe\x00\x00\x00\x00\x00\x00\x00\x60", "ispe\x00\x00\x00\x00\x00\x00\x00\x61"), "alpha: claims 97×64 pixels, holds 1 of 96×64"},
		"alpha of another codec": {last("alpha.heic", "hvc1", "vvc1"), `alpha: a picture of kind "vvc1" inside`},
		"crop by zero":           {changed("clap.heic", "clap\x00\x00\x00\x32\x00\x00\x00\x01", "clap\x00\x00\x00\x32\x00\x00\x00\x00"), "box clap is broken"},
	} {
		if _, err := Read(c.data); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v, expected %q", name, err, c.say)
		}
	}
}

// FuzzRead states what holds of every file: a picture with a size and a visible part of it, or an error.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"turned7.heic", "turned7.avif", "exif6.heic", "sequence.avif", "alpha.avif", "alpha-odd.heic"} {
		data := load(f, name)
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Read(data)
		if (p == nil) == (err == nil) {
			t.Fatal(p, err)
		}
		if err == nil && (p.Visible.Empty() || !p.Visible.In(image.Rect(0, 0, p.Width, p.Height)) || len(p.Turns) > 3) {
			t.Errorf("%+v", p)
		}
		Kind(data)
	})
}
