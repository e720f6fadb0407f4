//go:build !amd64 && !arm64

package tensor

func rowKernelsOf(Tier) *rowKernels { return &rowKernelsGo }
