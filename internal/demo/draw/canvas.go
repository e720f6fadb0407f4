package draw

import (
	"image"
	"image/color"
	imagedraw "image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Canvas is drawn on from back to front. Lengths and places are pixels.
type Canvas struct{ *image.RGBA }

// NewCanvas is a black canvas.
func NewCanvas(width, height int) Canvas {
	return Canvas{image.NewRGBA(image.Rect(0, 0, width, height))}
}

// Box fills a rectangle.
func (c Canvas) Box(x0, y0, x1, y1 float64, fill color.RGBA) {
	imagedraw.Draw(c.RGBA, image.Rect(round(x0), round(y0), round(x1), round(y1)), image.NewUniform(fill), image.Point{}, imagedraw.Src)
}

// Point is a corner of a polygon.
type Point struct{ X, Y float64 }

// Polygon fills a convex polygon: from its leftmost to its rightmost crossing in every row.
func (c Canvas) Polygon(fill color.RGBA, corners ...Point) {
	for y := range c.Bounds().Dy() {
		left, right := math.Inf(1), math.Inf(-1)
		for i, a := range corners {
			b := corners[(i+1)%len(corners)]
			if middle := float64(y) + 0.5; (a.Y <= middle) != (b.Y <= middle) {
				x := a.X + (b.X-a.X)*(middle-a.Y)/(b.Y-a.Y)
				left, right = min(left, x), max(right, x)
			}
		}
		if left < right {
			c.Box(left, float64(y), right, float64(y+1), fill)
		}
	}
}

// Disc fills a circle.
func (c Canvas) Disc(x, y, radius float64, fill color.RGBA) {
	for row := math.Floor(y - radius); row <= y+radius; row++ {
		if rest := float64(radius*radius) - float64((row+0.5-y)*(row+0.5-y)); rest > 0 {
			half := math.Sqrt(rest)
			c.Box(x-half, row, x+half, row+1, fill)
		}
	}
}

// Sky blends from top to low, row by row down to the ground.
func (c Canvas) Sky(ground float64, top, low color.RGBA) {
	width := float64(c.Bounds().Dx())
	for y := 0.0; y < ground; y++ {
		c.Box(0, y, width, y+1, mix(top, low, y/ground))
	}
}

// Car stands with its left bumper at x and its sills at y.
func (c Canvas) Car(x, y, length float64, paint color.RGBA) {
	h := length * 0.2
	at := func(a, b float64) Point { return Point{x + float64(length*a), y - float64(h*b)} }
	c.Polygon(paint, at(0.22, 1), at(0.34, 1.9), at(0.68, 1.9), at(0.82, 1))
	c.Polygon(RGB(170, 190, 204), at(0.29, 1), at(0.37, 1.7), at(0.65, 1.7), at(0.74, 1))
	c.Box(x, y-h, x+length, y, paint)
	for _, wheel := range []float64{0.20, 0.78} {
		c.Disc(x+float64(length*wheel), y+float64(h*0.05), h*0.4, RGB(20, 20, 20))
	}
}

// ShopFront is a display window and a door under an awning.
type ShopFront struct {
	Middle, Half             float64 // its middle and how far it reaches to either side
	Top, Low, Ground         float64 // of the awning's cloth, and where the door stands
	Sill                     float64 // height of the window above the ground
	Glass, Door, Cloth, Pale color.RGBA
	Striped                  bool // the cloth's hem, in Pale
}

// ShopFront draws one.
func (c Canvas) ShopFront(s ShopFront) {
	mid, half := s.Middle, s.Half
	c.Box(mid-half, s.Low, mid+float64(half*0.35), s.Ground-float64(0.75*s.Sill), RGB(70, 60, 54))
	c.Box(mid-float64(half*0.96), s.Low, mid+float64(half*0.31), s.Ground-s.Sill, s.Glass)
	c.Box(mid+float64(half*0.45), s.Low, mid+float64(half*0.95), s.Ground, s.Door)
	c.Polygon(s.Cloth, Point{mid - half, s.Top}, Point{mid + half, s.Top}, Point{mid + float64(half*1.12), s.Low}, Point{mid - float64(half*1.12), s.Low})
	if !s.Striped {
		return
	}
	for k := range 5 {
		x := mid - half + float64(half*float64(k)*0.4)
		c.Box(x, s.Low-float64(0.25*(s.Low-s.Top)), x+float64(half*0.2), s.Low, s.Pale)
	}
}

// Text writes a line with its middle at x, standing on y.
func (c Canvas) Text(face font.Face, x, y float64, text string, ink color.RGBA) {
	d := font.Drawer{Dst: c, Src: image.NewUniform(ink), Face: face}
	d.Dot = fixed.Point26_6{X: fixed.Int26_6((x - Length(face, text)/2) * 64), Y: fixed.Int26_6(y * 64)}
	d.DrawString(text)
}

// Length is how long a line of text is.
func Length(face font.Face, text string) float64 { return float64(font.MeasureString(face, text)) / 64 }

// BoldFace is Go Bold at the size that gives capitals of this height.
func BoldFace(capitals float64) (font.Face, error) {
	f, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil, err
	}
	const trial = 200
	options := opentype.FaceOptions{Size: trial, DPI: 72, Hinting: font.HintingNone}
	large, err := opentype.NewFace(f, &options)
	if err != nil {
		return nil, err
	}
	defer func() { _ = large.Close() }()
	options.Size = capitals * trial * 64 / float64(large.Metrics().CapHeight)
	return opentype.NewFace(f, &options)
}

func round(v float64) int { return int(math.Round(v)) }
