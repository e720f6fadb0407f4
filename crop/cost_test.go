package crop

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// What decoding sets aside in all, garbage too, is at most six bytes a pixel and some room.
func TestDecodingHoldsOnePicture(t *testing.T) {
	const width, height = 1500, 1000
	bounds := image.Rect(0, 0, width, height)
	palette := image.NewPaletted(bounds, color.Palette{color.White, color.Black, color.RGBA{R: 9, A: 255}})
	frame := image.NewPaletted(image.Rect(1, 1, width, height), palette.Palette)
	grey := image.NewGray(bounds)
	rgb := image.NewRGBA(bounds)
	for i := range grey.Pix {
		palette.Pix[i], grey.Pix[i] = uint8(i%3), uint8(i)
		rgb.Pix[4*i], rgb.Pix[4*i+3] = uint8(i/7), 0xff
	}
	asGIF := func(m *image.Paletted) []byte {
		return encoded(t, func(b *bytes.Buffer) error {
			return gif.EncodeAll(b, &gif.GIF{Image: []*image.Paletted{m}, Delay: []int{0}, Config: image.Config{ColorModel: m.Palette, Width: width, Height: height}})
		})
	}
	fast := func(m image.Image) []byte {
		return encoded(t, func(b *bytes.Buffer) error { return (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(b, m) })
	}
	turnedJPEG := asJPEG(t, rgb)
	turnedJPEG = append(append([]byte("\xff\xd8\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"), 0, 0, 0, 0), turnedJPEG[2:]...)
	if w, h, _, err := DecodeSize(turnedJPEG, Limits{}); w != height || h != width || err != nil {
		t.Fatal("is not turned", w, h, err)
	}
	for name, data := range map[string][]byte{
		"GIF": asGIF(palette), "GIF of a part": asGIF(frame), "PNG": fast(rgb), "PNG palette": fast(palette), "PNG grey": fast(grey),
		"JPEG": asJPEG(t, rgb), "JPEG turned": turnedJPEG, "TIFF": asTIFF(t, palette),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_ = decoded(t, data)
		runtime.ReadMemStats(&after)
		const room = 2e6
		spent := float64(after.TotalAlloc - before.TotalAlloc)
		t.Logf("%s: %.1f bytes a pixel", name, spent/width/height)
		if spent > 6*width*height+room {
			t.Errorf("%s: %.1f MB were set aside, expected at most %.1f", name, spent/1e6, (6*width*height+room)/1e6)
		}
	}
}

// ofLargestSize is a JPEG whose header claims as many pixels as may be, with bytes for them.
func ofLargestSize(t *testing.T, name string) []byte {
	const width = 20_000
	height := int(DefaultLimits.MaxPixels / width)
	data := bytes.Clone(read(t, filepath.Join(photos, name)))
	frame := max(bytes.Index(data, []byte("\xff\xc0\x00\x11")), bytes.Index(data, []byte("\xff\xc2\x00\x11")))
	binary.BigEndian.PutUint16(data[frame+5:], uint16(height))
	binary.BigEndian.PutUint16(data[frame+7:], width)
	return append(data, make([]byte, width*height/512)...)
}

// A picture that would take too much memory by its kind is told by its header.
func TestMemoryLimit(t *testing.T) {
	baseline := ofLargestSize(t, "444-odd.jpg")
	if w, h, _, err := DecodeSize(baseline, Limits{}); int64(w*h) != DefaultLimits.MaxPixels || err != nil {
		t.Errorf("the largest baseline JPEG without subsampling is %d×%d, %v", w, h, err)
	}
	if _, _, _, err := DecodeSize(ofLargestSize(t, "420-progressive.jpg"), Limits{}); err != nil {
		t.Errorf("the largest progressive JPEG with chroma at half size: %v", err)
	}
	progressive := bytes.Replace(baseline, []byte("\xff\xc0"), []byte("\xff\xc2"), 1)
	deep := hugePNG(15700, 15700)
	deep[24] = 16
	binary.BigEndian.PutUint32(deep[29:], crc32.ChecksumIEEE(deep[12:29]))
	for _, c := range []struct {
		data []byte
		err  string
	}{
		{progressive, "JPEG of 20000×12500 pixels takes 3.75 GB to decode, the limit is 1.95 GB (7 bytes a pixel of --max-pixels, and 0.2 GB)"},
		{deep, "PNG of 15700×15700 pixels takes 1.97 GB to decode"},
		{hugePNG(20000, 13000), "PNG header claims 20000×13000 = 260 megapixels, the limit is 250 (--max-pixels)"},
	} {
		if _, err := Decode(t.Context(), c.data, DecodeOptions{}); err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("error %v, expected %q", err, c.err)
		}
		if _, _, _, err := DecodeSize(c.data, Limits{MaxPixels: 1e9}); err != nil && strings.Contains(err.Error(), "limit") {
			t.Errorf("with a higher limit: %v", err)
		}
	}
	for name, want := range map[string]float64{
		"420-odd.jpg": 5.5, "422-even.jpg": 6, "grey.jpg": 5, "420-progressive.jpg": 7.5, "cmyk.jpg": 8,
	} {
		if got := memoryOfJPEG(read(t, filepath.Join(photos, name))); got != want {
			t.Errorf("%s takes %g bytes a pixel, expected %g", name, got, want)
		}
	}
}

// The error is the context's also where a decoder stumbles over it.
func TestDecodeEndsWithTheContext(t *testing.T) {
	paths, err := filepath.Glob(photos + "/*.*")
	if err != nil || len(paths) == 0 {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, path := range paths {
		data := read(t, path)
		if _, err := sniff(data); err != nil {
			continue
		}
		if m, err := Decode(ctx, data, DecodeOptions{}); m != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v", path, err)
		}
	}
}

// Some bytes that are a picture of 250 megapixels.
const uniformWebP = "RIFF\x1e\x00\x00\x00WEBPVP8L\x11\x00\x00\x00\x2f\xc2\xbd\x70\x0f\x07\x50\x8f\x22\x57\xab\xff\x81\x88\xe8\x7f\x00\x00"

func TestSmallFilesOfManyPixelsEndWithTheContext(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 1 GB and some seconds")
	}
	for name, data := range map[string][]byte{
		"GIF":  read(t, "../testdata/cases/wide-gif-35-bytes/wide.gif"),
		"WebP": []byte(uniformWebP),
	} {
		if w, h, _, err := DecodeSize(data, Limits{}); w*h < 249e6 || err != nil {
			t.Fatalf("%s: %d×%d, %v", name, w, h, err)
		}
		took := time.Hour
		for range 3 { // one of them without a busy neighbour
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			start := time.Now()
			_, err := Decode(ctx, data, DecodeOptions{})
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: error %v", name, err)
			}
			if took = min(took, time.Since(start)); took < 2*time.Second {
				break
			}
		}
		if took > 2*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}
