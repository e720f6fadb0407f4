package tensor

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"gonum.org/v1/gonum/blas/blas32"
)

// Tier names the set of kernels in use: "avx512", "avx2" or "generic", and on arm64 "i8mm", "dotprod", "neon" or "generic".
type Tier string

// The tiers of amd64 and that of every CPU, best first.
const (
	AVX512  Tier = "avx512"
	AVX2    Tier = "avx2"
	Generic Tier = "generic"
)

// TierVariable is the environment variable that forces a tier, and what it has more than one way for: "avx512,bf16=widen". Ways that are
// not named are then the tier's first, and nothing is measured.
const TierVariable = "MCLLAVA_CPU"

// kernels is what differs from tier to tier.
type kernels struct {
	tier          Tier
	products      [formCount]product
	initTile      func(rows int, c []float32, ldc int, bias []float32, add bool) // as initTileGo does
	prefetch      func(rows int, c []float32, ldc int)                           // prefetches rows of panelWidth floats
	prefetchBytes func(b []byte)                                                 // prefetches memory
	scale         func(dst, x []float32, f float32)                              // dst = x·f
	// appendBF16 does what appendGo does to a KV in bfloat16; nil for appendGo itself.
	appendBF16 func(c *KV, head, first int, k, v blas32.General)

	choices      []choice
	ways         map[string]string // of choices that are not the first
	attentionF32 bool              // see AttentionForm
}

// product is how a tier multiplies activations by a panel of a form.
type product struct {
	name   string
	rows   int    // most rows of a register tile
	blockK int    // most inputs of a panel that the tiles go down the rows with at a time: enough for them to pass over C seldom, and to stay near
	unit   int    // inputs a step of k
	x      layout // of a row of activations
	// convert writes a row of activations as the kernel wants them; nil for float32 as they are.
	convert func(dst []byte, x []float32)
	// panel adds a product to C as the form's plain Go kernel does, for 1…rows rows and all the columns of a panel.
	panel func(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int)
	// narrow does so for the first half of the columns; nil for all of them.
	narrow func(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int)
	// folded does so for a folded panel, with two units a step of k; nil where panels are not folded.
	folded func(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int)
	// panels sets C [rows, count·panelWidth] to the product with count panels that follow each other, from b on, for 1…rows rows; nil for
	// one after the other.
	panels func(rows, k, count int, a []byte, lda int, b []byte, c []float32, ldc int)
	// shared is for more than rows rows: nil for as many register tiles of panel.
	shared *sharedPanel
	// expSum writes exp(scale·(scores - max)) as activations and returns their sum; nil for softmax and convert.
	expSum func(dst []byte, scores []float32, scale float32) float32
}

// sharedPanel is how a part of a panel is unpacked once for many register tiles.
type sharedPanel struct {
	rows   int    // most rows of a register tile
	layout layout // of a part
	// unpack writes a part of k steps of a panel to dst.
	unpack func(k int, dst, src []byte)
	// panel adds a product with such a part to C, to the bits of the panel that is not unpacked.
	panel func(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int)
}

// Layouts of a row of activations.
var (
	asF32    = layout{unit: 1, unitBytes: 4}
	asPairs  = layout{unit: 2, unitBytes: 8} // float32 rounded to bfloat16
	asHalves = layout{unit: 2, unitBytes: 4} // bfloat16
	asQ8     = layout{unit: 4, unitBytes: 4, group: q8Group, groupBytes: 8}
	asQ4     = layout{unit: 8, unitBytes: 8, group: q4Group, groupBytes: 8}
)

var genericKernels = kernels{tier: Generic, initTile: initTileGo, prefetch: noPrefetch, prefetchBytes: func([]byte) {}, scale: scaleGo, products: [formCount]product{
	F32:  {name: "panelF32Go", rows: 4, blockK: 256, unit: 1, x: asF32, panel: panelF32Go, folded: foldedF32Go},
	F16:  {name: "panelF16Go", rows: 16, blockK: 256, unit: 1, x: asF32, panel: panelF16Go},
	BF16: {name: "panelBF16Go", rows: 4, blockK: 256, unit: 2, x: asPairs, convert: roundBF16Go, panel: panelBF16Go, folded: foldedBF16Go},
	Q8:   {name: "panelQ8Go", rows: 4, blockK: 1024, unit: 4, x: asQ8, convert: quantizeQ8Go, panel: panelQ8Go},
	Q4:   {name: "panelQ4Go", rows: 4, blockK: 1024, unit: 8, x: asQ4, convert: quantizeQ4Go, panel: panelQ4Go},
}}

// active is chosen once, at start: the best tier of this CPU, or the one that the environment forces. Choose may then choose between
// the ways that the tier has for some operations.
var (
	active    kernels
	activeErr error
)

func init() { active, activeErr = choose(os.Getenv(TierVariable)) }

func choose(forced string) (kernels, error) {
	have := supported()
	if forced == "" {
		return have[0], nil
	}
	decide()
	words := strings.Split(forced, ",")
	i := slices.IndexFunc(have, func(k kernels) bool { return string(k.tier) == words[0] })
	if i < 0 {
		return have[0], fmt.Errorf("%s=%s: this CPU can do %s", TierVariable, forced, joined(have, func(k kernels) string { return string(k.tier) }))
	}
	ways, err := have[i].parseWays(words[1:])
	if err != nil {
		return have[i], fmt.Errorf("%s=%s: %w", TierVariable, forced, err)
	}
	return have[i].taken(ways), nil
}

// ActiveTier is the tier in use. The error says that the environment asks for kernels that this CPU lacks.
func ActiveTier() (Tier, error) {
	decision.Lock() // so that it can be asked while Choose measures
	defer decision.Unlock()
	return active.tier, activeErr
}
