// Package safetensors reads and writes checkpoints in the safetensors format:
// eight bytes of header length, a JSON header, then the tensors one after
// another, little endian and row-major.
//
// Format: https://github.com/huggingface/safetensors#format
package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
)

// DType is an element type, spelled as in the header.
type DType string

// The element types this package converts. The format's other whole-byte
// types can be read and written as bytes.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I64  DType = "I64"
	I32  DType = "I32"
	I8   DType = "I8"
	U8   DType = "U8"
)

var dtypeSize = map[DType]int{
	"BOOL": 1, U8: 1, I8: 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1,
	"U16": 2, "I16": 2, F16: 2, BF16: 2,
	"U32": 4, I32: 4, F32: 4,
	"U64": 8, I64: 8, F64: 8, "C64": 8,
}

// Size is the number of bytes of one element, 0 for a type that is not known.
func (d DType) Size() int { return dtypeSize[d] }

// Tensor is one named array of a checkpoint.
type Tensor struct {
	Name  string
	File  string // where it was read from, for messages
	DType DType
	Shape []int  // empty for a scalar
	Data  []byte // little endian, row-major; may be mapped from a file: read only
}

// Elements is the product of the shape, 1 for a scalar.
func (t Tensor) Elements() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Float32s widens an F32, F16 or BF16 tensor into dst, which must hold exactly
// its elements. Signalling NaNs of the 16-bit types become quiet, as the
// conversion instructions make them.
func (t Tensor) Float32s(dst []float32) error {
	if err := t.check(len(dst)); err != nil {
		return err
	}
	switch t.DType {
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
		}
	case F16:
		widenFloat16(dst, t.Data)
	case BF16:
		widenBFloat16(dst, t.Data)
	default:
		return fmt.Errorf("%stensor %q: dtype %s, expected F32, F16 or BF16", t.where(), t.Name, t.DType)
	}
	return nil
}

func (t Tensor) check(n int) error {
	if t.Elements() != n {
		return fmt.Errorf("%stensor %q: %d elements %v, expected %d", t.where(), t.Name, t.Elements(), t.Shape, n)
	}
	if want := n * t.DType.Size(); len(t.Data) != want {
		return fmt.Errorf("%stensor %q: %d bytes of data, expected %d", t.where(), t.Name, len(t.Data), want)
	}
	return nil
}

func (t Tensor) where() string {
	if t.File == "" {
		return ""
	}
	return t.File + ": "
}

// FromFloat32 makes an F32 tensor; v is copied.
func FromFloat32(name string, shape []int, v []float32) Tensor {
	data := make([]byte, 0, 4*len(v))
	for _, x := range v {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	return Tensor{Name: name, DType: F32, Shape: shape, Data: data}
}

// FromInt64 makes an I64 tensor; v is copied.
func FromInt64(name string, shape []int, v []int64) Tensor {
	data := make([]byte, 0, 8*len(v))
	for _, x := range v {
		data = binary.LittleEndian.AppendUint64(data, uint64(x))
	}
	return Tensor{Name: name, DType: I64, Shape: shape, Data: data}
}
