//go:build !amd64 && !arm64

package tensor

func supported() []kernels { return []kernels{genericKernels} }
