package heif

// Colour says how luma and chroma become red, green and blue.
type Colour struct {
	Matrix    int // of ISO/IEC 23091-2
	FullRange bool
}

// Matrices of ISO/IEC 23091-2.
const (
	MatrixRGB    = 0
	MatrixBT709  = 1
	matrixBT601  = 6
	MatrixBT2020 = 9
)

// colour is told by a colr box, else by the HEVC stream; where nothing is told, it is JPEG's.
func (f *file) colour(p *Picture, s stream) Colour {
	for _, id := range []uint32{p.id, p.parts[0]} {
		for _, a := range f.of[id] {
			if a.property >= len(f.properties) || f.properties[a.property].kind != "colr" {
				continue
			}
			c := &cursor{data: f.data, at: f.properties[a.property].from, to: f.properties[a.property].to}
			if c.text(4) != "nclx" {
				continue
			}
			c.uint(4) // primaries and transfer
			matrix, full := int(c.uint(2)), c.uint(1)>>7 == 1
			if c.err == nil {
				return Colour{matrix, full}
			}
		}
	}
	if s.told {
		return s.colour
	}
	return Colour{Matrix: matrixBT601, FullRange: true}
}

// Profile is the ICC profile of a colr box, nil if there is none.
func (p *Picture) Profile() []byte {
	f := p.file
	for _, id := range []uint32{p.id, p.parts[0]} {
		for _, a := range f.of[id] {
			if a.property >= len(f.properties) || f.properties[a.property].kind != "colr" {
				continue
			}
			c := &cursor{data: f.data, at: f.properties[a.property].from, to: f.properties[a.property].to}
			if kind := c.text(4); kind == "prof" || kind == "rICC" {
				return f.data[c.at:c.to]
			}
		}
	}
	return nil
}
