package safetensors

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

// all16 is every 16-bit pattern and one more, so that the length is odd.
func all16(dtype DType) Tensor {
	t := Tensor{Name: "all", DType: dtype, Shape: []int{1<<16 + 1}}
	for i := range 1<<16 + 1 {
		t.Data = binary.LittleEndian.AppendUint16(t.Data, uint16(i))
	}
	return t
}

// ieee is the value of sign, exponent and fraction fields, the quiet bit set
// on NaNs, whose fraction moves to the top of float32's.
func ieee(bits uint32, exponentBits, fractionBits int) uint32 {
	fraction := bits & (1<<fractionBits - 1)
	exponent := int(bits>>fractionBits) & (1<<exponentBits - 1)
	sign := bits >> (exponentBits + fractionBits) & 1
	bias := 1<<(exponentBits-1) - 1
	var v float64
	switch {
	case exponent == 1<<exponentBits-1 && fraction != 0:
		return sign<<31 | 0x7fc00000 | fraction<<(23-fractionBits)
	case exponent == 1<<exponentBits-1:
		v = math.Inf(1)
	case exponent == 0:
		v = math.Ldexp(float64(fraction), 1-bias-fractionBits)
	default:
		v = math.Ldexp(float64(fraction|1<<fractionBits), exponent-bias-fractionBits)
	}
	return sign<<31 | math.Float32bits(float32(v))
}

func TestWideningOfEveryValue(t *testing.T) {
	for _, test := range []struct {
		dtype              DType
		exponent, fraction int
	}{{F16, 5, 10}, {BF16, 8, 7}} {
		tensor := all16(test.dtype)
		got := make([]float32, tensor.Elements())
		if err := tensor.Float32s(got); err != nil {
			t.Fatal(err)
		}
		for i, g := range got {
			want := ieee(uint32(uint16(i)), test.exponent, test.fraction)
			if b := math.Float32bits(g); b != want {
				t.Fatalf("%s %#04x: %#08x, expected %#08x", test.dtype, uint16(i), b, want)
			}
		}
	}
}

func TestConversionsRefuse(t *testing.T) {
	long := FromInt64("ids", []int{2}, []int64{1, 2})
	long.File = "x.safetensors"
	short := FromFloat32("w", []int{3}, []float32{1})
	checkText := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %q", err, want)
		}
	}
	checkText(long.Float32s(make([]float32, 2)), `x.safetensors: tensor "ids": dtype I64, expected F32, F16 or BF16`)
	checkText(long.Float32s(make([]float32, 3)), `tensor "ids": 2 elements [2], expected 3`)
	checkText(short.Float32s(make([]float32, 3)), `tensor "w": 4 bytes of data, expected 12`)
	_, err := short.int64s()
	checkText(err, "dtype F32, expected I64")
}

func BenchmarkFloat32s(b *testing.B) {
	for _, dtype := range []DType{F32, F16, BF16} {
		b.Run(string(dtype), func(b *testing.B) {
			t := Tensor{Name: "w", DType: dtype, Shape: []int{1 << 16}, Data: make([]byte, dtype.Size()<<16)}
			for i := range t.Data {
				t.Data[i] = byte(i * 151 & 0x3f)
			}
			dst := make([]float32, 1<<16)
			b.SetBytes(int64(len(t.Data)))
			for b.Loop() {
				if err := t.Float32s(dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
