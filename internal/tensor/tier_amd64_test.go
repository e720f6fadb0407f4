package tensor

// variants are kernels that run on this CPU, but that it has better ones than: those of AVX-512 CPUs without VNNI and BF16.
func variants() []kernels {
	if supported()[0].tier != AVX512 {
		return nil
	}
	return []kernels{avx512Kernels(false, false)}
}
