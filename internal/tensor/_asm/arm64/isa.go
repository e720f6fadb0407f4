package main

// The vector instructions, by their names in the architecture's manual. The destination comes first; those that the assembler knows
// are written as it wants them.

func (k *kernel) three(code uint32, name, shape string, d, n, m vec) {
	k.word(code|uint32(m)<<16|uint32(n)<<5|uint32(d), "%s v%d.%s, v%d.%s, v%d.%s", name, d, shape, n, shape, m, shape)
}

func (k *kernel) two(code uint32, name, to, from string, d, n vec) {
	k.word(code|uint32(n)<<5|uint32(d), "%s v%d.%s, v%d.%s", name, d, to, n, from)
}

// Of four floats.
func (k *kernel) fadd(d, n, m vec)  { k.three(0x4e20d400, "fadd", "4s", d, n, m) }
func (k *kernel) fsub(d, n, m vec)  { k.three(0x4ea0d400, "fsub", "4s", d, n, m) }
func (k *kernel) fmul(d, n, m vec)  { k.three(0x6e20dc00, "fmul", "4s", d, n, m) }
func (k *kernel) fdiv(d, n, m vec)  { k.three(0x6e20fc00, "fdiv", "4s", d, n, m) }
func (k *kernel) fmax(d, n, m vec)  { k.three(0x4e20f400, "fmax", "4s", d, n, m) }
func (k *kernel) fmin(d, n, m vec)  { k.three(0x4ea0f400, "fmin", "4s", d, n, m) }
func (k *kernel) fcmgt(d, n, m vec) { k.three(0x6ea0e400, "fcmgt", "4s", d, n, m) }

func (k *kernel) fmla(d, n, m vec) { k.ins("VFMLA V%d.S4, V%d.S4, V%d.S4", m, n, d) }
func (k *kernel) fmls(d, n, m vec) { k.ins("VFMLS V%d.S4, V%d.S4, V%d.S4", m, n, d) }

func (k *kernel) fabs(d, n vec)   { k.two(0x4ea0f800, "fabs", "4s", "4s", d, n) }
func (k *kernel) fneg(d, n vec)   { k.two(0x6ea0f800, "fneg", "4s", "4s", d, n) }
func (k *kernel) frintn(d, n vec) { k.two(0x4e218800, "frintn", "4s", "4s", d, n) }
func (k *kernel) fcvtns(d, n vec) { k.two(0x4e21a800, "fcvtns", "4s", "4s", d, n) }
func (k *kernel) scvtf(d, n vec)  { k.two(0x4e21d800, "scvtf", "4s", "4s", d, n) }

// lane is where the number of a lane stands in an instruction on single floats.
func lane(i int) uint32 { return uint32(i&1)<<21 | uint32(i>>1)<<11 }

func (k *kernel) element(code uint32, name, shape, part string, d, n, m vec, i int) {
	k.word(code|lane(i)|uint32(m)<<16|uint32(n)<<5|uint32(d), "%s v%d.4s, v%d.%s, v%d.%s[%d]", name, d, n, shape, m, part, i)
}

func (k *kernel) fmlaElement(d, n, m vec, i int) {
	k.element(0x4f801000, "fmla", "4s", "s", d, n, m, i)
}

func (k *kernel) fmulElement(d, n, m vec, i int) {
	k.element(0x4f809000, "fmul", "4s", "s", d, n, m, i)
}

func (k *kernel) sdotElement(d, n, m vec, i int) {
	k.element(0x4f80e000, "sdot", "16b", "4b", d, n, m, i)
}

// Of two doubles.
func (k *kernel) faddDouble(d, n, m vec) { k.three(0x4e60d400, "fadd", "2d", d, n, m) }
func (k *kernel) fmlaDouble(d, n, m vec) { k.ins("VFMLA V%d.D2, V%d.D2, V%d.D2", m, n, d) }
func (k *kernel) faddpDouble(d, n vec) {
	k.word(0x7e70d800|uint32(n)<<5|uint32(d), "faddp d%d, v%d.2d", d, n)
}

