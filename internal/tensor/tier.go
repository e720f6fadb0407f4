package tensor

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Tier names the set of kernels in use: "avx512", "avx2" or "generic".
type Tier string

// The tiers, best first.
const (
	AVX512  Tier = "avx512"
	AVX2    Tier = "avx2"
	Generic Tier = "generic"
)

// TierVariable is the environment variable that forces a tier.
const TierVariable = "MCLLAVA_CPU"

// kernels is what differs from tier to tier.
type kernels struct {
	tier Tier
	rows int // rows of the register tile
	// panel adds a product to C as panelGo does, for 1…rows rows and all the columns of a panel.
	panel func(rows, k int, a []float32, lda int, b, c []float32, ldc int)
}

var genericKernels = kernels{tier: Generic, rows: 4, panel: panelGo}

// active is chosen once, at start: the best tier of this CPU, or the one that the environment forces.
var active, activeErr = choose(os.Getenv(TierVariable))

func choose(forced string) (kernels, error) {
	have := supported()
	if forced == "" {
		return have[0], nil
	}
	i := slices.IndexFunc(have, func(k kernels) bool { return string(k.tier) == forced })
	if i < 0 {
		var names []string
		for _, k := range have {
			names = append(names, string(k.tier))
		}
		return have[0], fmt.Errorf("%s=%s: this CPU can do %s", TierVariable, forced, strings.Join(names, ", "))
	}
	return have[i], nil
}

// ActiveTier is the tier in use. The error says that the environment asks for one that this CPU lacks.
func ActiveTier() (Tier, error) { return active.tier, activeErr }
