package crop

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"strings"

	flexible "github.com/kovidgoyal/imaging/jpeg"
)

// jpegFrame is what a JPEG's frame header says: ITU-T T.81, B.2.2.
type jpegFrame struct {
	marker, precision byte
	width, height     int
	sampling          [][2]int // of each component, across and down
}

// readJPEGFrame walks the segments to the frame header; false if it meets none.
func readJPEGFrame(data []byte) (f jpegFrame, ok bool) {
	for marker, body := range jpegSegments(data) {
		if !startsFrame(marker) {
			continue
		}
		const head, component = 6, 3
		if len(body) < head {
			return f, false
		}
		f = jpegFrame{marker: marker, precision: body[0]}
		f.height, f.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
		for c := body[head:]; len(c) >= component; c = c[component:] {
			f.sampling = append(f.sampling, [2]int{int(c[1] >> 4), int(c[1] & 15)})
		}
		return f, true
	}
	return f, false
}

// refuse is an error that names a kind of JPEG that no decoder here reads.
func (f jpegFrame) refuse() error {
	kind := ""
	switch {
	case f.marker == 0xc3 || f.marker == 0xcb:
		kind = "lossless coding"
	case f.marker >= 0xc5 && f.marker <= 0xc7, f.marker >= 0xcd:
		kind = "hierarchical coding"
	case f.marker > 0xc8:
		kind = "arithmetic coding"
	case f.precision != 8:
		kind = fmt.Sprintf("%d-bit precision", f.precision)
	case len(f.sampling) != 1 && len(f.sampling) != 3 && len(f.sampling) != 4:
		kind = fmt.Sprintf("a JPEG of %d colour components", len(f.sampling))
	default:
		return nil
	}
	return fmt.Errorf("%s is not supported, convert it first", kind)
}

// flexibly says whether the flexible decoder reads the sampling: each component has all samples along an axis, or the fewest, and
// the first has all.
func (f jpegFrame) flexibly() bool {
	if len(f.sampling) != 3 {
		return false
	}
	for axis := range 2 {
		most := f.sampling[0][axis]
		for _, s := range f.sampling {
			if s[axis] != 1 && s[axis] != most {
				return false
			}
		}
	}
	return true
}

// usual says whether package jpeg reads the sampling of three components: chroma alike, and shared by 1, 2 or 4 columns and 1 or
// 2 rows.
func (f jpegFrame) usual() bool {
	if len(f.sampling) != 3 {
		return true
	}
	y, cb, cr := f.sampling[0], f.sampling[1], f.sampling[2]
	if cb != cr || cb[0] == 0 || cb[1] == 0 || y[0]%cb[0] != 0 || y[1]%cb[1] != 0 {
		return false
	}
	across, down := y[0]/cb[0], y[1]/cb[1]
	return (across == 1 || across == 2 || across == 4) && (down == 1 || down == 2)
}

func (f jpegFrame) refuseSampling() error {
	var factors []string
	for _, s := range f.sampling {
		factors = append(factors, fmt.Sprintf("%d×%d", s[0], s[1]))
	}
	return fmt.Errorf("sampling of %s is not supported, convert it first", strings.Join(factors, ", "))
}

// unusualSampling tells package jpeg's refusal of it.
func unusualSampling(err error) bool {
	return errors.Is(err, jpeg.UnsupportedError("luma/chroma subsampling ratio"))
}

func jpegHead(data []byte) (image.Config, error) {
	f, ok := readJPEGFrame(data)
	if ok {
		if err := f.refuse(); err != nil {
			return image.Config{}, err
		}
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if unusualSampling(err) && ok {
		c, err = flexible.DecodeConfig(bytes.NewReader(data))
		if err != nil || !f.flexibly() {
			return image.Config{}, f.refuseSampling()
		}
	}
	return c, err
}

// decodeFlexibly decodes three components of which each has a sampling of its own. The decoder repeats the samples of each to
// full size; what it repeats is taken out and interpolated as libjpeg does.
func decodeFlexibly(ctx context.Context, data []byte) (*image.RGBA, error) {
	f, ok := readJPEGFrame(data)
	if !ok || !f.flexibly() {
		return nil, f.refuseSampling()
	}
	m, err := flexible.Decode(reader(ctx, data))
	if err != nil {
		return nil, err
	}
	full, isYCbCr := m.(*image.YCbCr)
	if !isYCbCr || full.SubsampleRatio != image.YCbCrSubsampleRatio444 {
		return nil, f.refuseSampling()
	}
	across, down := 1, 1
	for _, s := range f.sampling {
		across, down = max(across, s[0]), max(down, s[1])
	}
	w, h := full.Rect.Dx(), full.Rect.Dy()
	collect(w, h)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	var planes [3]plane
	var up [3]upsampler
	var rows [3][]uint8
	for i, pix := range [][]uint8{full.Y, full.Cb, full.Cr} {
		a, d := across/f.sampling[i][0], down/f.sampling[i][1]
		stride := full.CStride
		if i == 0 {
			stride = full.YStride
		}
		planes[i] = thinned(plane{pix, stride, w, h}, a, d)
		up[i] = upsamplerOf(a, d)
		rows[i] = make([]uint8, planes[i].w*a)
	}
	for y := range h {
		for i := range planes {
			up[i](rows[i], planes[i], y)
		}
		jfifColour(out.Pix[y*out.Stride:][:4*w], rows[0][:w], rows[1][:w], rows[2][:w])
	}
	return out, nil
}

// thinned keeps one sample of across×down, in place.
func thinned(p plane, across, down int) plane {
	out := plane{p.pix, p.stride, (p.w + across - 1) / across, (p.h + down - 1) / down}
	for y := range out.h {
		from, to := p.pix[y*down*p.stride:], p.pix[y*p.stride:]
		for x := range out.w {
			to[x] = from[x*across]
		}
	}
	return out
}
