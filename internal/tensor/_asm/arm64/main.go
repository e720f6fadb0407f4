// Command arm64 writes the NEON kernels of package tensor. It is run by go generate two folders above.
package main

import (
	"flag"
	"log"
	"path/filepath"
)

func main() {
	folder := flag.String("folder", ".", "where the package is")
	flag.Parse()
	for _, to := range []struct {
		write       func(f *file)
		text, stubs string
	}{{products, "kernels_arm64.s", "kernels_arm64.go"}, {rowKernels, "rowkernels_arm64.s", "rowkernels_stubs_arm64.go"}} {
		f := newFile()
		to.write(f)
		if err := f.write(filepath.Join(*folder, to.text), filepath.Join(*folder, to.stubs)); err != nil {
			log.Fatal(err)
		}
	}
}

func products(f *file) {
	f.floatPanel("narrow", f32, narrowRows, 4)
	for _, form := range []floatForm{f32, f16, bf16} {
		f.floatPanel("wide", form, wideRows, 8)
	}
	f.unpack(f16)
	f.unpack(bf16)
	f.intPanel("narrow", signed, narrowRows, 4)
	f.intPanel("wide", q8, wideRows, 8)
	f.intPanel("wide", q4, wideRows, 8)
	f.intPanelNEON("narrow", signed, narrowRowsNEON, 4)
	f.intPanelNEON("wide", q8, wideRowsNEON, 8)
	f.intPanelNEON("wide", q4, wideRowsNEON, 8)
	f.intPanelPairs()
	f.unpackQ8Pairs()
	f.unpackQ4Pairs()
	f.unpackQ8()
	f.unpackQ4()
	f.quantize()
	f.roundBF16()
	f.initTile()
	f.prefetch()
	f.peak("FMLA", func(k *kernel, sum, x vec) { k.fmlaElement(sum, x, x, 0) })
	f.peak("DotProd", func(k *kernel, sum, x vec) { k.sdotElement(sum, x, x, 0) })
	f.peak("I8MM", func(k *kernel, sum, x vec) { k.smmla(sum, x, x) })
	f.peakSMLAL()
	f.readLoop()
}
