package crop

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

func encoded(t testing.TB, encode func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	return encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, m) })
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	return encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, m, &jpeg.Options{Quality: 90}) })
}

func asTIFF(t testing.TB, m image.Image) []byte {
	t.Helper()
	return encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, m, nil) })
}

// Every kind of pixel, with each value of a channel once: what comes out is the 8-bit value over white.
func TestPixelKinds(t *testing.T) {
	const side = 16
	bounds := image.Rect(0, 0, side, side)
	fill := func(set func(x, y int, v uint8)) {
		for i := range side * side {
			set(i%side, i/side, uint8(i))
		}
	}
	grey16 := image.NewGray16(bounds)
	fill(func(x, y int, v uint8) { grey16.SetGray16(x, y, color.Gray16{Y: uint16(v)<<8 | 0xf7}) })
	grey := image.NewGray(bounds)
	fill(func(x, y int, v uint8) { grey.SetGray(x, y, color.Gray{Y: v}) })
	deep := image.NewNRGBA64(bounds)
	fill(func(x, y int, v uint8) {
		deep.SetNRGBA64(x, y, color.NRGBA64{R: uint16(v) << 8, G: 0x12ff, B: 0xffff, A: 0xffff})
	})
	deepAlpha := image.NewNRGBA64(bounds)
	fill(func(x, y int, v uint8) {
		deepAlpha.SetNRGBA64(x, y, color.NRGBA64{G: 0xffff, A: uint16(v)<<8 | uint16(v)})
	})
	alpha := image.NewNRGBA(bounds)
	fill(func(x, y int, v uint8) { alpha.SetNRGBA(x, y, color.NRGBA{R: v, G: 200, A: v}) })
	premultiplied := image.NewRGBA(bounds)
	fill(func(x, y int, v uint8) { premultiplied.SetRGBA(x, y, color.RGBA{R: v / 2, A: v}) })
	palette := image.NewPaletted(bounds, make(color.Palette, 256))
	for i := range palette.Palette {
		palette.Palette[i] = color.NRGBA{R: uint8(i), G: 255 - uint8(i), A: 255 - uint8(i)%2*255}
	}
	fill(func(x, y int, v uint8) { palette.SetColorIndex(x, y, v) })

	over := func(c, a uint8) uint8 { return uint8(math.Round(255 - float64(255-int(c))*float64(a)/255)) }
	for _, c := range []struct {
		name string
		data []byte
		want func(v uint8) [3]uint8
	}{
		{"PNG grey 8", asPNG(t, grey), func(v uint8) [3]uint8 { return [3]uint8{v, v, v} }},
		{"PNG grey 16", asPNG(t, grey16), func(v uint8) [3]uint8 { return [3]uint8{v, v, v} }},
		{"PNG RGB 16", asPNG(t, deep), func(v uint8) [3]uint8 { return [3]uint8{v, 0x12, 0xff} }},
		{"PNG RGBA 16", asPNG(t, deepAlpha), func(v uint8) [3]uint8 { return [3]uint8{255 - v, 255, 255 - v} }},
		{"PNG RGBA 8", asPNG(t, alpha), func(v uint8) [3]uint8 { return [3]uint8{over(v, v), over(200, v), 255 - v} }},
		{"PNG palette", asPNG(t, palette), func(v uint8) [3]uint8 {
			if v%2 == 1 {
				return [3]uint8{255, 255, 255}
			}
			return [3]uint8{v, 255 - v, 0}
		}},
		{"TIFF grey 8", asTIFF(t, grey), func(v uint8) [3]uint8 { return [3]uint8{v, v, v} }},
		{"TIFF grey 16", asTIFF(t, grey16), func(v uint8) [3]uint8 { return [3]uint8{v, v, v} }},
		{"TIFF RGBA 16", asTIFF(t, deepAlpha), func(v uint8) [3]uint8 { return [3]uint8{255 - v, 255, 255 - v} }},
		{"TIFF premultiplied", asTIFF(t, premultiplied), func(v uint8) [3]uint8 {
			return [3]uint8{255 - v + v/2, 255 - v, 255 - v}
		}},
	} {
		m, err := Decode(c.data, Limits{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		fill(func(x, y int, v uint8) {
			p, want := m.Pix[m.PixOffset(x, y):][:4], c.want(v)
			if [3]uint8(p) != want || p[3] != 0xff {
				t.Errorf("%s: %d becomes %v, expected %v", c.name, v, p, want)
			}
		})
	}
}

// A kind that no decoder gives today still comes out right.
func TestOpaqueOfAnyPicture(t *testing.T) {
	white := color.RGBA{R: 255, G: 255, B: 255, A: 255}
	for c, want := range map[color.Color]color.RGBA{
		color.RGBA{R: 10, G: 20, B: 30, A: 255}: {R: 10, G: 20, B: 30, A: 255},
		color.Alpha{}:                           white,
	} {
		got := opaque(cut{&image.Uniform{C: c}, image.Rect(-3, 5, 9, 17)})
		if got.Rect != image.Rect(0, 0, 12, 12) || got.RGBAAt(11, 11) != want {
			t.Errorf("%v: %v, %v", c, got.Rect, got.RGBAAt(11, 11))
		}
	}
}

type cut struct {
	image.Image
	bounds image.Rectangle
}

func (c cut) Bounds() image.Rectangle { return c.bounds }

func TestGIFFrameIsPlaced(t *testing.T) {
	frame := image.NewPaletted(image.Rect(5, 6, 15, 12), color.Palette{color.Black, color.RGBA{R: 200, A: 255}, color.Transparent})
	for i := range frame.Pix {
		frame.Pix[i] = uint8(i % 3)
	}
	data := encoded(t, func(b *bytes.Buffer) error {
		return gif.EncodeAll(b, &gif.GIF{
			Image: []*image.Paletted{frame}, Delay: []int{0},
			Config: image.Config{ColorModel: frame.Palette, Width: 20, Height: 21},
		})
	})
	m, err := Decode(data, Limits{})
	if err != nil || m.Rect != image.Rect(0, 0, 20, 21) {
		t.Fatal(m.Bounds(), err)
	}
	white := color.RGBA{R: 255, G: 255, B: 255, A: 255}
	for y := range 21 {
		for x := range 20 {
			want := white
			if at := image.Pt(x, y); at.In(frame.Rect) {
				if i := frame.ColorIndexAt(x, y); i < 2 {
					want = color.RGBA{R: 200 * i, A: 255}
				}
			}
			if got := m.RGBAAt(x, y); got != want {
				t.Fatalf("pixel %d, %d is %v, expected %v", x, y, got, want)
			}
		}
	}
}

// The first frame of an animated WebP may be smaller than the picture.
func TestWebPFrameIsPlaced(t *testing.T) {
	data := bytes.Clone(read(t, photos+"/animated.webp"))
	want := decode(t, photos+"/animated.webp")
	at := bytes.Index(data, []byte("ANMF")) + 8
	data[24], data[27] = 69, 59 // a canvas of 70×60
	data[at], data[at+3] = 4, 5 // in units of two pixels
	m, err := Decode(data, Limits{})
	if err != nil || m.Rect != image.Rect(0, 0, 70, 60) {
		t.Fatal(err)
	}
	for y := range 60 {
		for x := range 70 {
			expected := color.RGBA{R: 255, G: 255, B: 255, A: 255}
			if p := image.Pt(x-8, y-10); p.In(want.Rect) {
				expected = want.RGBAAt(p.X, p.Y)
			}
			if got := m.RGBAAt(x, y); got != expected {
				t.Fatalf("pixel %d, %d is %v, expected %v", x, y, got, expected)
			}
		}
	}
	data[at] = 60 // beyond the canvas
	if _, err := Decode(data, Limits{}); err == nil || !strings.Contains(err.Error(), "outside") {
		t.Errorf("error %v", err)
	}
}

func TestBMPAlpha(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	for i := range m.Pix {
		m.Pix[i] = uint8(i % 4 * 50) // alpha 150
	}
	data := encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, m) })
	got, err := Decode(data, Limits{})
	if err != nil || got.RGBAAt(3, 3) != (color.RGBA{R: 0, G: 50, B: 100, A: 255}) {
		t.Errorf("the short header, which has no alpha, gives %v, %v", got.RGBAAt(3, 3), err)
	}
	// The V4 header, which has.
	const short, v4 = 40, 108
	data[10] += v4 - short
	data[14] = v4
	data = slices.Insert(data, 14+short, make([]byte, v4-short)...)
	pixels := int(data[10])
	got, err = Decode(data, Limits{})
	if err != nil || got.RGBAAt(3, 3) != (color.RGBA{R: 105, G: 134, B: 164, A: 255}) {
		t.Errorf("alpha of 150 gives %v, %v", got.RGBAAt(3, 3), err)
	}
	for i := pixels + 3; i < len(data); i += 4 {
		data[i] = 0
	}
	got, err = Decode(data, Limits{})
	if err != nil || got.RGBAAt(3, 3) != (color.RGBA{R: 0, G: 50, B: 100, A: 255}) {
		t.Errorf("alpha of 0 throughout gives %v, %v", got.RGBAAt(3, 3), err)
	}
}

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
		{"PNG above the limit", hugePNG(100000, 100000), "PNG header claims 100000×100000 = 1e+04 megapixels, the limit is 250"},
		{"PNG within it", hugePNG(15000, 15000), "PNG ends early"},
		{"JPEG", jpegHead, "JPEG ends early"},
		{"BMP", bmpHead, "BMP ends early"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := Decode(c.data, Limits{})
		runtime.ReadMemStats(&after)
		if m != nil || err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v, expected %q", c.name, err, c.err)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; !(spent < 1<<20) {
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
	binary.LittleEndian.PutUint16(preview[directory+2:], tagNewSubfileType) // in place of the width
	binary.LittleEndian.PutUint32(preview[directory+10:], reducedSize)
	small := func(w, h int) []byte { return asPNG(t, image.NewGray(image.Rect(0, 0, w, h))) }

	for _, c := range []struct {
		name string
		data []byte
		lim  Limits
		err  string
	}{
		{"nil", nil, Limits{}, "empty file, expected a JPEG, PNG, GIF, WebP, BMP or TIFF picture"},
		{"text", []byte("hello, world"), Limits{}, `not a picture: begins with "hello, w", expected a JPEG`},
		{"one byte", []byte{0xff}, Limits{}, "not a picture"},
		{"JPEG XL", []byte("\xff\x0a12345"), Limits{}, "JPEG XL is not supported, convert it first"},
		{"JPEG XL box", []byte("\x00\x00\x00\x0cJXL \r\n\x87\n"), Limits{}, "JPEG XL is not supported"},
		{"HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), Limits{}, "HEIC is not supported, convert it first"},
		{"HEIC mif1", []byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic"), Limits{}, "HEIC is not supported"},
		{"AVIF", []byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1avif"), Limits{}, "AVIF is not supported"},
		{"AVIF mif1", []byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif"), Limits{}, "AVIF is not supported"},
		{"PDF", []byte("%PDF-1.7"), Limits{}, "PDF is not supported"},
		{"camera raw", preview, Limits{}, "TIFF cannot be decoded: begins with a reduced preview"},
		{"1×1", small(1, 1), Limits{}, "picture is 1×1 pixels, expected at least 8×8"},
		{"7×8", small(7, 8), Limits{}, "picture is 7×8 pixels"},
		{"8×7", small(8, 7), Limits{}, "picture is 8×7 pixels"},
		{"bytes", photo("grey.jpg"), Limits{Bytes: 100}, "bytes, the limit is 100"},
		{"pixels", photo("grey.jpg"), Limits{Pixels: 129*97 - 1}, "JPEG header claims 129×97 = 0.01251 megapixels, the limit is 0.01251"},
		{"PNG checksum", changed("rgba.png", 0x30, "\xaa\xaa"), Limits{}, "PNG cannot be decoded: "},
		{"PNG newlines", changed("rgba.png", 4, "\n\x1a\n"), Limits{}, "PNG cannot be decoded: "},
		{"PNG no bits", changed("rgba.png", 24, "\x00"), Limits{}, "PNG cannot be decoded: "},
		{"JPEG no marker", changed("grey.jpg", 2, "\xff\x01\x00\x00"), Limits{}, "JPEG cannot be decoded: "},
		{"JPEG lossless", bytes.Replace(photo("grey.jpg"), []byte("\xff\xc0"), []byte("\xff\xc3"), 1), Limits{}, "JPEG cannot be decoded: "},
		{"GIF version", changed("palette.gif", 4, "5"), Limits{}, "GIF cannot be decoded: "},
		{"WebP chunk", changed("lossless.webp", 12, "VP9 "), Limits{}, "WebP "},
		{"WebP length", changed("lossless.webp", 16, "\xff\xff\xff\xff"), Limits{}, "WebP cannot be decoded: "},
		{"BMP bits", changed("rgb.bmp", 28, "\x10"), Limits{}, "BMP cannot be decoded: "},
		{"BMP header", changed("rgb.bmp", 14, "\x05"), Limits{}, "BMP cannot be decoded: "},
		{"TIFF directory", changed("lzw.tiff", 4, "\xff\xff\xff\x7f"), Limits{}, "TIFF ends early"},
	} {
		m, err := Decode(c.data, c.lim)
		if m != nil || err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v, expected %q", c.name, err, c.err)
		} else if len(err.Error()) > 200 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: a long error: %v", c.name, err)
		}
	}
	if _, err := Decode(photo("grey.jpg"), Limits{Pixels: 129 * 97, Bytes: int64(len(photo("grey.jpg")))}); err != nil {
		t.Errorf("a picture exactly at the limits: %v", err)
	}
	if _, err := Decode(small(8, 8), Limits{}); err != nil {
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
		"palette.gif": 1, "animated.gif": 2091,
		"lzw.tiff": 4, "deflate.tiff": 4, "packbits.tiff": 4, "group4.tiff": 4, "rgba.tiff": 4,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := read(t, filepath.Join(photos, name))
			whole, err := Decode(data, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			step := max(1, len(data)/100)
			if testing.Short() {
				step *= 10
			}
			for n := len(data) - 1; n >= 0; n -= step {
				m, err := Decode(data[:n:n], Limits{})
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
			if m, err := Decode(append(data[:n:n], 0xff, 0xd9), Limits{}); m != nil || err == nil {
				t.Errorf("%s: %d of %d bytes give a picture", name, n, len(data))
			}
		}
	}
}

func TestDecodeSize(t *testing.T) {
	for name, want := range map[string]struct {
		width, height int
		format        string
	}{
		"420-odd.jpg":    {129, 97, "JPEG"},
		"rgba.png":       {48, 41, "PNG"},
		"palette.gif":    {48, 41, "GIF"},
		"lossy-odd.webp": {129, 97, "WebP"},
		"animated.webp":  {48, 41, "WebP"},
		"rgb.bmp":        {48, 41, "BMP"},
		"lzw.tiff":       {48, 41, "TIFF"},
		"turned6.jpg":    {24, 16, "JPEG"},
	} {
		data := read(t, filepath.Join(photos, name))
		w, h, format, err := DecodeSize(data, Limits{})
		if err != nil || w != want.width || h != want.height || format != want.format {
			t.Errorf("%s: %d×%d %s, %v; expected %+v", name, w, h, format, err, want)
		}
		if _, _, _, err := DecodeSize(data, Limits{Pixels: 10}); err == nil {
			t.Errorf("%s is above a limit of ten pixels", name)
		}
	}
}

func TestDecodeLeavesItsInputAlone(t *testing.T) {
	paths, err := filepath.Glob(photos + "/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		data := read(t, path)
		before := string(data)
		_, _ = Decode(data, Limits{})
		if string(data) != before {
			t.Errorf("%s was changed", path)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	m := image.NewRGBA(image.Rect(0, 0, 2400, 1600))
	for y := range 1600 {
		for x := range 2400 {
			m.SetRGBA(x, y, color.RGBA{uint8(x / 10), uint8(y / 7), uint8((x*x + y*y) / 9000), 255})
		}
	}
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"jpeg-420", asJPEG(b, m)},
		{"png", asPNG(b, m)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(c.data, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
