// Package measured keeps what was measured on this machine for the next run of the program, and has the kernels chosen by it.
package measured

import (
	"fmt"
	"strings"

	"github.com/mcllava/mcllava/internal/machine"
	"github.com/mcllava/mcllava/internal/tensor"
)

// kernels keeps the speeds that kernels were chosen by, for each CPU.
func kernels() Kept[[]tensor.Measured] { return InCache[[]tensor.Measured]("kernels.json") }

// kernelsKey is what these speeds hold for.
func kernelsKey(tier tensor.Tier) string {
	return fmt.Sprintf("%s, %s, %s, mcllava %s", machine.CPU(), strings.Join(machine.Features(), " "), tier, machine.Program())
}

// Kernels chooses the kernels of this process, if they are not chosen yet: by the speeds in kernels.json of the user's cache or, for a CPU
// that is not in there, by speeds that are measured now and kept. It comes before the first tensor.NewPool, and is for whatever
// computes, or says what would be computed. The error says that the environment asks for kernels that this CPU lacks.
func Kernels() error {
	tier, err := tensor.ActiveTier()
	if err != nil || !tensor.Undecided() {
		return err
	}
	kept, key := kernels(), kernelsKey(tier)
	before, _ := kept.Get(key)
	if used := tensor.Choose(before); !same(used, before) {
		_ = kept.Keep(key, used)
	}
	return nil
}

// same says whether tensor.Choose took what it was given.
func same(a, b []tensor.Measured) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
