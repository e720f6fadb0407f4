package tensor

import (
	"fmt"
	"unsafe"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// Weight is a matrix [out, in] in one of the forms that a linear layer can be stored in.
type Weight interface {
	// Shape is the number of outputs and of inputs.
	Shape() (out, in int)
	// Form is how the values are stored.
	Form() Form
	// Bytes is the memory that the weight takes.
	Bytes() int64
	// Apply computes x·Wᵀ for x [rows, in] into dst [rows, out], as the epilogue says; dst and x share no memory.
	Apply(p *Pool, dst, x blas32.General, e Epilogue)
}

// NewWeight stores a matrix [out, in] in a form, as the active tier wants it: in panels for the kernels, or float32 as it is
// for gonum. Read fills row with row o of the matrix, [in]; it is called once a row, from all workers of the pool.
func NewWeight(p *Pool, f Form, out, in int, read func(o int, row []float32)) Weight {
	if active.tier != Generic || f != F32 {
		return pack(p, f, out, in, read)
	}
	w := New(out, in)
	p.Run(out, func(_, o int) { read(o, Row(w, o)) })
	return dense{w}
}

// Pack stores a matrix [out, in] in a form as the bytes that FromPacked takes, PackedBytes(f, out, in) of them; they are the
// same on every tier. Read is called as by NewWeight.
func Pack(p *Pool, f Form, out, in int, read func(o int, row []float32)) []byte {
	return pack(p, f, out, in, read).data
}

// FromPacked is the weight [out, in] that Pack wrote to data, which it keeps and must stand at a multiple of 64 bytes.
func FromPacked(f Form, out, in int, data []byte) (Weight, error) {
	if len(data) != PackedBytes(f, out, in) {
		return nil, fmt.Errorf("%d bytes, expected %d for [%d, %d] in %s", len(data), PackedBytes(f, out, in), out, in, f)
	}
	if at := uintptr(unsafe.Pointer(unsafe.SliceData(data))) % alignment; at != 0 {
		return nil, fmt.Errorf("begins %d bytes after a multiple of %d", at, alignment)
	}
	return &packed{form: f, out: out, in: in, data: data}, nil
}

// dense is a weight that gonum's own product multiplies by.
type dense struct{ w blas32.General }

func (d dense) Shape() (out, in int) { return d.w.Rows, d.w.Cols }

func (d dense) Form() Form { return F32 }

func (d dense) Bytes() int64 { return 4 * int64(len(d.w.Data)) }

func (d dense) Apply(_ *Pool, dst, x blas32.General, e Epilogue) {
	if x.Rows == 0 {
		return
	}
	for r := range dst.Rows {
		row := Row(dst, r)
		if !e.Add {
			clear(row)
		}
		for j, b := range e.Bias {
			row[j] += b
		}
	}
	blas32.Gemm(blas.NoTrans, blas.Trans, 1, x, d.w, 1, dst)
	if e.Activation != nil {
		for r := range dst.Rows {
			e.Activation(Row(dst, r))
		}
	}
}

func (w *packed) Shape() (out, in int) { return w.out, w.in }

func (w *packed) Form() Form { return w.form }

func (w *packed) Bytes() int64 { return int64(len(w.data)) }

func (w *packed) Apply(p *Pool, dst, x blas32.General, e Epilogue) {
	multiply(p, x, part{dst, w, e})
}

// Linear is a layer y = x·Wᵀ + b.
type Linear struct {
	Weight Weight    // [out, in]
	Bias   []float32 // [out]; nil for none
}

// Out is the number of outputs.
func (l *Linear) Out() int {
	out, _ := l.Weight.Shape()
	return out
}

// Apply sets dst = x·Wᵀ + b: x [rows, in], dst [rows, out].
func (l *Linear) Apply(p *Pool, dst, x blas32.General) { l.apply(p, dst, x, Epilogue{Bias: l.Bias}) }

// ApplyThen is Apply followed by an activation function that works on pieces of rows in place.
func (l *Linear) ApplyThen(p *Pool, dst, x blas32.General, activation func([]float32)) {
	l.apply(p, dst, x, Epilogue{Bias: l.Bias, Activation: activation})
}

// Add adds x·Wᵀ + b to dst, as a sublayer does to the residual stream.
func (l *Linear) Add(p *Pool, dst, x blas32.General) {
	l.apply(p, dst, x, Epilogue{Bias: l.Bias, Add: true})
}

func (l *Linear) apply(p *Pool, dst, x blas32.General, e Epilogue) {
	l.check(dst, x)
	l.Weight.Apply(p, dst, x, e)
}

func (l *Linear) check(dst, x blas32.General) {
	out, in := l.Weight.Shape()
	if x.Cols != in || dst.Cols != out || dst.Rows != x.Rows {
		panic(fmt.Sprintf("tensor: linear layer [%d, %d] applied to [%d, %d] giving [%d, %d]", out, in, x.Rows, x.Cols, dst.Rows, dst.Cols))
	}
}

// Output is one of the layers of an ApplyAll: Dst is [rows, out], and Activation, which may be nil, that of ApplyThen.
type Output struct {
	Layer      *Linear
	Dst        blas32.General
	Activation func([]float32)
}

// ApplyAll applies some layers to the same x [rows, in], with the bits of one after the other: x is rounded once to what their
// kernels take, and no thread waits in between.
func ApplyAll(p *Pool, x blas32.General, outputs ...Output) {
	var room [maxParts]part
	parts := room[:0]
	for _, o := range outputs {
		o.Layer.check(o.Dst, x)
		e := Epilogue{Bias: o.Layer.Bias, Activation: o.Activation}
		w, ok := o.Layer.Weight.(*packed)
		if !ok || len(parts) > 0 && w.form != parts[0].w.form {
			o.Layer.Weight.Apply(p, o.Dst, x, e)
			continue
		}
		parts = append(parts, part{o.Dst, w, e})
	}
	if len(parts) > 0 {
		multiply(p, x, parts...)
	}
}