// Widened to the next size: the lower half and the upper.
func (k *kernel) halfToFloat(d, n vec)        { k.two(0x0e217800, "fcvtl", "4s", "4h", d, n) }
func (k *kernel) upperHalfToFloat(d, n vec)   { k.two(0x4e217800, "fcvtl2", "4s", "8h", d, n) }
func (k *kernel) floatToDouble(d, n vec)      { k.two(0x0e617800, "fcvtl", "2d", "2s", d, n) }
func (k *kernel) upperFloatToDouble(d, n vec) { k.two(0x4e617800, "fcvtl2", "2d", "4s", d, n) }

// shll shifts 16 bits into the upper half of 32.
func (k *kernel) shll(d, n vec) {
	k.word(0x2e613800|uint32(n)<<5|uint32(d), "shll v%d.4s, v%d.4h, #16", d, n)
}

func (k *kernel) shll2(d, n vec) {
	k.word(0x6e613800|uint32(n)<<5|uint32(d), "shll2 v%d.4s, v%d.8h, #16", d, n)
}

// Of integers.
func (k *kernel) smull(d, n, m vec) {
	k.word(0x0e20c000|uint32(m)<<16|uint32(n)<<5|uint32(d), "smull v%d.8h, v%d.8b, v%d.8b", d, n, m)
}

func (k *kernel) smull2(d, n, m vec) {
	k.word(0x4e20c000|uint32(m)<<16|uint32(n)<<5|uint32(d), "smull2 v%d.8h, v%d.16b, v%d.16b", d, n, m)
}

func (k *kernel) smlal(d, n, m vec) {
	k.word(0x0e208000|uint32(m)<<16|uint32(n)<<5|uint32(d), "smlal v%d.8h, v%d.8b, v%d.8b", d, n, m)
}

func (k *kernel) smlal2(d, n, m vec) {
	k.word(0x4e208000|uint32(m)<<16|uint32(n)<<5|uint32(d), "smlal2 v%d.8h, v%d.16b, v%d.16b", d, n, m)
}

func (k *kernel) sadalp(d, n vec) { k.two(0x4e606800, "sadalp", "4s", "8h", d, n) }

func (k *kernel) addp(d, n, m vec) { k.ins("VADDP V%d.S4, V%d.S4, V%d.S4", m, n, d) }
func (k *kernel) add(d, n, m vec)  { k.ins("VADD V%d.S4, V%d.S4, V%d.S4", m, n, d) }
func (k *kernel) umax(d, n, m vec) { k.ins("VUMAX V%d.S4, V%d.S4, V%d.S4", m, n, d) }
func (k *kernel) and(d, n, m vec)  { k.ins("VAND V%d.B16, V%d.B16, V%d.B16", m, n, d) }
func (k *kernel) eor(d, n, m vec)  { k.ins("VEOR V%d.B16, V%d.B16, V%d.B16", m, n, d) }
func (k *kernel) move(d, n vec)    { k.ins("VORR V%d.B16, V%d.B16, V%d.B16", n, n, d) }

// bic is n without the bits of m.
func (k *kernel) bic(d, n, m vec) { k.three(0x4e601c00, "bic", "16b", d, n, m) }

// bsl takes each bit of n where d has one, else that of m.
func (k *kernel) bsl(d, n, m vec) { k.three(0x6e601c00, "bsl", "16b", d, n, m) }

// negative is all ones where n has its sign bit set, else zeros.
func (k *kernel) negative(d, n vec) {
	k.word(0x4f210400|uint32(n)<<5|uint32(d), "sshr v%d.4s, v%d.4s, #31", d, n)
}

func (k *kernel) shl(d, n vec, by int) { k.ins("VSHL $%d, V%d.S4, V%d.S4", by, n, d) }
func (k *kernel) shr(d, n vec, by int) { k.ins("VUSHR $%d, V%d.S4, V%d.S4", by, n, d) }

// upperNibbles shifts each byte to its lower half.
func (k *kernel) upperNibbles(d, n vec) { k.ins("VUSHR $4, V%d.B16, V%d.B16", n, d) }

// table takes the byte of t that each byte of n is the number of.
func (k *kernel) table(d, t, n vec) { k.ins("VTBL V%d.B16, [V%d.B16], V%d.B16", n, t, d) }

