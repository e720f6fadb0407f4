package encoder

import (
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/tensor"
)

// Features are what the tower gives of M crops: of each the last K of its T rows, first to last, with the crop's coordinates added.
type Features struct {
	Keep []int          // [M] K of each crop
	Rows blas32.General // [Σ Keep, Dv]
}

// NewFeatures returns features of zeros for keep[i] rows of each crop, width wide.
func NewFeatures(keep []int, width int) Features {
	return Features{keep, tensor.New(sum(keep), width)}
}

// Crop is the rows of crop i, [Keep[i], Dv]; it shares the values of f.
func (f Features) Crop(i int) blas32.General {
	from := sum(f.Keep[:i])
	return tensor.Rows(f.Rows, from, from+f.Keep[i])
}

// Last is the last keep[i] rows of each crop, which must be there. It shares the values of f if they are all of them.
func (f Features) Last(keep []int) Features {
	if sum(keep) == sum(f.Keep) {
		return f
	}
	last := NewFeatures(keep, f.Rows.Cols)
	for i, k := range keep {
		tensor.Copy(last.Crop(i), LastRows(f.Crop(i), k))
	}
	return last
}

// LastRows is the last k rows of x, whose values it shares.
func LastRows(x blas32.General, k int) blas32.General { return tensor.Rows(x, x.Rows-k, x.Rows) }

func sum(counts []int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}
