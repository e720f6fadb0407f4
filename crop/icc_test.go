package crop

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/heif"
)

const profiles = "testdata/icc"

// What Pillow's LittleCMS makes of a profile: mean and largest difference, of 255.
const (
	iccMean       = 1
	iccMost       = 2
	iccMostOfJPEG = 8 // a difference of 1 in the inverse DCT is more in saturated colours
)

func TestProfilesAreConvertedAsByLittleCMS(t *testing.T) {
	paths, err := filepath.Glob(profiles + "/*.expected.png")
	if err != nil || len(paths) != 11 {
		t.Fatalf("%d expected pictures: %v", len(paths), err)
	}
	for _, path := range paths {
		source := strings.TrimSuffix(path, ".expected.png")
		t.Run(filepath.Base(source), func(t *testing.T) {
			most := iccMost
			switch filepath.Ext(source) {
			case ".jpg":
				most = iccMostOfJPEG
			case ".heic", ".avif":
				if testing.Short() || !heif.Built {
					t.Skip("needs decoders that are compiled first")
				}
			}
			want := readPNG(t, path)
			mean, largest := difference(decode(t, source), want)
			t.Logf("mean %.3f, largest %.0f", mean, largest)
			if !(mean <= iccMean && largest <= float64(most)) {
				t.Errorf("mean %.3f, largest %.0f; expected at most %d, %d", mean, largest, iccMean, most)
			}
			ignored, err := Decode(t.Context(), read(t, source), DecodeOptions{IgnoreICC: true})
			if err != nil {
				t.Fatal(err)
			}
			if mean, _ := difference(ignored, want); !(mean > 2*iccMean) {
				t.Errorf("without the profile the mean is %.3f, which proves nothing", mean)
			}
		})
	}
}

func TestSwappedChannelsAreSwappedBack(t *testing.T) {
	const folder = "../testdata/cases/icc-profile/"
	mean, largest := difference(decode(t, folder+"p-swapped.png"), readPNG(t, folder+"icc-ref.png"))
	const most = 3 // the picture before its channels were swapped, of which LittleCMS is as far
	if !(mean <= iccMean && largest <= most) {
		t.Errorf("mean %.3f, largest %.0f; expected at most %d, %d", mean, largest, iccMean, most)
	}
}

// pngProfile is the profile of a PNG made for these tests.
func pngProfile(t testing.TB, name string) []byte {
	t.Helper()
	icc := iccOfPNG(read(t, filepath.Join(profiles, name)))
	if icc == nil {
		t.Fatalf("%s has no profile", name)
	}
	return icc
}

// withProfile is a picture of noise with a profile that is not compressed well.
func withProfile(t testing.TB, m image.Image, icc []byte) []byte {
	t.Helper()
	packed := []byte("\x78\x01\x01") // one stored block
	packed = binary.LittleEndian.AppendUint16(packed, uint16(len(icc)))
	packed = binary.LittleEndian.AppendUint16(packed, ^uint16(len(icc)))
	packed = append(packed, icc...)
	a, b := uint32(1), uint32(0)
	for _, v := range icc {
		a = (a + uint32(v)) % 65521
		b = (b + a) % 65521
	}
	packed = binary.BigEndian.AppendUint32(packed, b<<16|a)
	body := append([]byte("iCCPname\x00\x00"), packed...)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
	chunk = append(chunk, body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(body))
	data := asPNG(t, m)
	const afterHeader = 33
	return append(data[:afterHeader:afterHeader], append(chunk, data[afterHeader:]...)...)
}

