//go:build !amd64 && !arm64

package tensor

var (
	registerLoops map[string]registerLoop
	readLoops     map[Tier]func(n int, x *byte)
)
