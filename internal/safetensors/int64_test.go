package safetensors

import (
	"encoding/binary"
	"fmt"
)

// int64s returns the values of an I64 tensor.
func (t Tensor) int64s() ([]int64, error) {
	if t.DType != I64 {
		return nil, fmt.Errorf("%stensor %q: dtype %s, expected I64", t.where(), t.Name, t.DType)
	}
	if err := t.check(t.Elements()); err != nil {
		return nil, err
	}
	v := make([]int64, t.Elements())
	for i := range v {
		v[i] = int64(binary.LittleEndian.Uint64(t.Data[8*i:]))
	}
	return v, nil
}