func TestProfilesThatChangeNothing(t *testing.T) {
	m := noise(40, 30)
	icc := pngProfile(t, "p3-para.png")
	if got := decoded(t, withProfile(t, m, icc)); bytes.Equal(got.Pix, m.Pix) {
		t.Fatal("the profile that is changed below changes nothing")
	}
	replaced := func(from, to string) []byte { return bytes.Replace(icc, []byte(from), []byte(to), 1) }
	at := func(i int, to string) []byte { return append(append(icc[:i:i], to...), icc[i+len(to):]...) }
	curve := bytes.Index(icc, []byte("para\x00\x00"))
	matrix := bytes.Index(icc, []byte("XYZ \x00\x00\x00\x00")) // the white point
	for name, icc := range map[string][]byte{
		"none":                {},
		"sRGB":                pngProfile(t, "srgb.png"),
		"grey":                pngProfile(t, "grey.png"),
		"a table":             replaced("cprt", "A2B0"),
		"a table, relative":   replaced("cprt", "A2B1"),
		"CMYK":                at(16, "CMYK"),
		"Lab":                 at(20, "Lab "),
		"a link":              at(12, "link"),
		"no profile":          at(36, "abcd"),
		"no red":              replaced("rXYZ", "rXYz"),
		"no curve":            replaced("gTRC", "gTRc"),
		"header alone":        icc[:128],
		"header and count":    icc[:132],
		"half":                icc[:len(icc)/2],
		"curve of no kind":    at(curve, "parb"),
		"curve of no formula": at(curve+8, "\x00\x05"),
		"many tags":           at(128, "\xff\xff\xff\xff")[:400],
		"flat": func() []byte { // all colours alike
			flat := bytes.Clone(icc)
			for i := matrix + 20; ; {
				n := bytes.Index(flat[i:], []byte("XYZ \x00\x00\x00\x00"))
				if n < 0 {
					return flat
				}
				i += n + 8
				copy(flat[i:], "\x00\x00\x40\x00\x00\x00\x40\x00\x00\x00\x40\x00")
			}
		}(),
	} {
		if got := decoded(t, withProfile(t, m, icc)); !bytes.Equal(got.Pix, m.Pix) {
			t.Errorf("%s: the picture was changed", name)
		}
	}
}

func decoded(t testing.TB, data []byte) *image.RGBA {
	t.Helper()
	m, err := Decode(t.Context(), data, DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A profile in pieces of which one is missing, or in another order.
func TestProfileInPieces(t *testing.T) {
	data := read(t, profiles+"/adobe-chunks.jpg")
	whole := iccOfJPEG(data)
	if len(whole) < 70000 {
		t.Fatalf("%d bytes of a profile", len(whole))
	}
	first := bytes.Index(data, []byte("ICC_PROFILE\x00\x01\x02"))
	second := bytes.Index(data, []byte("ICC_PROFILE\x00\x02\x02"))
	end := second - 2 + int(binary.BigEndian.Uint16(data[second-2:]))
	swapped := append(data[:first-4:first-4], data[second-4:end]...)
	swapped = append(swapped, data[first-4:second-4]...)
	swapped = append(swapped, data[end:]...)
	if !bytes.Equal(iccOfJPEG(swapped), whole) {
		t.Error("pieces in another order give another profile")
	}
	if !bytes.Equal(decoded(t, swapped).Pix, decoded(t, data).Pix) {
		t.Error("pieces in another order give another picture")
	}
	if icc := iccOfJPEG(append(data[:second-4:second-4], data[end:]...)); icc != nil {
		t.Errorf("without a piece there are %d bytes", len(icc))
	}
}

func TestHEIFProfile(t *testing.T) {
	for _, name := range []string{"p3.heic", "p3.avif"} {
		if got := iccOfHEIF(read(t, filepath.Join(profiles, name))); !bytes.Equal(got, pngProfile(t, "p3-para.png")) {
			t.Errorf("%s: %d bytes, expected the profile", name, len(got))
		}
	}
	if got := iccOfHEIF(read(t, "testdata/nclx.heic")); got != nil {
		t.Errorf("%d bytes of a profile where there is none", len(got))
	}
}

func TestConversionEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := toSRGB(ctx, noise(20, 20), pngProfile(t, "p3-para.png"), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func BenchmarkProfile(b *testing.B) {
	icc := pngProfile(b, "p3-para.png")
	m := noise(4000, 3000)
	smooth := image.NewRGBA(m.Rect)
	for i := range smooth.Pix {
		smooth.Pix[i] = uint8(i/4%4000/16) | uint8(i%4/3*255)
	}
	for name, m := range map[string]*image.RGBA{"noise": m, "smooth": smooth} {
		b.Run(name+"-12MP", func(b *testing.B) {
			for b.Loop() {
				if err := toSRGB(b.Context(), m, icc, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("sRGB-is-told", func(b *testing.B) {
		icc := pngProfile(b, "srgb.png")
		for b.Loop() {
			if err := toSRGB(b.Context(), m, icc, 1); err != nil {
				b.Fatal(err)
			}
		}
	})
}
