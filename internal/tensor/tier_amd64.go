package tensor

import "golang.org/x/sys/cpu"

// supported lists the tiers that this CPU can run, best first.
func supported() []kernels {
	var have []kernels
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ {
		have = append(have, kernels{tier: AVX512, rows: 14, panel: func(rows, k int, a []float32, lda int, b, c []float32, ldc int) {
			panelAVX512(rows, k, &a[0], lda, &b[0], &c[0], ldc)
		}})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		have = append(have, kernels{tier: AVX2, rows: 6, panel: func(rows, k int, a []float32, lda int, b, c []float32, ldc int) {
			panelAVX2(rows, k, &a[0], lda, &b[0], &c[0], ldc)
			panelAVX2(rows, k, &a[0], lda, &b[panelWidth/2], &c[panelWidth/2], ldc)
		}})
	}
	return append(have, genericKernels)
}
