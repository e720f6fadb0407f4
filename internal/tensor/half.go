package tensor

import "encoding/binary"

// PutF16 rounds values to float16, ties to even, and writes them little-endian to dst, 2 bytes a value.
func PutF16(dst []byte, values []float32) {
	for i, v := range values {
		binary.LittleEndian.PutUint16(dst[2*i:], toF16(v))
	}
}

// ReadF16 sets values to what PutF16 wrote, exactly.
func ReadF16(values []float32, src []byte) {
	for i := range values {
		values[i] = fromF16(binary.LittleEndian.Uint16(src[2*i:]))
	}
}
