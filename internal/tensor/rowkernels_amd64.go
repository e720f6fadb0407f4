package tensor

var rowKernelsAVX512 = rowKernels{
	geluTanh: geluTanhAVX512, geluErf: geluErfAVX512,
	largest: largestAVX512, exps: expsAVX512, multiply: multiplyAVX512,
	sum: sumAVX512, squares: squaresAVX512, normalise: normaliseAVX512,
	rotate: rotateAVX512, add: addAVX512,
}

var rowKernelsAVX2 = rowKernels{
	geluTanh: geluTanhAVX2, geluErf: geluErfAVX2,
	largest: largestAVX2, exps: expsAVX2, multiply: multiplyAVX2,
	sum: sumAVX2, squares: squaresAVX2, normalise: normaliseAVX2,
	rotate: rotateAVX2, add: addAVX2,
}

func rowKernelsOf(t Tier) *rowKernels {
	switch t {
	case AVX512:
		return &rowKernelsAVX512
	case AVX2:
		return &rowKernelsAVX2
	default:
		return &rowKernelsGo
	}
}
