// Street draws testdata/street.png, a street scene in the manner of those that the demo checkpoint was trained on: its
// sign can be read in the crops of --max-crops 100 and not in the whole picture at 96 by 96 pixels.
//
//	go run ./internal/demo/street -o testdata/street.png
package main

import (
	"flag"
	"fmt"
	"image/color"
	"image/png"
	"os"

	"github.com/mcllava/mcllava/internal/demo/draw"
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
	c := canvas{draw.NewCanvas(width, height)}
	c.Sky(ground, rgb(126, 176, 228), rgb(208, 224, 238))
	c.Box(0, ground, width, height, rgb(122, 120, 116))
	c.Box(0, ground, width, ground+42, rgb(160, 156, 150)) // pavement

	c.house(house{left: 0, right: 560, roof: 330, wall: rgb(206, 196, 178), columns: 2, rows: 2})
	c.house(house{left: 560, right: 1130, roof: 200, wall: rgb(160, 92, 74), bricks: true, columns: 2, rows: 3})
	c.house(house{left: 1130, right: 1840, roof: 270, wall: rgb(214, 178, 140), columns: 3, rows: 2})
	c.house(house{left: 1840, right: width, roof: 160, wall: rgb(98, 112, 120), bricks: true, columns: 2, rows: 3})

	c.shopFront(1485, 300, rgb(40, 132, 62))
	c.Car(420, 1535, 500, rgb(196, 40, 38))
	c.lamp(250)
	c.lamp(2100)
	if err := c.sign(1485, 726, sign, rgb(36, 82, 176), rgb(238, 238, 234)); err != nil {
		return err
	}
	return c.save(path)
}

type canvas struct{ draw.Canvas }

type house struct {
	left, right, roof float64
	wall              color.RGBA
	bricks            bool
	columns, rows     int
}

func (c canvas) house(h house) {
	c.Box(h.left, h.roof, h.right, ground, h.wall)
	if h.bricks {
		for y := h.roof; y < ground; y += 36 {
			c.Box(h.left, y, h.right, y+1, rgb(h.wall.R-18, h.wall.G-18, h.wall.B-18))
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
			c.Box(x-50, y-64, x+50, y+64, rgb(226, 224, 218))
			c.Box(x-44, y-58, x+44, y+58, pane)
		}
	}
}

// shopFront is half wide to either side of mid.
func (c canvas) shopFront(mid, half float64, cloth color.RGBA) {
	pale := func(v uint8) uint8 { return uint8((int(v) + 255) / 2) }
	c.ShopFront(draw.ShopFront{
		Middle: mid, Half: half, Top: ground - 440, Low: ground - 320, Ground: ground, Sill: 64,
		Glass: rgb(150, 176, 190), Door: rgb(92, 60, 40), Cloth: cloth, Pale: rgb(pale(cloth.R), pale(cloth.G), pale(cloth.B)), Striped: true,
	})
}

func (c canvas) lamp(x float64) {
	c.Box(x, ground-700, x+11, ground+32, rgb(40, 42, 44))
	c.Disc(x+5.5, ground-735, 25, rgb(250, 240, 200))
}

// sign hangs a framed board with its middle at x and its top at y.
func (c canvas) sign(x, y float64, text string, back, ink color.RGBA) error {
	face, err := draw.BoldFace(capHeight)
	if err != nil {
		return err
	}
	defer func() { _ = face.Close() }()
	const padX, padY, margin, line = capHeight * 0.8, capHeight * 0.7, 4, 2
	length := draw.Length(face, text)
	left, right, low := x-length/2-padX, x+length/2+padX, y+capHeight+2*padY
	c.Box(left, y, right, low, back)
	c.Box(left+margin, y+margin, right-margin, low-margin, ink)
	c.Box(left+margin+line, y+margin+line, right-margin-line, low-margin-line, back)
	c.Text(face, x, y+padY+capHeight, text, ink)
	return nil
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

var rgb = draw.RGB
