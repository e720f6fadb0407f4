package main

import "fmt"

// initTile writes what a tile starts from.
func (f *file) initTile() {
	f.function("initTileNEON", "rows int, c *float32, ldc int, bias *float32, add bool", "", fmt.Sprintf("sets rows rows of %d floats of C to bias, or adds bias to them.", panelWidth), func(k *kernel) {
		rows, c, ldc := k.parameter("rows"), k.parameter("c"), k.parameter("ldc")
		bias, add := k.parameter("bias"), k.parameter("add")
		k.ins("LSL $2, %s", ldc)
		b, x := k.vectors(panelWidth/4), k.vectors(2)
		for v := 0; v < len(b); v += 2 {
			k.loadTwo(b[v], b[v+1], bias, 16*v)
		}
		k.ins("CBNZ %s, add", add)
		k.label("set")
		for v := 0; v < len(b); v += 2 {
			k.storeTwo(b[v], b[v+1], c, 16*v)
		}
		k.ins("ADD %s, %s", ldc, c)
		k.ins("SUBS $1, %s", rows)
		k.ins("BNE set")
		k.ret()
		k.label("add")
		for v := 0; v < len(b); v += 2 {
			k.loadTwo(x[0], x[1], c, 16*v)
			k.fadd(x[0], x[0], b[v])
			k.fadd(x[1], x[1], b[v+1])
			k.storeTwo(x[0], x[1], c, 16*v)
		}
		k.ins("ADD %s, %s", ldc, c)
		k.ins("SUBS $1, %s", rows)
		k.ins("BNE add")
		k.ret()
	})
}

// prefetch writes the calls for memory that is needed soon.
func (f *file) prefetch() {
	f.function("prefetchTile", "rows int, c *float32, ldc int", "", fmt.Sprintf("asks for rows rows of %d floats of C to be brought near.", panelWidth), func(k *kernel) {
		rows, c, ldc := k.parameter("rows"), k.parameter("c"), k.parameter("ldc")
		k.ins("LSL $2, %s", ldc)
		k.label("loop")
		k.fetch(c, 0)
		k.fetch(c, 64)
		k.ins("ADD %s, %s", ldc, c)
		k.ins("SUBS $1, %s", rows)
		k.ins("BNE loop")
		k.ret()
	})
	f.function("prefetchLines", "n int, x *byte", "", "asks for n cache lines, one or more, to be brought near.", func(k *kernel) {
		n, x := k.parameter("n"), k.parameter("x")
		k.label("loop")
		k.fetch(x, 0)
		k.ins("ADD $64, %s", x)
		k.ins("SUBS $1, %s", n)
		k.ins("BNE loop")
		k.ret()
	})
}
