//go:build !amd64

package tensor

func rowKernelsOf(Tier) *rowKernels { return &rowKernelsGo }
