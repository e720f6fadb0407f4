//go:build unix

package crop

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"
)

// BenchmarkPicture is what a picture costs beside the model, in milliseconds of one core, which neighbours on a machine change less than
// those of the clock: to decode it, to turn it, and to cut all of its crops, in strips and
// each alone. One crop is the overview. Memory that is written to has been touched before.
func BenchmarkPicture(b *testing.B) {
	for _, c := range []struct {
		name          string
		width, height int
		encode        func(testing.TB, image.Image) []byte
	}{
		{"jpeg-4000x3000", 4000, 3000, asCameraJPEG},
		{"png-2400x1600", 2400, 1600, asPNG},
		{"jpeg-4240x2832", 4240, 2832, asCameraJPEG},
	} {
		m := photograph(c.width, c.height)
		b.Run(c.name, func(b *testing.B) {
			data := c.encode(b, m)
			b.Run("decode", func(b *testing.B) {
				var m *image.RGBA
				perProcessor(b, func() error {
					var err error
					m, err = Decode(b.Context(), data, DecodeOptions{})
					return err
				})
				b.ReportMetric(float64(len(data))/float64(m.Rect.Dx()*m.Rect.Dy()), "B/pixel")
			})
			b.Run("turn", func(b *testing.B) {
				turned := image.NewRGBA(m.Rect)
				clear(turned.Pix)
				perProcessor(b, func() error {
					turned = orientation(6).apply(turned)
					return nil
				})
			})
			for _, most := range []int{0, 25, 100, 200} {
				g, err := NewGrid(c.width, c.height, base, most)
				if err != nil {
					b.Fatal(err)
				}
				dst := make([]uint8, len(g.Boxes)*3*base*base)
				clear(dst)
				for name, cut := range map[string]func(boxes []image.Rectangle) int{
					"strips": func(boxes []image.Rectangle) int { return Strip(boxes, base) },
					"alone":  func([]image.Rectangle) int { return 1 },
				} {
					b.Run(fmt.Sprintf("crops-%d/%s", len(g.Boxes), name), func(b *testing.B) {
						perProcessor(b, func() error {
							for i := 0; i < len(g.Boxes); {
								n := cut(g.Boxes[i:])
								if err := StripPixels(b.Context(), dst[i*3*base*base:], m, g.Boxes[i:i+n], base, 0, 1); err != nil {
									return err
								}
								i += n
							}
							return nil
						})
					})
				}
			}
		})
	}
}

// perProcessor runs work and reports the processor's time for it.
func perProcessor(b *testing.B, work func() error) {
	b.Helper()
	before := processorTime(b)
	for b.Loop() {
		if err := work(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((processorTime(b)-before).Seconds()*1e3/float64(b.N), "cpu-ms/op")
}

func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// photograph has about as much detail as a camera's picture: shapes of all sizes, and the noise of its sensor.
func photograph(width, height int) *image.RGBA {
	const noise = 12
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	r := rand.New(rand.NewPCG(uint64(width), uint64(height)))
	for side := height; side >= 8; side = side * 3 / 4 {
		for range height / side {
			x, y := r.IntN(width), r.IntN(height)
			shape := image.Rect(x, y, x+side/2+r.IntN(side), y+side/2+r.IntN(side))
			c := color.RGBA{uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), 0xff}
			fillShape(m, shape.Intersect(m.Rect), c)
		}
	}
	for i := 0; i < len(m.Pix); i += 4 {
		n := r.IntN(noise) + r.IntN(noise)
		for c := range 3 {
			m.Pix[i+c] = uint8(min(int(m.Pix[i+c])*7/8+n, 0xff))
		}
		m.Pix[i+3] = 0xff
	}
	return m
}

// fillShape fills a part with shades of a colour.
func fillShape(m *image.RGBA, part image.Rectangle, c color.RGBA) {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		row := m.Pix[m.PixOffset(part.Min.X, y):][:4*part.Dx()]
		shade := 128 + 127*(y-part.Min.Y)/part.Dy()
		for i := 0; i < len(row); i += 4 {
			row[i], row[i+1], row[i+2] = uint8(int(c.R)*shade>>8), uint8(int(c.G)*shade>>8), uint8(int(c.B)*shade>>8)
		}
	}
}

// asCameraJPEG is at a camera's usual quality.
func asCameraJPEG(t testing.TB, m image.Image) []byte {
	return encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, m, &jpeg.Options{Quality: 93}) })
}
