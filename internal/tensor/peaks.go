package tensor

import (
	"sync/atomic"
	"time"
)

// registerLoop is the arithmetic of a product's kernel without its loads and stores: what the kernel would reach if memory
// were free.
type registerLoop struct {
	instruction string
	lanes       float64 // multiplications of one instruction; each has an addition
	run         func(n int)
}

// registerChains is the number of instructions in one step of a register loop.
const registerChains = 12

// Instruction names what products in a form multiply with on the active tier, such as "VPDPBUSD"; "" if no loop of it on
// registers alone is known.
func Instruction(f Form) string { return registerLoops[active.products[f].name].instruction }

// RegisterRate runs the instruction that products in a form multiply with on registers alone, on all workers for about d, and
// returns the operations a second, a multiplication and an addition counting as two. It is 0 if there is no such loop.
func RegisterRate(p *Pool, f Form, d time.Duration) float64 {
	const steps = 20_000 // some 30 µs
	loop := registerLoops[active.products[f].name]
	if loop.run == nil {
		return 0
	}
	var done atomic.Int64
	start := time.Now()
	p.Run(p.Threads(), func(_, _ int) {
		for time.Since(start) < d {
			loop.run(steps)
			done.Add(steps)
		}
	})
	return 2 * loop.lanes * registerChains * float64(done.Load()) / time.Since(start).Seconds()
}

// ReadRate reads memory once from beginning to end on all workers and returns the bytes a second; 0 if the active tier has no
// loop for it. Memory larger than the caches, and written before, comes from where weights come from.
func ReadRate(p *Pool, memory []byte) float64 {
	const run = 512       // bytes that the loop reads at a time
	const piece = 1 << 20 // bytes a task
	loop := readLoops[active.tier]
	memory = memory[:len(memory)/run*run]
	if loop == nil || len(memory) == 0 {
		return 0
	}
	start := time.Now()
	p.Run((len(memory)+piece-1)/piece, func(_, i int) {
		part := memory[i*piece : min((i+1)*piece, len(memory))]
		loop(len(part), &part[0])
	})
	return float64(len(memory)) / time.Since(start).Seconds()
}
