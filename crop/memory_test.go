package crop

import (
	"image"
	"math"
	"testing"
)

// What decoding takes is told before it is done, by kind.
func TestMemoryByKind(t *testing.T) {
	bounds := image.Rect(0, 0, 400, 300)
	progressive := read(t, kinds+"/sampling-2x2-1x2-1x1-progressive.jpg")
	for name, c := range map[string]struct {
		data []byte
		want float64 // bytes a pixel
	}{
		"JPEG 4:2:0":                   {asJPEG(t, image.NewRGBA(bounds)), 1.5 + 4},
		"JPEG grey":                    {asJPEG(t, image.NewGray(bounds)), 1 + 4},
		"JPEG of unusual sampling":     {read(t, kinds+"/sampling-2x2-1x2-1x1.jpg"), 3 + 4},
		"JPEG of that and progressive": {progressive, 3 + 4*1.75},
		"PNG grey":                     {asPNG(t, image.NewGray(bounds)), 1 + 4},
		"PNG grey 16":                  {asPNG(t, image.NewGray16(bounds)), 2 + 4},
		"PNG RGBA":                     {asPNG(t, image.NewNRGBA(bounds)), 4},
		"PNG RGBA 16":                  {asPNG(t, image.NewNRGBA64(bounds)), 8},
		"PNG interlaced":               {read(t, kinds+"/interlaced16.png"), 6},
		"GIF":                          {read(t, kinds+"/plain.gif"), 6},
	} {
		f, err := sniff(c.data)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.memory(c.data); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v bytes a pixel, expected %v", name, got, c.want)
		}
	}
}
