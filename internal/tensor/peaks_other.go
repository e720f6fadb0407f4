//go:build !amd64

package tensor

var (
	registerLoops map[string]registerLoop
	readLoops     map[Tier]func(n int, x *byte)
)
