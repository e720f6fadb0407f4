//go:build !amd64

package tensor

func variants() []kernels { return nil }
