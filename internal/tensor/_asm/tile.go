package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// initTile writes what a tile starts from.
func initTile(i isa) {
	name := "initTile" + i.name
	TEXT(name, NOSPLIT, "func(rows int, c *float32, ldc int, bias *float32, add bool)")
	Doc(fmt.Sprintf("%s sets rows rows of %d floats of C to bias, or adds bias to them.", name, panelWidth))
	rows, c, ldc := Load(Param("rows"), GP64()), Load(Param("c"), GP64()), Load(Param("ldc"), GP64())
	bias, add := Load(Param("bias"), GP64()), GP8()
	Load(Param("add"), add)
	SHLQ(Imm(2), ldc)
	vectors := panelWidth / i.lanes
	b := takeTurns(i, vectors)
	for v := range b {
		VMOVUPS(Mem{Base: bias, Disp: 4 * i.lanes * v}, b[v])
	}
	TESTB(add, add)
	JNZ(LabelRef("add"))
	Label("set")
	for v := range b {
		VMOVUPS(b[v], Mem{Base: c, Disp: 4 * i.lanes * v})
	}
	ADDQ(ldc, c)
	DECQ(rows)
	JNZ(LabelRef("set"))
	VZEROUPPER()
	RET()
	Label("add")
	for v := range b {
		sum := i.vector()
		VADDPS(Mem{Base: c, Disp: 4 * i.lanes * v}, b[v], sum)
		VMOVUPS(sum, Mem{Base: c, Disp: 4 * i.lanes * v})
	}
	ADDQ(ldc, c)
	DECQ(rows)
	JNZ(LabelRef("add"))
	VZEROUPPER()
	RET()
}

// prefetch writes the call for a tile that is not yet in the cache.
func prefetch() {
	TEXT("prefetchTile", NOSPLIT, "func(rows int, c *float32, ldc int)")
	Doc(fmt.Sprintf("prefetchTile asks for rows rows of %d floats of C to be brought near.", panelWidth))
	rows, c, ldc := Load(Param("rows"), GP64()), Load(Param("c"), GP64()), Load(Param("ldc"), GP64())
	SHLQ(Imm(2), ldc)
	Label("loop")
	PREFETCHT0(Mem{Base: c})
	PREFETCHT0(Mem{Base: c, Disp: 64})
	ADDQ(ldc, c)
	DECQ(rows)
	JNZ(LabelRef("loop"))
	RET()
}

// prefetchLines writes the call for memory that is needed soon.
func prefetchLines() {
	TEXT("prefetchLines", NOSPLIT, "func(n int, x *byte)")
	Doc("prefetchLines asks for n cache lines, one or more, to be brought near.")
	n, x := Load(Param("n"), GP64()), Load(Param("x"), GP64())
	Label("loop")
	PREFETCHT0(Mem{Base: x})
	ADDQ(Imm(64), x)
	DECQ(n)
	JNZ(LabelRef("loop"))
	RET()
}
