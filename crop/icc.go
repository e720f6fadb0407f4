package crop

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"math"
	"sync"
)

// toSRGB converts an opaque picture from the colours of an ICC profile (ICC.1:2022) to sRGB, in place: relative colorimetric, and
// what is out of gamut is clipped. These profiles are known: those of a matrix and three curves, and those of grey and one curve, of
// which the picture must be. Others (tables, CMYK), broken ones, and those within 1 of 255 of sRGB leave the picture as it is.
//
// The error is the context's, once that is done.
func toSRGB(ctx context.Context, m *image.RGBA, icc []byte, threads int) error {
	if len(icc) == 0 || len(icc) > maxProfile {
		return nil
	}
	p, ok := readProfile(icc)
	if !ok {
		return nil
	}
	c := p.conversion()
	if c.near() || p.grey && !isGrey(m) {
		return nil
	}
	shareRows(m.Rect.Dy(), threads, func(top, bottom int) {
		for y := top; y < bottom && ctx.Err() == nil; y++ {
			c.convert(m.Pix[y*m.Stride:][:4*m.Rect.Dx()])
		}
	})
	return ctx.Err()
}

// profile is a way from the values of pixels to XYZ, in which white is that of D50.
type profile struct {
	grey   bool
	curves [3]curve   // to linear light; of grey all are the same
	matrix [9]float64 // rows X, Y and Z, and columns red, green and blue
}

// curve is linear light, 0…1, for each value.
type curve [256]float64

// srgbToXYZ is the matrix of sRGB's own profile (IEC 61966-2-1, adapted to D50).
var srgbToXYZ = [9]float64{
	0.43607, 0.38515, 0.14307,
	0.22249, 0.71687, 0.06061,
	0.01392, 0.09708, 0.71410,
}

// readProfile says whether it is one that toSRGB knows.
func readProfile(icc []byte) (p profile, ok bool) {
	const header = 128
	if len(icc) < header+4 || string(icc[36:40]) != "acsp" || string(icc[20:24]) != "XYZ " {
		return p, false
	}
	switch string(icc[12:16]) { // its class
	case "scnr", "mntr", "prtr", "spac":
	default:
		return p, false
	}
	tag := tagsOf(icc)
	if tag("A2B0") != nil || tag("A2B1") != nil {
		return p, false
	}
	switch string(icc[16:20]) {
	case "GRAY":
		c, ok := readCurve(tag("kTRC"))
		return profile{true, [3]curve{c, c, c}, srgbToXYZ}, ok // in which grey is grey
	case "RGB ":
		for i, colour := range []string{"r", "g", "b"} {
			if p.curves[i], ok = readCurve(tag(colour + "TRC")); !ok {
				return p, false
			}
			xyz := tag(colour + "XYZ")
			if len(xyz) < 20 || string(xyz[:4]) != "XYZ " {
				return p, false
			}
			for j := range 3 {
				p.matrix[3*j+i] = fixed(xyz[8+4*j:])
			}
		}
		_, ok = inverse(p.matrix)
		return p, ok
	}
	return p, false
}

// tagsOf finds a profile's tags, nil for one that it has not.
func tagsOf(icc []byte) func(signature string) []byte {
	const header, entry = 128, 12
	return func(signature string) []byte {
		entries := icc[header+4:]
		for range binary.BigEndian.Uint32(icc[header:]) {
			if len(entries) < entry {
				return nil
			}
			from, size := int64(binary.BigEndian.Uint32(entries[4:])), int64(binary.BigEndian.Uint32(entries[8:]))
			if string(entries[:4]) == signature && from+size <= int64(len(icc)) {
				return icc[from : from+size]
			}
			entries = entries[entry:]
		}
		return nil
	}
}

// fixed is a number of 16 bits before the point and 16 after it.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / (1 << 16) }

// readCurve reads a curve or a parametric curve (10.6 and 10.18).
func readCurve(tag []byte) (c curve, ok bool) {
	if len(tag) < 12 {
		return c, false
	}
	var light func(v float64) float64
	switch string(tag[:4]) {
	case "curv":
		light = table(tag[8:])
	case "para":
		light = parametric(tag[8:])
	}
	if light == nil {
		return c, false
	}
	for i := range c {
		v := light(float64(i) / 255)
		if math.IsNaN(v) {
			return c, false
		}
		c[i] = min(max(v, 0), 1)
	}
	return c, true
}

// table is nil if it is broken.
func table(data []byte) func(float64) float64 {
	n, values := int64(binary.BigEndian.Uint32(data)), data[4:]
	switch {
	case 2*n > int64(len(values)):
		return nil
	case n == 0:
		return func(v float64) float64 { return v }
	case n == 1:
		gamma := float64(binary.BigEndian.Uint16(values)) / 256
		return func(v float64) float64 { return math.Pow(v, gamma) }
	}
	at := func(i int) float64 { return float64(binary.BigEndian.Uint16(values[2*i:])) / 65535 }
	return func(v float64) float64 {
		place := v * float64(n-1)
		i := min(int(place), int(n)-2)
		part := place - float64(i)
		return at(i)*(1-part) + at(i+1)*part
	}
}

