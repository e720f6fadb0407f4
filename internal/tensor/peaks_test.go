package tensor

import (
	"testing"
	"time"
)

func TestEveryKernelHasARegisterLoop(t *testing.T) {
	for _, k := range supported() {
		for f, product := range k.products {
			if loop := registerLoops[product.name]; (loop.run != nil) != (k.tier != Generic) {
				t.Errorf("%s, %s: register loop of %s is %q", k.tier, Form(f), product.name, loop.instruction)
			}
		}
		if (readLoops[k.tier] != nil) != (k.tier != Generic) {
			t.Errorf("%s: a loop that reads memory: %v", k.tier, readLoops[k.tier] != nil)
		}
	}
}

// onEachTier runs the test once on every tier of this CPU.
func onEachTier(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	chosen := active
	defer func() { active = chosen }()
	for _, k := range supported() {
		active = k
		t.Run(string(k.tier), test)
	}
}

func TestRatesAreOfThisCentury(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	memory := make([]byte, 3<<20+700)
	onEachTier(t, func(t *testing.T) {
		for f := range formCount {
			rate := RegisterRate(p, f, 2*time.Millisecond)
			if known := Instruction(f) != ""; !known && rate != 0 || known && !(rate > 1e8 && rate < 1e15) {
				t.Errorf("%s: %v operations a second of %q", f, rate, Instruction(f))
			}
		}
		rate := ReadRate(p, memory)
		if known := readLoops[active.tier] != nil; !known && rate != 0 || known && !(rate > 1e7 && rate < 1e15) {
			t.Errorf("%v bytes a second", rate)
		}
		if rate := ReadRate(p, memory[:511]); rate != 0 {
			t.Errorf("%v bytes a second of less than a run", rate)
		}
	})
}
