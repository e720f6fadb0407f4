// Street draws testdata/street.png, a street scene in the manner of those that the demo checkpoint was trained on: its
// sign can be read in the crops of --max-crops 100 and not in the whole picture at 96 by 96 pixels.
//
//	go run ./internal/demo/street -o testdata/street.png
package main

import (
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

const (
	width, height = 2400, 1600
	ground        = 1260 // where the houses stand
	capHeight     = 34   // of the sign's capitals
	sign          = "YOGA STUDIO"
)

func main() {
	out := flag.String("o", "street.png", "file to write")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "street:", err)
		os.Exit(1)
	}
}

func run(path string) error {
	c := canvas{image.NewRGBA(image.Rect(0, 0, width, height))}
	c.sky(rgb(126, 176, 228), rgb(208, 224, 238))
	c.rect(0, ground, width, height, rgb(122, 120, 116))
	c.rect(0, ground, width, ground+42, rgb(160, 156, 150)) // pavement

	c.house(house{left: 0, right: 560, roof: 330, wall: rgb(206, 196, 178), columns: 2, rows: 2})
	c.house(house{left: 560, right: 1130, roof: 200, wall: rgb(160, 92, 74), bricks: true, columns: 2, rows: 3})
	c.house(house{left: 1130, right: 1840, roof: 270, wall: rgb(214, 178, 140), columns: 3, rows: 2})
	c.house(house{left: 1840, right: width, roof: 160, wall: rgb(98, 112, 120), bricks: true, columns: 2, rows: 3})

	c.shopFront(1485, 300, rgb(40, 132, 62))
	c.car(420, 1535, 500, rgb(196, 40, 38))
	c.lamp(250)
	c.lamp(2100)
	if err := c.sign(1485, 726, sign, rgb(36, 82, 176), rgb(238, 238, 234)); err != nil {
		return err
	}
	return c.save(path)
}

// A canvas is drawn on from back to front.
type canvas struct{ *image.RGBA }

type house struct {
	left, right, roof float64
	wall              color.RGBA
	bricks            bool
	columns, rows     int
}

// sky blends from top to low, row by row down to the ground.
func (c canvas) sky(top, low color.RGBA) {
	blend := func(a, b uint8, t float64) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*t) }
	for y := 0; y < ground; y++ {
		t := float64(y) / ground
		c.rect(0, float64(y), width, float64(y+1), rgb(blend(top.R, low.R, t), blend(top.G, low.G, t), blend(top.B, low.B, t)))
	}
}

func (c canvas) house(h house) {
	c.rect(h.left, h.roof, h.right, ground, h.wall)
	if h.bricks {
		for y := h.roof; y < ground; y += 36 {
			c.rect(h.left, y, h.right, y+1, rgb(h.wall.R-18, h.wall.G-18, h.wall.B-18))
		}
	}
	const floor = ground - 540 // windows end above the shops
	for column := range h.columns {
		for row := range h.rows {
			x := h.left + (float64(column)+0.5)*(h.right-h.left)/float64(h.columns)
			y := h.roof + (float64(row)+0.5)*(floor-h.roof)/float64(h.rows)
			pane := rgb(88, 108, 128)
			if (column+row)%2 == 1 {
				pane = rgb(120, 144, 168)
			}
			c.rect(x-50, y-64, x+50, y+64, rgb(226, 224, 218))
			c.rect(x-44, y-58, x+44, y+58, pane)
		}
	}
}

// shopFront draws display window, door and a striped awning, half wide to either side of mid.
func (c canvas) shopFront(mid, half float64, cloth color.RGBA) {
	const top, low = ground - 440, ground - 320
	c.rect(mid-half, low, mid+half*0.35, ground-48, rgb(70, 60, 54))
	c.rect(mid-half*0.96, low, mid+half*0.31, ground-64, rgb(150, 176, 190))
	c.rect(mid+half*0.45, low, mid+half*0.95, ground, rgb(92, 60, 40))
	c.polygon(cloth, point{mid - half, top}, point{mid + half, top}, point{mid + half*1.12, low}, point{mid - half*1.12, low})
	pale := func(v uint8) uint8 { return uint8((int(v) + 255) / 2) }
	for k := range 5 {
		x := mid - half + half*float64(k)*0.4
		c.rect(x, low-30, x+half*0.2, low, rgb(pale(cloth.R), pale(cloth.G), pale(cloth.B)))
	}
}

