package tensor

//go:generate go run -C _asm ./rowkernels -out ../rowkernels_amd64.s -stubs ../rowkernels_stubs_amd64.go -pkg tensor
//go:generate go run -C _asm ./arm64 -folder ..

// rowKernels is the arithmetic between the products, each on one row. The assembly of a kernel computes what its Go version
// does, geluTanhGo and so on, each as close to exact arithmetic as the tests say; a result depends on values and length alone.
type rowKernels struct {
	geluTanh, geluErf func(x []float32)
	largest           func(x []float32) float32
	exps              func(x []float32, largest, scale float32) (sum float64)
	multiply          func(x []float32, by float32)
	sum               func(x []float32) float64
	squares           func(x []float32, mean float64) float64
	normalise         func(dst, x, gain, bias []float32, mean float64, scale float32)
	rotate            func(x, cos, sin []float32, headDim int)
	add               func(dst, x []float32)
}

var rowKernelsGo = rowKernels{
	geluTanh: geluTanhGo, geluErf: geluErfGo,
	largest: largestGo, exps: expsGo, multiply: multiplyGo,
	sum: sumGo, squares: squaresGo, normalise: normaliseGo,
	rotate: rotateGo, add: addGo,
}

// onRow is the row kernels of the active tier.
func onRow() *rowKernels { return rowKernelsOf(active.tier) }

// rowsPerTask is enough rows of a thousand values or so to be worth waking a worker for.
const rowsPerTask = 16

// overRows calls do for rows first…last-1 of an operation that takes each row alone, in tasks of rowsPerTask on the pool.
func overRows(p *Pool, rows int, do func(first, last int)) {
	tasks := (rows + rowsPerTask - 1) / rowsPerTask
	p.Run(tasks, func(_, i int) { do(i*rows/tasks, (i+1)*rows/tasks) })
}