// zip1Words interleaves the lower halves of n and m word by word, zip2Words the upper ones.
func (k *kernel) zip1Words(d, n, m vec) { k.ins("VZIP1 V%d.S4, V%d.S4, V%d.S4", m, n, d) }
func (k *kernel) zip2Words(d, n, m vec) { k.ins("VZIP2 V%d.S4, V%d.S4, V%d.S4", m, n, d) }

// zip1Doubles puts the lower halves of n and m side by side, zip2Doubles the upper ones.
func (k *kernel) zip1Doubles(d, n, m vec) { k.ins("VZIP1 V%d.D2, V%d.D2, V%d.D2", m, n, d) }
func (k *kernel) zip2Doubles(d, n, m vec) { k.ins("VZIP2 V%d.D2, V%d.D2, V%d.D2", m, n, d) }

// smmla adds the four sums of products of the two rows of 8 bytes in n and in m.
func (k *kernel) smmla(d, n, m vec) {
	k.word(0x4e80a400|uint32(m)<<16|uint32(n)<<5|uint32(d), "smmla v%d.4s, v%d.16b, v%d.16b", d, n, m)
}

func (k *kernel) zero(d vec) { k.word(0x6f00e400|uint32(d), "movi v%d.2d, #0", d) }

// Narrowed with saturation, into the lower half and the upper.
func (k *kernel) sqxtnWords(d, n vec)  { k.two(0x0e614800, "sqxtn", "4h", "4s", d, n) }
func (k *kernel) sqxtn2Words(d, n vec) { k.two(0x4e614800, "sqxtn2", "8h", "4s", d, n) }
func (k *kernel) sqxtnHalves(d, n vec) { k.two(0x0e214800, "sqxtn", "8b", "8h", d, n) }
func (k *kernel) sqxtn2Halves(d, n vec) {
	k.two(0x4e214800, "sqxtn2", "16b", "8h", d, n)
}

// Over the lanes of a vector.
func (k *kernel) umaxv(d, n vec) {
	k.word(0x6eb0a800|uint32(n)<<5|uint32(d), "umaxv s%d, v%d.4s", d, n)
}

func (k *kernel) fmaxv(d, n vec) {
	k.word(0x6e30f800|uint32(n)<<5|uint32(d), "fmaxv s%d, v%d.4s", d, n)
}

func (k *kernel) addv(d, n vec) { k.ins("VADDV V%d.S4, V%d", n, d) }

// broadcast fills d with the first lane of n.
func (k *kernel) broadcast(d, n vec) { k.ins("VDUP V%d.S[0], V%d.S4", n, d) }

// constant fills d with 32 bits.
func (k *kernel) constant(d vec, bits uint32) {
	k.ins("MOVD $0x%08x, %s", bits, scratch)
	k.ins("VDUP %s, V%d.S4", scratch, d)
}

// Loads and stores at an address in bytes from a register.
func (k *kernel) load(d vec, at gp, by int)  { k.ins("FMOVQ %d(%s), F%d", by, at, d) }
func (k *kernel) store(d vec, at gp, by int) { k.ins("FMOVQ F%d, %d(%s)", d, by, at) }
func (k *kernel) loadTwo(d, e vec, at gp, by int) {
	k.ins("FLDPQ %d(%s), (F%d, F%d)", by, at, d, e)
}

func (k *kernel) storeTwo(d, e vec, at gp, by int) {
	k.ins("FSTPQ (F%d, F%d), %d(%s)", d, e, by, at)
}

// loadAt loads 16, 8 or 4 bytes from base + index.
func (k *kernel) loadAt(d vec, bytes int, base, index gp) {
	code := map[int]uint32{16: 0x3ce06800, 8: 0xfc606800, 4: 0xbc606800}[bytes]
	k.word(code|uint32(index)<<16|uint32(base)<<5|uint32(d), "ldr %s%d, [x%d, x%d]", map[int]string{16: "q", 8: "d", 4: "s"}[bytes], d, base, index)
}

// fetch asks for the cache line at an address.
func (k *kernel) fetch(at gp, by int) { k.ins("PRFM %d(%s), PLDL1KEEP", by, at) }
