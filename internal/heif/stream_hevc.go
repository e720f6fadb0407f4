package heif

// hevcStream reads the sequence parameter set in the configuration of an HEVC stream, an hvcC box (ISO/IEC 14496-15). It is
// false if there is none that can be read.
func hevcStream(hvcC []byte) (stream, bool) {
	const (
		head = 22
		sps  = 33
	)
	c := &cursor{data: hvcC, to: len(hvcC)}
	c.text(head)
	for range c.uint(1) {
		kind := c.uint(1) & 0x3f
		for range c.uint(2) {
			unit := c.text(int(c.uint(2)))
			if c.err != nil {
				return stream{}, false
			}
			if kind == sps {
				return readSPS([]byte(unit))
			}
		}
	}
	return stream{}, false
}

// readSPS goes through a sequence parameter set (ITU-T H.265, 7.3.2.2).
func readSPS(unit []byte) (stream, bool) {
	b := &bits{data: unescaped(unit)}
	b.skip(16 + 4) // the unit's head, and the video parameter set's number
	layers := b.read(3)
	b.skip(1)
	profileTierLevel(b, layers)
	b.golomb()
	chroma := b.golomb()
	if chroma == 3 {
		b.skip(1)
	}
	across, down := 1, 1 // pixels that share a sample of chroma
	switch chroma {
	case 1:
		across, down = 2, 2
	case 2:
		across = 2
	}
	s := stream{width: b.golomb(), height: b.golomb(), grey: chroma == 0}
	if b.flag() { // conformance window
		s.width -= across * (b.golomb() + b.golomb())
		s.height -= down * (b.golomb() + b.golomb())
	}
	if b.over || s.width < 1 || s.height < 1 {
		return stream{}, false
	}
	s.colour, s.told = spsColour(b, layers)
	return s, true
}

// spsColour reads on, up to the video usability information near the end.
func spsColour(b *bits, layers int) (Colour, bool) {
	b.golomb() // bit depths
	b.golomb()
	order := b.golomb() + 4 // bits of the order count
	from := layers
	if b.flag() {
		from = 0
	}
	for i := from; i <= layers; i++ {
		b.golomb()
		b.golomb()
		b.golomb()
	}
	for range 6 {
		b.golomb() // sizes of blocks
	}
	if scaled := b.flag(); scaled && b.flag() {
		scalingLists(b)
	}
	b.skip(2)
	if b.flag() { // samples without compression
		b.skip(8)
		b.golomb()
		b.golomb()
		b.skip(1)
	}
	if !referenceSets(b) {
		return Colour{}, false
	}
	if b.flag() {
		for range min(b.golomb(), 33) {
			b.skip(order + 1)
		}
	}
	b.skip(2)

	c := Colour{Matrix: matrixBT601} // limited range unless told otherwise
	if b.flag() {
		if b.flag() && b.read(8) == 255 { // aspect ratio
			b.skip(32)
		}
		if b.flag() { // overscan
			b.skip(1)
		}
		if b.flag() {
			b.skip(3)
			c.FullRange = b.flag()
			if b.flag() {
				b.skip(16)
				c.Matrix = b.read(8)
			}
		}
	}
	return c, !b.over
}

func profileTierLevel(b *bits, layers int) {
	b.skip(88 + 8)
	var profile, level [8]bool
	for i := range layers {
		profile[i], level[i] = b.flag(), b.flag()
	}
	if layers > 0 {
		b.skip(2 * (8 - layers))
	}
	for i := range layers {
		if profile[i] {
			b.skip(88)
		}
		if level[i] {
			b.skip(8)
		}
	}
}

func scalingLists(b *bits) {
	for size := range 4 {
		step := 1
		if size == 3 {
			step = 3
		}
		for matrix := 0; matrix < 6; matrix += step {
			if !b.flag() {
				b.golomb()
				continue
			}
			if size > 1 {
				b.golomb()
			}
			for range min(64, 1<<(4+2*size)) {
				b.golomb()
			}
		}
	}
}

// referenceSets skips the short-term sets, each of which may be told by the one before it.
func referenceSets(b *bits) bool {
	const most = 64
	before := 0
	sets := b.golomb()
	if sets > most {
		return false
	}
	for i := range sets {
		if i > 0 && b.flag() {
			b.skip(1)
			b.golomb()
			n := 0
			for range before + 1 {
				if used := b.flag(); used || b.flag() { // or kept for later
					n++
				}
			}
			before = n
			continue
		}
		n := b.golomb() + b.golomb()
		if n > most || b.over {
			return false
		}
		for range n {
			b.golomb()
			b.skip(1)
		}
		before = n
	}
	return true
}

// unescaped is a unit without the bytes that keep start codes out of it.
func unescaped(unit []byte) (out []byte) {
	zeros := 0
	for _, v := range unit {
		if zeros >= 2 && v == 3 {
			zeros = 0
			continue
		}
		zeros++
		if v != 0 {
			zeros = 0
		}
		out = append(out, v)
	}
	return out
}
