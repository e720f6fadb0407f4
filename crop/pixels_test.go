package crop

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// The published preprocessor's own output: mean difference of 255, and the part of values within 1/255.
const (
	resizeMean   = 0.02
	resizeWithin = 0.9999
)

func TestPixelsAreThePublishedOnes(t *testing.T) {
	paths, err := filepath.Glob("../testdata/resize/*.in.png")
	if err != nil || len(paths) != 5 {
		t.Fatalf("%d pictures: %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			m := decode(t, path)
			want := decode(t, strings.TrimSuffix(path, ".in.png")+".out.png")
			size := want.Rect.Dx()
			got := normalisedPixels(t, m, m.Rect, size)
			var sum, largest float64
			within := 0
			for i, v := range got {
				y, x := i/size%size, i%size
				d := math.Abs((float64(v)*0.5+0.5)*255 - float64(want.Pix[want.PixOffset(x, y)+i/size/size]))
				sum += d
				largest = max(largest, d)
				if d <= 1.001 {
					within++
				}
			}
			mean, part := sum/float64(len(got)), float64(within)/float64(len(got))
			t.Logf("mean %.4f, largest %.0f, within one %.5f", mean, largest, part)
			if !(mean <= resizeMean && part >= resizeWithin) {
				t.Errorf("mean %.4f, within one %.5f; expected at most %g, at least %g", mean, part, resizeMean, resizeWithin)
			}
			if m.Rect == want.Rect && !(largest <= 1e-4) {
				t.Errorf("a picture of the right size was changed by %g", largest)
			}
		})
	}
}

func normalisedPixels(t testing.TB, m *image.RGBA, box image.Rectangle, size int) []float32 {
	t.Helper()
	pixels, values := make([]uint8, 3*size*size), make([]float32, 3*size*size)
	cutInto(t, pixels, m, box, size)
	Normalise(values, pixels)
	return values
}

func cutInto(t testing.TB, dst []uint8, m *image.RGBA, box image.Rectangle, size int) {
	t.Helper()
	if err := Pixels(t.Context(), dst, m, box, size, 0, size); err != nil {
		t.Fatal(err)
	}
}

// noise is a picture of random opaque pixels.
func noise(w, h int) *image.RGBA {
	r := rand.New(rand.NewPCG(7, uint64(w)))
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32()) | uint8(i%4/3*255)
	}
	return m
}

func TestPixelsLayout(t *testing.T) {
	m := noise(40, 30)
	const size = 16
	box := image.Rect(7, 5, 7+size, 5+size)
	guard := uint8(99)
	written := make([]uint8, 3*size*size+1)
	written[len(written)-1] = guard
	cutInto(t, written, m, box, size)
	got := make([]float32, 3*size*size)
	Normalise(got, written[:3*size*size])
	for i, v := range got {
		c, y, x := i/size/size, i/size%size, i%size
		want := (float32(m.Pix[m.PixOffset(7+x, 5+y)+c])/255 - 0.5) / 0.5
		if v != want {
			t.Fatalf("channel %d, row %d, column %d is %v, expected %v", c, y, x, v, want)
		}
	}
	if written[len(written)-1] != guard {
		t.Error("wrote beyond 3·size·size values")
	}
}

// A box of a picture, and a picture that is part of another, give what a copy of those pixels gives.
func TestPixelsReadOnlyTheBox(t *testing.T) {
	m := noise(90, 70)
	box := image.Rect(11, 13, 61, 47)
	alone := image.NewRGBA(image.Rect(0, 0, box.Dx(), box.Dy()))
	for y := range box.Dy() {
		copy(alone.Pix[y*alone.Stride:][:4*box.Dx()], m.Pix[m.PixOffset(box.Min.X, box.Min.Y+y):])
	}
	before := string(m.Pix)
	for _, size := range []int{1, 20, 34, 50, 64} {
		want := normalisedPixels(t, alone, alone.Rect, size)
		got, sub := normalisedPixels(t, m, box, size), normalisedPixels(t, m.SubImage(box).(*image.RGBA), box, size)
		for i := range want {
			if got[i] != want[i] || sub[i] != want[i] {
				t.Fatalf("size %d: value %d is %v and %v, expected %v", size, i, got[i], sub[i], want[i])
			}
		}
	}
	if string(m.Pix) != before {
		t.Error("the picture was changed")
	}
}

func TestPixelsStayInRange(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 50, 50)) // hard edges, where bicubic overshoots
	for i := range m.Pix {
		m.Pix[i] = uint8(i/4%50/7%2*255) | uint8(i%4/3*255)
	}
	const size = 128
	got := normalisedPixels(t, m, m.Rect, size)
	low, high := float32(1), float32(-1)
	for _, v := range got {
		if !(v >= -1 && v <= 1) {
			t.Fatalf("value %v", v)
		}
		low, high = min(low, v), max(high, v)
	}
	if low != -1 || high != 1 {
		t.Errorf("values are within %v…%v, expected -1…1", low, high)
	}
}

func TestPixelsRefuseAWrongBox(t *testing.T) {
	m := noise(20, 20)
	for _, c := range []struct {
		box      image.Rectangle
		size     int
		from, to int
		values   int
	}{
		{image.Rect(0, 0, 21, 20), 8, 0, 8, 192},
		{image.Rect(5, 5, 5, 9), 8, 0, 8, 192},
		{image.Rect(0, 0, 20, 20), 8, 0, 8, 191},
		{image.Rect(0, 0, 20, 20), 0, 0, 0, 192},
		{image.Rect(0, 0, 20, 20), 8, -1, 8, 192},
		{image.Rect(0, 0, 20, 20), 8, 0, 9, 192},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			_ = Pixels(t.Context(), make([]uint8, c.values), m, c.box, c.size, c.from, c.to)
		})
	}
}

func BenchmarkPixels(b *testing.B) {
	m := noise(2400, 1600)
	dst := make([]uint8, 3*base*base)
	for _, c := range []struct {
		name string
		box  image.Rectangle
	}{
		{"overview-2400x1600", m.Rect},
		{"crop-384", image.Rect(192, 192, 192+384, 192+384)},
		{"crop-454", image.Rect(227, 227, 227+454, 227+454)},
		{"crop-804", image.Rect(402, 402, 402+804, 402+804)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				cutInto(b, dst, m, c.box, base)
			}
		})
	}
}
