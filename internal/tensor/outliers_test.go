package tensor

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
)

// Language models have a few inputs that are far larger than all others, in the columns of their weights or in the channels of
// their activations. Values that share a scale with one are stored the more coarsely.
const (
	outlierSize     = 50  // times as large as the others
	outlierDistance = 640 // inputs from one to the next
	outlierColumn   = 13  // the first
	outlierChannel  = 301 // the first, in another group than a column
)

// productError bounds the relative errors of a product that a form may cause: the root of the mean square of the error over
// that of the exact product.
type productError struct {
	even     float64 // all inputs are alike
	outliers float64 // some are outliers
	others   float64 // the same error over what the inputs give that are no outliers
}

// productErrors are those of random operands. The documentation names the same figures.
var productErrors = [formCount]productError{
	F32:  {even: 2e-6, outliers: 2e-6, others: 2e-4},
	F16:  {even: 3e-4, outliers: 3e-4, others: 0.03},
	BF16: {even: 3e-3, outliers: 3e-3, others: 0.3},
	Q8:   {even: 0.011, outliers: 0.03, others: 0.11},
	Q4:   {even: 0.085, outliers: 0.13, others: 0.7},
}

// noOutliers is the first outlier of operands that have none.
const noOutliers = -1

func TestProductsWithOutliers(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	for _, shape := range [][2]int{{2560, 320}, {1152, 538}} { // the errors follow from the length of the sums, and an eighth of the outputs shows them
		in, out := shape[0], shape[1]
		for _, c := range []struct {
			name            string
			column, channel int
		}{
			{"none", noOutliers, noOutliers},
			{"columns", outlierColumn, noOutliers},
			{"channels", noOutliers, outlierChannel},
			{"columns and channels", outlierColumn, outlierChannel},
			{"columns and their channels", outlierColumn, outlierColumn},
		} {
			r := rand.New(rand.NewPCG(13, 14))
			x, w := random(r, 4, in), random(r, out, in)
			scaleOutliers(x, c.channel, outlierSize)
			scaleOutliers(w, c.column, outlierSize)
			want, size := exactProduct(p, x, w)
			others := New(x.Rows, x.Cols)
			Copy(others, x)
			scaleOutliers(others, c.channel, 0)
			scaleOutliers(others, c.column, 0)
			_, sizeOfOthers := exactProduct(p, others, w)
			for f := range formCount {
				got := New(x.Rows, w.Rows)
				NewWeight(p, f, w.Rows, w.Cols, func(o int, row []float32) { copy(row, Row(w, o)) }).Apply(p, got, x, Epilogue{})
				squares := 0.0
				for i, v := range got.Data {
					squares += (float64(v) - want[i]) * (float64(v) - want[i])
				}
				e, eOfOthers := math.Sqrt(squares/size), math.Sqrt(squares/sizeOfOthers)
				bound, boundOfOthers := productErrors[f].outliers, productErrors[f].others
				if c.column == noOutliers && c.channel == noOutliers {
					bound, boundOfOthers = productErrors[f].even, productErrors[f].even
				}
				t.Logf("%v, outliers: %s, %s: %.1e, %.1e of the others", shape, c.name, f, e, eOfOthers)
				if !(e <= bound && eOfOthers <= boundOfOthers) {
					t.Errorf("%v, outliers: %s, %s: relative error %.2g, %.2g of the others, expected at most %.2g, %.2g", shape, c.name, f, e, eOfOthers, bound, boundOfOthers)
				}
			}
		}
	}
}

// scaleOutliers multiplies the columns from first on that are outliers.
func scaleOutliers(m blas32.General, first int, factor float32) {
	if first == noOutliers {
		return
	}
	for i := range m.Rows {
		for j := first; j < m.Cols; j += outlierDistance {
			Row(m, i)[j] *= factor
		}
	}
}

// exactProduct is x·Wᵀ in float64, row-major, and the sum of its squares.
func exactProduct(p *Pool, x, w blas32.General) (product []float64, squares float64) {
	product = make([]float64, x.Rows*w.Rows)
	p.Run(w.Rows, func(_, o int) {
		weights := Row(w, o)
		for r := range x.Rows {
			sum := 0.0
			for i, v := range Row(x, r) {
				sum += float64(v) * float64(weights[i])
			}
			product[r*w.Rows+o] = sum
		}
	})
	for _, v := range product {
		squares += v * v
	}
	return product, squares
}