// parametric is nil if it is broken.
func parametric(data []byte) func(float64) float64 {
	kind, data := int(binary.BigEndian.Uint16(data)), data[4:]
	counts := []int{1, 3, 4, 5, 7}
	if kind >= len(counts) || len(data) < 4*counts[kind] {
		return nil
	}
	// (a·v + b)^g + e from v = d on, and c·v + f below.
	g, a, b, c, d, e, f := fixed(data), 1., 0., 0., 0., 0., 0.
	p := func(i int) float64 { return fixed(data[4*i:]) }
	if kind >= 1 {
		a, b = p(1), p(2)
		d = -b / a
	}
	switch kind {
	case 2:
		e, f = p(3), p(3)
	case 3:
		c, d = p(3), p(4)
	case 4:
		c, d, e, f = p(3), p(4), p(5), p(6)
	}
	return func(v float64) float64 {
		if v < d {
			return c*v + f
		}
		return math.Pow(a*v+b, g) + e
	}
}

// Linear light as whole numbers: sums of lightScale, and places of the table that makes values of them.
const (
	lightShift = 6
	lightSteps = 1 << 14
	lightScale = lightSteps << lightShift
)

// conversion makes sRGB of pixels by tables alone.
type conversion struct {
	light [3][256][4]int32 // of a channel's value: what it adds to the linear light of red, green and blue; the fourth is 0
}

// conversion goes by way of XYZ.
func (p *profile) conversion() *conversion {
	back, _ := inverse(srgbToXYZ)
	c := &conversion{}
	for from := range 3 {
		for to := range 3 {
			var factor float64
			for k := range 3 {
				factor += back[3*to+k] * p.matrix[3*k+from]
			}
			factor = min(max(factor, -100), 100) // so that sums fit
			for v, light := range p.curves[from] {
				c.light[from][v][to] = int32(math.Round(factor * light * lightScale))
			}
		}
	}
	return c
}

// srgbValues are the values of linear light, in steps.
var srgbValues = sync.OnceValue(func() *[lightSteps + 1]uint8 {
	var t [lightSteps + 1]uint8
	for i := range t {
		v := float64(i) / lightSteps
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		t[i] = uint8(math.Round(255 * v))
	}
	return &t
})

// convert converts a row of RGBA.
func (c *conversion) convert(row []uint8) {
	values := srgbValues()
	value := func(sum int32) uint8 { return values[min(max((sum+1<<(lightShift-1))>>lightShift, 0), lightSteps)] }
	before, after := uint32(0), [3]uint8{} // the last pixel: many are like the one beside them; none is 0, as alpha is 255
	for ; len(row) >= 4; row = row[4:] {
		p := row[:4:4]
		if now := binary.LittleEndian.Uint32(p); now != before {
			red, green, blue := &c.light[0][now&0xff], &c.light[1][now>>8&0xff], &c.light[2][now>>16&0xff]
			after = [3]uint8{
				value(red[0] + green[0] + blue[0]),
				value(red[1] + green[1] + blue[1]),
				value(red[2] + green[2] + blue[2]),
			}
			before = now
		}
		p[0], p[1], p[2] = after[0], after[1], after[2]
	}
}

// near says whether no value is changed by more than 1: of colours 15 apart, and of all that have two channels equal or at an end.
func (c *conversion) near() bool {
	var pixels []uint8
	add := func(r, g, b int) { pixels = append(pixels, uint8(r), uint8(g), uint8(b), 0xff) }
	for r := 0; r < 256; r += 15 {
		for g := 0; g < 256; g += 15 {
			for b := 0; b < 256; b += 15 {
				add(r, g, b)
			}
		}
	}
	for v := range 256 {
		add(v, v, v)
		for _, end := range []int{0, 0xff} {
			add(v, end, end)
			add(end, v, end)
			add(end, end, v)
		}
	}
	converted := bytes.Clone(pixels)
	c.convert(converted)
	for i, v := range converted {
		if d := int(v) - int(pixels[i]); d < -1 || d > 1 {
			return false
		}
	}
	return true
}

func isGrey(m *image.RGBA) bool {
	for y := range m.Rect.Dy() {
		row := m.Pix[y*m.Stride:][:4*m.Rect.Dx()]
		for x := 0; x < len(row); x += 4 {
			if row[x] != row[x+1] || row[x] != row[x+2] {
				return false
			}
		}
	}
	return true
}

// inverse is that of a matrix of 3 × 3; not ok if there is none.
func inverse(m [9]float64) (out [9]float64, ok bool) {
	cofactor := func(i, j int) float64 {
		a, b, c, d := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
		return m[3*a+c]*m[3*b+d] - m[3*a+d]*m[3*b+c]
	}
	determinant := m[0]*cofactor(0, 0) + m[1]*cofactor(0, 1) + m[2]*cofactor(0, 2)
	if math.Abs(determinant) < 1e-6 {
		return out, false
	}
	for i := range 3 {
		for j := range 3 {
			out[3*j+i] = cofactor(i, j) / determinant
		}
	}
	return out, true
}
