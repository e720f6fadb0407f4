package crop

import (
	"image"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzDecode states what holds of every input: no panic, and either an error or an upright opaque picture of the size
// that DecodeSize tells.
func FuzzDecode(f *testing.F) {
	paths, err := filepath.Glob(photos + "/*")
	if err != nil {
		f.Fatal(err)
	}
	var decoders []string
	if !testing.Short() { // as needsDecoders
		decoders = []string{"testdata/turned7.heic", "testdata/turned7.avif", "testdata/alpha.heic", "testdata/grey-grid.heic"}
		paths = append(paths, decoders...)
	}
	rarer, err := filepath.Glob(kinds + "/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range append(paths, rarer...) {
		data := read(f, path)
		if strings.HasSuffix(path, "expected.png") || strings.HasSuffix(path, ".heic") && testing.Short() || len(data) > 5000 {
			continue
		}
		f.Add(data)
		f.Add(data[:len(data)*2/3])
		f.Add(data[:min(len(data), 40)])
	}
	for _, r := range refused {
		f.Add([]byte(r.magic))
	}
	for _, known := range formats {
		f.Add([]byte(known.magic))
		f.Add([]byte(known.magic + "\x00\x00\x00\x08\x00\x00\x00\x00"))
	}
	f.Add(hugePNG(100000, 100000))
	f.Add(hugePNG(300, 200))
	lim := Limits{Bytes: 1 << 16, MaxPixels: 1 << 16}
	for _, path := range decoders { // which are compiled at the first use, for longer than one input may take
		if _, err := Decode(f.Context(), read(f, path), DecodeOptions{Limits: lim}); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(t.Context(), data, DecodeOptions{Limits: lim})
		w, h, name, sizeErr := DecodeSize(data, lim)
		if frames := Frames(data); frames < 0 || frames > len(data) || (sizeErr == nil) && (frames < 1 || !IsPicture(data[:min(64, len(data))])) {
			t.Fatalf("%d frames of a %s, %v", frames, name, sizeErr)
		}
		if sizeErr == nil && (w < MinSide || h < MinSide || name == "") {
			t.Fatalf("size %d×%d of %q", w, h, name)
		}
		if err != nil {
			if m != nil {
				t.Fatalf("a picture and an error: %v", err)
			}
			return
		}
		if sizeErr != nil || m.Rect != image.Rect(0, 0, w, h) || int64(w*h) > lim.MaxPixels {
			t.Fatalf("picture %v, size %d×%d, %v", m.Rect, w, h, sizeErr)
		}
		for i := 3; i < len(m.Pix); i += 4 {
			if m.Pix[i] != 0xff {
				t.Fatalf("pixel %d is not opaque", i/4)
			}
		}
	})
}
