// Command asm writes the products of package tensor in assembly with avo. It is run by go generate in the folder above.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	for _, i := range []isa{avx512, avx2} {
		floatPanel(i, f32)
		floatPanel(i, f16)
		floatPanel(i, bf16)
	}
	bf16Panel()
	narrowPanel(f32)
	narrowPanel(f16)
	bf16Narrow()
	bf16Panels()
	foldedPanel("F32AVX512", "[k, 8, 2] float32", multiplyFloats)
	foldedPanel("BF16DP", "[k, 8, 4] bfloat16", vdpbf16ps)
	q8Panel()
	sharedQ4()
	unpackQ4()
	q4Panel()
	intPanelAVX2(8)
	intPanelAVX2(4)
	roundBF16(avx512)
	roundBF16(avx2)
	packBF16()
	quantizeVNNI()
	quantizeAVX2()
	initTile(avx512)
	initTile(avx2)
	prefetch()
	prefetchLines()
	softmaxBF16()
	pairRows()
	foldRows()
	gatherPairs()
	scaleRow()
	peak("AVX512", fmaPeak(avx512))
	peak("AVX2", fmaPeak(avx2))
	peak("BF16", bf16Peak)
	peak("VNNI", vnniPeak)
	peak("MADD", maddPeak)
	readLoop(avx512)
	readLoop(avx2)
	Generate()
}
