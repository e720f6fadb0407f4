package cache

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/mcllava/mcllava/internal/tensor"
)

// A row is kept as float16 values and a power of two that all are multiplied with: the one with which the row's largest value lies in
// [2¹⁴, 2¹⁵). So a value is off by at most 2⁻¹¹ of itself, or 2⁻³⁹ of the row's largest if that is more.
const (
	halfExponent = 14 // of the largest value of a row
	leastScale   = -112
	mostScale    = 127
)

// Round rounds rows [n, width] in place to the values that a cache keeps, and gives back: what is stored and loaded is what was
// rounded, to the last bit. What is rounded already stays. So do rows with a value that is not finite, which no cache keeps.
func Round(rows []float32, width int) {
	half := make([]byte, 2*width)
	for ; len(rows) > 0; rows = rows[width:] {
		row := rows[:width]
		if scale, ok := scaleOf(row); ok {
			putRow(half, row, scale)
			readRow(row, half, scale)
		}
	}
}

// scaleOf is the exponent of a row's largest value, once that is rounded to a float16's digits; false if a value is not finite, or
// would not be then.
func scaleOf(row []float32) (scale int, ok bool) {
	const sign, digits, finite = 1 << 31, 0x1fff, 0x7f800000
	var largest uint32
	for _, v := range row {
		largest = max(largest, math.Float32bits(v)&^sign)
	}
	if largest >= finite {
		return 0, false
	}
	largest = (largest + digits/2 + largest>>13&1) &^ digits
	return max(int(largest>>23)-127, leastScale), largest < finite
}

// putRow writes a row of a scale as float16. The products are exact, but where they are far below the smallest float16.
func putRow(dst []byte, row []float32, scale int) {
	factor := float32(math.Ldexp(1, halfExponent-scale))
	var part [64]float32
	for at := 0; at < len(row); at += len(part) {
		values := part[:min(len(part), len(row)-at)]
		for i := range values {
			values[i] = row[at+i] * factor
		}
		tensor.PutF16(dst[2*at:], values)
	}
}

// readRow sets a row to what putRow wrote of it.
func readRow(row []float32, src []byte, scale int) {
	tensor.ReadF16(row, src)
	factor := float32(math.Ldexp(1, scale-halfExponent))
	for i := range row {
		row[i] *= factor
	}
}

// encodeRows appends the scales of rows [n, width], 2 bytes each, and then their values.
func encodeRows(dst []byte, rows []float32, width int) ([]byte, error) {
	n := len(rows) / width
	start := len(dst)
	dst = append(dst, make([]byte, rowBytes(n, width))...)
	scales, values := dst[start:start+2*n], dst[start+2*n:]
	for i := range n {
		row := rows[i*width : (i+1)*width]
		scale, ok := scaleOf(row)
		if !ok {
			return nil, fmt.Errorf("row %d of %d has a value that is not finite or too large", i, n)
		}
		binary.LittleEndian.PutUint16(scales[2*i:], uint16(int16(scale)))
		putRow(values[2*i*width:], row, scale)
	}
	return dst, nil
}

// rowBytes is what encodeRows appends.
func rowBytes(n, width int) int { return n * (2 + 2*width) }

// decodeRows sets rows [n, width] to the n that scales and values tell of, which have been checked.
func decodeRows(rows []float32, scales, values []byte, width int) {
	for i := range len(rows) / width {
		scale := int(int16(binary.LittleEndian.Uint16(scales[2*i:])))
		readRow(rows[i*width:(i+1)*width], values[2*i*width:], scale)
	}
}

// checkScales finds scales that encodeRows does not write.
func checkScales(scales []byte) error {
	for ; len(scales) > 0; scales = scales[2:] {
		if scale := int16(binary.LittleEndian.Uint16(scales)); scale < leastScale || scale > mostScale {
			return damage("has a row with an impossible scale")
		}
	}
	return nil
}

// checkValues finds values that encodeRows does not write, those that are not finite among them.
func checkValues(values []byte) error {
	const sign, tooLarge = 1 << 15, (halfExponent + 1 + 15) << 10
	for ; len(values) > 0; values = values[2:] {
		if binary.LittleEndian.Uint16(values)&^sign >= tooLarge {
			return damage("has a value that is not finite or too large")
		}
	}
	return nil
}
