package tensor

import (
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// requireVariable names the tiers that a test run must cover, separated by commas; a CPU that lacks one fails the run. The tests of
// other packages have names of their own in it.
const requireVariable = "MCLLAVA_TEST_REQUIRE"

func TestRequiredTiers(t *testing.T) {
	for _, name := range strings.FieldsFunc(os.Getenv(requireVariable), func(r rune) bool { return r == ',' }) {
		if name == "browser" {
			continue
		}
		if !slices.ContainsFunc(supported(), func(k kernels) bool { return string(k.tier) == name }) {
			t.Errorf("%s asks for %s, which this CPU lacks", requireVariable, name)
		}
	}
}

// otherWays are the tiers of this CPU with one of their choices other than the first.
func otherWays() (all []kernels) {
	for _, k := range supported() {
		for _, c := range k.choices {
			for _, w := range c.ways[1:] {
				all = append(all, k.taken(map[string]string{c.name: w.name}))
			}
		}
	}
	return all
}

// eachTier runs the test once on every tier of this CPU, with each way that it has, and fails if it never reached the tier's panel kernel.
func eachTier(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	chosen := active
	defer func() { active = chosen }()
	for _, k := range append(append(supported(), variants()...), otherWays()...) {
		t.Run(k.String(), func(t *testing.T) {
			var calls atomic.Int64
			active = k
			for f := range active.products {
				kernel := k.products[f].panel
				active.products[f].panel = func(rows, n int, a []byte, lda int, b []byte, c []float32, ldc int) {
					calls.Add(1)
					kernel(rows, n, a, lda, b, c, ldc)
				}
				if several := k.products[f].panels; several != nil {
					active.products[f].panels = func(rows, n, count int, a []byte, lda int, b []byte, c []float32, ldc int) {
						calls.Add(1)
						several(rows, n, count, a, lda, b, c, ldc)
					}
				}
			}
			test(t)
			if calls.Load() == 0 {
				t.Errorf("no panel kernel of the %s tier was called", k.tier)
			}
		})
	}
}

func TestForcedTier(t *testing.T) {
	for _, k := range supported() {
		if got, err := choose(string(k.tier)); err != nil || got.tier != k.tier {
			t.Errorf("forcing %s gives %s, %v", k.tier, got.tier, err)
		}
	}
	got, err := choose("sse9")
	if err == nil || !strings.Contains(err.Error(), "sse9") || got.tier != supported()[0].tier {
		t.Errorf("forcing sse9 gives %s, %v", got.tier, err)
	}
}
