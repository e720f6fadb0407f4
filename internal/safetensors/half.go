package safetensors

import (
	"encoding/binary"
	"math"
)

func widenFloat16(dst []float32, src []byte) {
	src = src[:2*len(dst)]
	for i := range dst {
		h := binary.LittleEndian.Uint16(src[2*i:])
		if magnitude := uint32(h & 0x7fff); magnitude-0x0400 < 0x7800 { // normal
			dst[i] = math.Float32frombits(uint32(h&0x8000)<<16 | (magnitude<<13 + (127-15)<<23))
		} else {
			dst[i] = rareFloat16(h)
		}
	}
}

func widenBFloat16(dst []float32, src []byte) {
	src = src[:2*len(dst)]
	for i := range dst {
		bits := uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16
		if bits&0x7fff0000 > 0x7f800000 {
			bits |= 0x00400000
		}
		dst[i] = math.Float32frombits(bits)
	}
}

// rareFloat16 widens the halves that are not normal.
func rareFloat16(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	magnitude := uint32(h & 0x7fff)
	switch {
	case magnitude < 0x0400: // zero and subnormal, in units of 2⁻²⁴
		return math.Float32frombits(sign | math.Float32bits(float32(magnitude)*0x1p-24))
	case magnitude == 0x7c00:
		return math.Float32frombits(sign | 0x7f800000)
	default:
		return math.Float32frombits(sign | 0x7fc00000 | magnitude<<13)
	}
}
