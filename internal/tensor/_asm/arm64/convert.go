package main

import "math"

// quantize writes the quantisation of activations to int8, group by group.
func (f *file) quantize() {
	f.function("quantizeNEON", "groups, size int, dst *byte, x *float32", "", "quantises groups of size floats, a multiple of 32: for each it writes the int32 -128·Σq, the int8 q = x·127/m to the nearest, ties to even, and the float32 scale m/127, where m is the largest |x|.", func(k *kernel) {
		count, size := k.parameter("groups"), k.parameter("size")
		dst, x := k.parameter("dst"), k.parameter("x")
		n, from, head := k.gp(), k.gp(), k.gp()
		most, least := k.vec(), k.vec()
		k.constant(most, math.Float32bits(127))
		k.constant(least, math.Float32bits(1e-30)) // so that a group of zeros has a finite inverse
		v, largest, scale, inverse, sum := k.vectors(8), k.vectors(2), k.vec(), k.vec(), k.vec()

		k.label("group")
		k.zero(largest[0])
		k.zero(largest[1])
		k.ins("MOVD %s, %s", size, n)
		k.ins("MOVD %s, %s", x, from)
		k.label("largest")
		for i := 0; i < len(v); i += 2 {
			k.loadTwo(v[i], v[i+1], from, 16*i)
			k.fabs(v[i], v[i])
			k.fabs(v[i+1], v[i+1])
			k.umax(largest[0], largest[0], v[i]) // as integers, since a NaN is then the largest of all
			k.umax(largest[1], largest[1], v[i+1])
		}
		k.ins("ADD $128, %s", from)
		k.ins("SUBS $32, %s", n)
		k.ins("BNE largest")
		k.umax(largest[0], largest[0], largest[1])
		k.umaxv(largest[0], largest[0])
		k.broadcast(largest[0], largest[0])
		k.fdiv(scale, largest[0], most)
		k.fmax(largest[0], largest[0], least)
		k.fdiv(inverse, most, largest[0])

		k.zero(sum)
		k.ins("MOVD %s, %s", size, n)
		k.ins("MOVD %s, %s", dst, head)
		k.ins("ADD $4, %s", dst)
		k.label("round")
		for i := 0; i < len(v); i += 2 {
			k.loadTwo(v[i], v[i+1], x, 16*i)
		}
		for i := range v {
			k.fmul(v[i], v[i], inverse)
			k.fcvtns(v[i], v[i])
			k.add(sum, sum, v[i])
		}
		for i := 0; i < len(v); i += 4 {
			k.sqxtnWords(v[i], v[i])
			k.sqxtn2Words(v[i], v[i+1])
			k.sqxtnWords(v[i+2], v[i+2])
			k.sqxtn2Words(v[i+2], v[i+3])
			k.sqxtnHalves(v[i], v[i])
			k.sqxtn2Halves(v[i], v[i+2])
		}
		k.storeTwo(v[0], v[4], dst, 0)
		k.ins("ADD $128, %s", x)
		k.ins("ADD $32, %s", dst)
		k.ins("SUBS $32, %s", n)
		k.ins("BNE round")
		k.addv(sum, sum)
		k.shl(sum, sum, 7)
		k.word(0x6ea0b800|uint32(sum)<<5|uint32(sum), "neg v%d.4s, v%d.4s", sum, sum)
		k.ins("FMOVS F%d, (%s)", sum, head)
		k.ins("FMOVS F%d, (%s)", scale, dst)
		k.ins("ADD $4, %s", dst)
		k.ins("SUBS $1, %s", count)
		k.ins("BNE group")
		k.ret()
	})
}

// roundBF16 writes the rounding of floats to the nearest bfloat16, ties to even, that stay float32.
func (f *file) roundBF16() {
	f.function("roundBF16NEON", "n int, dst, x *float32", "", "sets dst[j] to x[j] rounded to bfloat16, for j below n, a multiple of 8.", func(k *kernel) {
		n, dst, x := k.parameter("n"), k.parameter("dst"), k.parameter("x")
		v, odd, bias, one, upper := [2]vec{k.vec(), k.vec()}, k.vectors(2), k.vec(), k.vec(), k.vec()
		k.constant(bias, 0x7fff)
		k.constant(one, 1)
		k.constant(upper, 0xffff0000)
		k.label("loop")
		k.loadTwo(v[0], v[1], x, 0)
		for i := range v {
			k.shr(odd[i], v[i], 16)
			k.and(odd[i], odd[i], one)
			k.add(v[i], v[i], bias)
			k.add(v[i], v[i], odd[i])
			k.and(v[i], v[i], upper)
		}
		k.storeTwo(v[0], v[1], dst, 0)
		k.ins("ADD $32, %s", x)
		k.ins("ADD $32, %s", dst)
		k.ins("SUBS $8, %s", n)
		k.ins("BNE loop")
		k.ret()
	})
}
