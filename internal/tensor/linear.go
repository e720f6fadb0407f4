package tensor

import (
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// Weight is a matrix [out, in] in one of the forms that a linear layer can be stored in.
type Weight interface {
	// Shape is the number of outputs and of inputs.
	Shape() (out, in int)
	// Bytes is the memory that the weight takes.
	Bytes() int64
	// Apply sets dst = finish(x·Wᵀ + bias): x [rows, in], bias [out] or nil, dst [rows, out]; dst and x share no memory.
	// Finish, if not nil, is called on every piece of a row of dst as soon as it is complete.
	Apply(p *Pool, dst, x blas32.General, bias []float32, finish func([]float32))
}

// NewWeight stores a matrix [out, in] in float32 as the active tier wants it: in panels for the kernels, as it is for gonum.
// Read fills row with row o of the matrix, [in]; it is called once a row, from all workers of the pool.
func NewWeight(p *Pool, out, in int, read func(o int, row []float32)) Weight {
	if active.tier != Generic {
		return pack(p, out, in, read)
	}
	w := New(out, in)
	p.Run(out, func(_, o int) { read(o, Row(w, o)) })
	return dense{w}
}

// dense is a weight that gonum's own product multiplies by.
type dense struct{ w blas32.General }

func (d dense) Shape() (out, in int) { return d.w.Rows, d.w.Cols }

func (d dense) Bytes() int64 { return 4 * int64(len(d.w.Data)) }

func (d dense) Apply(_ *Pool, dst, x blas32.General, bias []float32, finish func([]float32)) {
	if x.Rows == 0 {
		return
	}
	begin(dst, bias, 0, d.w.Rows)
	blas32.Gemm(blas.NoTrans, blas.Trans, 1, x, d.w, 1, dst)
	if finish != nil {
		for r := range dst.Rows {
			finish(Row(dst, r))
		}
	}
}

func (w packed) Shape() (out, in int) { return w.out, w.in }

func (w packed) Bytes() int64 { return 4 * int64(len(w.data)) }

func (w packed) Apply(p *Pool, dst, x blas32.General, bias []float32, finish func([]float32)) {
	multiply(p, dst, x, w, bias, finish)
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
func (l *Linear) Apply(p *Pool, dst, x blas32.General) { l.ApplyThen(p, dst, x, nil) }

// ApplyThen is Apply followed by an activation function that works on a piece of a row in place.
func (l *Linear) ApplyThen(p *Pool, dst, x blas32.General, activation func([]float32)) {
	out, in := l.Weight.Shape()
	if x.Cols != in || dst.Cols != out || dst.Rows != x.Rows {
		panic(fmt.Sprintf("tensor: linear layer [%d, %d] applied to [%d, %d] giving [%d, %d]", out, in, x.Rows, x.Cols, dst.Rows, dst.Cols))
	}
	l.Weight.Apply(p, dst, x, l.Bias, activation)
}
