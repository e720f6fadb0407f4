package main

import "fmt"

// doubled is how many instructions stand for one that package tensor counts.
const doubled = 2

// chains is enough independent sums to keep four multiply-add units of latency four busy, less than there are registers.
const chains = 12 * doubled

// peak writes a loop on registers alone: the most that any product can reach.
func (f *file) peak(name string, multiply func(k *kernel, sum, x vec)) {
	f.function("peak"+name, "n int", "", fmt.Sprintf("does n times %d multiplications and additions of one vector, on registers alone.", chains), func(k *kernel) {
		n, sums, x := k.parameter("n"), k.vectors(chains), k.vec()
		for _, v := range append(sums, x) {
			k.zero(v)
		}
		k.label("loop")
		for _, s := range sums {
			multiply(k, s, x)
		}
		k.ins("SUBS $1, %s", n)
		k.ins("BNE loop")
		k.ret()
	})
}

// peakSMLAL writes the loop of the three instructions that two products of 8 bytes and their sums take.
func (f *file) peakSMLAL() {
	f.function("peakSMLAL", "n int", "", fmt.Sprintf("does n times %d sums of two products of one vector, on registers alone.", chains), func(k *kernel) {
		n, sums, product, x := k.parameter("n"), k.vectors(chains), k.vectors(4), k.vec()
		for _, v := range append(sums, x) {
			k.zero(v)
		}
		k.label("loop")
		for i, s := range sums {
			k.smull(product[i%4], x, x)
			k.smlal(product[i%4], x, x)
			k.sadalp(s, product[i%4])
		}
		k.ins("SUBS $1, %s", n)
		k.ins("BNE loop")
		k.ret()
	})
}

// readLoop writes the reading of memory as fast as it comes.
func (f *file) readLoop() {
	f.function("readNEON", "n int, x *byte", "", "loads n bytes, a multiple of 512.", func(k *kernel) {
		n, x, v := k.parameter("n"), k.parameter("x"), k.vectors(2)
		k.label("loop")
		for by := 0; by < 512; by += 32 {
			k.loadTwo(v[0], v[1], x, by)
		}
		k.ins("ADD $512, %s", x)
		k.ins("SUBS $512, %s", n)
		k.ins("BNE loop")
		k.ret()
	})
}
