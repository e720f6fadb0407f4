//go:build !linux

package safetensors

func largePages(_ []byte) {}
