package crop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/mcllava/mcllava/internal/heif"
)

// heifHead reads the size of what is visible of a HEIC or AVIF picture, before it is turned.
func heifHead(data []byte) (image.Config, error) {
	if !heif.Built {
		return image.Config{}, errors.New("this build was made without HEIC and AVIF, convert it first")
	}
	p, err := heif.Read(data)
	if err != nil {
		return image.Config{}, err
	}
	return visibleSize(p)
}

func visibleSize(p *heif.Picture) (image.Config, error) {
	// Coded blocks may reach beyond the visible part, but a limit on the latter is to bound the work on both.
	const block = 64
	visible := p.Visible.Size()
	if float64(p.Width)*float64(p.Height) > 2*float64(visible.X+block)*float64(visible.Y+block) {
		return image.Config{}, errors.New("most of the picture is cropped away")
	}
	return image.Config{Width: visible.X, Height: visible.Y}, nil
}

// heifTurn is how the visible part is turned. The boxes of the file say it; its EXIF does not count (ISO/IEC 23008-12, A.2.4).
func heifTurn(data []byte) orientation {
	p, err := heif.Read(data)
	if err != nil {
		return upright
	}
	o := upright
	for _, turn := range p.Turns {
		o = o.then(orientation(turn))
	}
	return o
}

func decodeHEIF(ctx context.Context, data []byte, threads int) (*image.RGBA, error) {
	p, err := heif.Read(data)
	if err != nil {
		return nil, err
	}
	m, err := p.Decode()
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var out *image.RGBA
	switch m := m.(type) {
	case *image.YCbCr:
		out = rgbFrom(m, jpegUpsampler(m.SubsampleRatio), videoColour(p.Colour), threads)
	case *image.Gray:
		neutral := bytes.Repeat([]byte{0x80}, m.Stride)
		planes := &image.YCbCr{Y: m.Pix, Cb: neutral, Cr: neutral, YStride: m.Stride, SubsampleRatio: image.YCbCrSubsampleRatio444, Rect: m.Rect}
		p.Colour.Matrix = heif.MatrixBT709 // any in which grey is grey
		out = rgbFrom(planes, repeat(1, 1), videoColour(p.Colour), threads)
	default:
		out = opaque(m)
	}
	if p.Transparent {
		alpha, err := p.DecodeAlpha()
		if err != nil {
			return nil, fmt.Errorf("alpha: %w", err)
		}
		layAlpha(out, alpha, p.Premultiplied)
	}
	return visible(out, p.Visible), nil
}

// layAlpha lays a picture over white, in place, by its alpha, which may be smaller.
func layAlpha(m *image.RGBA, alpha *image.Gray, premultiplied bool) {
	width, height := m.Rect.Dx(), m.Rect.Dy()
	for y := range height {
		from, to := alpha.Pix[y*alpha.Rect.Dy()/height*alpha.Stride:], m.Pix[y*m.Stride:]
		for x := range width {
			to[4*x+3] = from[x*alpha.Rect.Dx()/width]
		}
	}
	if premultiplied {
		layPremultiplied(m)
	} else {
		layStraight(m)
	}
}

// videoColour converts by the equations of ITU-T H.273, 8.3, in 16-bit fixed point. An unknown matrix is taken for BT.601.
func videoColour(c heif.Colour) colour {
	red, blue := 0.299, 0.114 // shares of luma
	switch c.Matrix {
	case heif.MatrixRGB:
		return planarColour(c.FullRange)
	case heif.MatrixBT709:
		red, blue = 0.2126, 0.0722
	case heif.MatrixBT2020:
		red, blue = 0.2627, 0.0593
	default:
		if c.FullRange {
			return jfifColour
		}
	}
	least, lumaScale, chromaScale := videoRange(c.FullRange)
	fixed := func(v float64) int32 { return int32(math.Round(v * (1 << 16))) }
	luma := fixed(lumaScale)
	redCr, blueCb := fixed(2*(1-red)*chromaScale), fixed(2*(1-blue)*chromaScale)
	green := 1 - red - blue
	greenCr, greenCb := fixed(2*(1-red)*red/green*chromaScale), fixed(2*(1-blue)*blue/green*chromaScale)
	return func(dst, y, cb, cr []uint8) {
		const half = 1 << 15
		cb, cr = cb[:len(y)], cr[:len(y)]
		for i, v := range y {
			l, b, r := (int32(v)-least)*luma+half, int32(cb[i])-128, int32(cr[i])-128
			p := dst[4*i : 4*i+4 : 4*i+4]
			p[0] = clamp8((l + redCr*r) >> 16)
			p[1] = clamp8((l - greenCb*b - greenCr*r) >> 16)
			p[2] = clamp8((l + blueCb*b) >> 16)
			p[3] = 0xff
		}
	}
}

// planarColour takes the planes for green, blue and red.
func planarColour(full bool) colour {
	least, scale, _ := videoRange(full)
	var level [256]uint8
	for v := range level {
		level[v] = clamp8(int32(math.Round(float64(int32(v)-least) * scale)))
	}
	return func(dst, g, b, r []uint8) {
		b, r = b[:len(g)], r[:len(g)]
		for i, v := range g {
			p := dst[4*i : 4*i+4 : 4*i+4]
			p[0], p[1], p[2], p[3] = level[r[i]], level[v], level[b[i]], 0xff
		}
	}
}

// videoRange is the value of black, and what luma and chroma are multiplied by to reach from 0 to 255.
func videoRange(full bool) (least int32, luma, chroma float64) {
	if full {
		return 0, 1, 1
	}
	return 16, 255. / 219, 255. / 224
}
