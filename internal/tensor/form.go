package tensor

import (
	"fmt"
	"math"
	"strings"
	"unsafe"
)

// Form is how the values of a weight are stored, and with that what its products are computed in.
type Form uint8

// The forms.
const (
	F32  Form = iota // float32
	F16              // float16, widened to float32
	BF16             // bfloat16, as are the activations; sums in float32
	Q8               // 8 bits and a scale for each 128 inputs, as have the activations; sums in int32
	Q4               // 4 bits and a scale for each 32 inputs; activations in 8 bits; sums in int32
	formCount
)

var formNames = [formCount]string{"f32", "f16", "bf16", "q8", "q4"}

func (f Form) String() string { return formNames[f] }

// ParseForm is the form of a name: f32, f16, bf16, q8 or q4.
func ParseForm(name string) (Form, error) {
	for f, n := range formNames {
		if n == name {
			return Form(f), nil
		}
	}
	return 0, fmt.Errorf("unknown precision %q, expected %s or %s", name, strings.Join(formNames[:formCount-1], ", "), formNames[formCount-1])
}

// panelWidth is the number of outputs in one panel of a packed matrix.
const panelWidth = 32

// foldedWidth is the number of outputs in a folded panel, which holds the inputs of two successive steps side by side.
const foldedWidth = 8

// A packed matrix [out, in] is cut into panels of panelWidth outputs, each contiguous and in order of the inputs: what the
// panel kernels read from beginning to end. The last panel is filled up with zeros. Its numbers are little-endian, in memory as in a
// packed checkpoint, which is read in place: a big-endian machine cannot run this (see big_endian.go).
//
// layout is how the inputs of a panel, or of a row of activations, follow each other: unit inputs together take unitBytes,
// and after each group of inputs come groupBytes of what belongs to the group as a whole, such as its scales.
type layout struct{ unit, unitBytes, group, groupBytes int }

// bytes is the size of n inputs. It is also where input n begins, if n is a multiple of the group and of the unit.
func (l layout) bytes(n int) int {
	size := (n + l.unit - 1) / l.unit * l.unitBytes
	if l.groupBytes > 0 {
		size += (n + l.group - 1) / l.group * l.groupBytes
	}
	return size
}

// storage is how the values of a form are laid out.
type storage struct {
	panel  layout // of a panel of weights
	folded layout // of a folded panel, where there is one
	// pack writes the inputs of output o (of a panel of zeros, 0…panelWidth-1).
	pack func(panel []byte, o int, row []float32)
	// zero is what a panel is filled with before it is packed.
	zero func(panel []byte, in int)
}

var storages = [formCount]storage{
	F32:  {panel: layout{unit: 1, unitBytes: 4 * panelWidth}, folded: layout{unit: 2, unitBytes: 8 * foldedWidth}, pack: packF32},
	F16:  {panel: layout{unit: 1, unitBytes: 2 * panelWidth}, pack: packF16},
	BF16: {panel: layout{unit: 2, unitBytes: 4 * panelWidth}, folded: layout{unit: 4, unitBytes: 8 * foldedWidth}, pack: packBF16},
	Q8:   {panel: q8Panel, pack: packQ8, zero: zeroQ8},
	Q4:   {panel: q4Panel, pack: packQ4},
}

// PackedBytes is the size of a matrix [out, in] in a form.
func PackedBytes(f Form, out, in int) int { return panels(out) * storages[f].panel.bytes(in) }

func panels(out int) int { return (out + panelWidth - 1) / panelWidth }

// bytesBefore is where input n begins, in the midst of a unit too, where there are no groups.
func (l layout) bytesBefore(n int) int { return n * l.unitBytes / l.unit }

// stride is the distance of rows of so many bytes: an odd number of cache lines, so that the rows of a tile do not compete for
// the same places in the cache.
func stride(bytes int) int { return ((bytes+alignment-1)/alignment | 1) * alignment }

// floats sees memory as float32.
func floats(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

// bytesOf sees float32 as memory.
func bytesOf(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}

// alignment is that of packed matrices: a cache line, which is also the widest vector.
const alignment = 64

// aligned returns n zero bytes at a multiple of the alignment.
func aligned(n int) []byte {
	b := make([]byte, n+alignment)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (alignment - 1)
	return b[skip : skip+n : skip+n]
}

// toBF16 rounds to the nearest bfloat16, ties to even: the upper half of a float32. Numbers beyond its range become infinite.
func toBF16(x float32) uint16 {
	bits := math.Float32bits(x)
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

func fromBF16(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }
