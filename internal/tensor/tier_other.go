//go:build !amd64

package tensor

func supported() []kernels { return []kernels{genericKernels} }