// car stands with its left bumper at x and its sills at y.
func (c canvas) car(x, y, length float64, paint color.RGBA) {
	h := length * 0.2
	at := func(a, b float64) point { return point{x + length*a, y - h*b} }
	c.polygon(paint, at(0.22, 1), at(0.34, 1.9), at(0.68, 1.9), at(0.82, 1))
	c.polygon(rgb(170, 190, 204), at(0.29, 1), at(0.37, 1.7), at(0.65, 1.7), at(0.74, 1))
	c.rect(x, y-h, x+length, y, paint)
	for _, wheel := range []float64{0.20, 0.78} {
		c.disc(x+length*wheel, y+h*0.05, h*0.4, rgb(20, 20, 20))
	}
}

func (c canvas) lamp(x float64) {
	c.rect(x, ground-700, x+11, ground+32, rgb(40, 42, 44))
	c.disc(x+5.5, ground-735, 25, rgb(250, 240, 200))
}

// sign hangs a framed board with its middle at x and its top at y.
func (c canvas) sign(x, y float64, text string, back, ink color.RGBA) error {
	face, err := boldFace(capHeight)
	if err != nil {
		return err
	}
	defer func() { _ = face.Close() }()
	length := float64(font.MeasureString(face, text)) / 64
	const padX, padY, margin, line = capHeight * 0.8, capHeight * 0.7, 4, 2
	left, right, low := x-length/2-padX, x+length/2+padX, y+capHeight+2*padY
	c.rect(left, y, right, low, back)
	c.rect(left+margin, y+margin, right-margin, low-margin, ink)
	c.rect(left+margin+line, y+margin+line, right-margin-line, low-margin-line, back)
	d := font.Drawer{Dst: c, Src: image.NewUniform(ink), Face: face}
	d.Dot = fixed.Point26_6{X: fixed.Int26_6((x - length/2) * 64), Y: fixed.Int26_6((y + padY + capHeight) * 64)}
	d.DrawString(text)
	return nil
}

// boldFace is Go Bold at the size that gives capitals of this height.
func boldFace(capitals float64) (font.Face, error) {
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

func (c canvas) rect(x0, y0, x1, y1 float64, fill color.RGBA) {
	draw.Draw(c, image.Rect(round(x0), round(y0), round(x1), round(y1)), image.NewUniform(fill), image.Point{}, draw.Src)
}

type point struct{ x, y float64 }

// polygon fills a convex polygon: from its leftmost to its rightmost crossing in every row.
func (c canvas) polygon(fill color.RGBA, corners ...point) {
	for y := range height {
		left, right := math.Inf(1), math.Inf(-1)
		for i, a := range corners {
			b := corners[(i+1)%len(corners)]
			if middle := float64(y) + 0.5; (a.y <= middle) != (b.y <= middle) {
				x := a.x + (b.x-a.x)*(middle-a.y)/(b.y-a.y)
				left, right = min(left, x), max(right, x)
			}
		}
		if left < right {
			c.rect(left, float64(y), right, float64(y+1), fill)
		}
	}
}

func (c canvas) disc(x, y, radius float64, fill color.RGBA) {
	for row := math.Floor(y - radius); row <= y+radius; row++ {
		if rest := radius*radius - (row+0.5-y)*(row+0.5-y); rest > 0 {
			half := math.Sqrt(rest)
			c.rect(x-half, row, x+half, row+1, fill)
		}
	}
}

func (c canvas) save(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(f, c); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

func rgb(r, g, b uint8) color.RGBA { return color.RGBA{r, g, b, 255} }

func round(v float64) int { return int(math.Round(v)) }
