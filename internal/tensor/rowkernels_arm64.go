package tensor

var rowKernelsNEON = rowKernels{
	geluTanh: geluTanhNEON, geluErf: geluErfNEON,
	largest: largestNEON, exps: expsNEON, multiply: multiplyNEON,
	sum: sumNEON, squares: squaresNEON, normalise: normaliseNEON,
	rotate: rotateNEON, add: addNEON,
}

func rowKernelsOf(t Tier) *rowKernels {
	if t == Generic {
		return &rowKernelsGo
	}
	return &rowKernelsNEON
}
