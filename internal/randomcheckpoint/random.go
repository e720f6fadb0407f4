package main

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"runtime"
	"sync"

	"github.com/mcllava/mcllava/internal/safetensors"
)

// generator makes the data of F16 tensors, the same for a seed and a name
// whatever was made before.
type generator struct {
	seed   uint64
	of     map[string]normal
	tables map[normal]*[1 << 16]uint16
	buffer []byte
}

// run is the number of values that one stream of random numbers fills.
const run = 1 << 16

// data fills the generator's one buffer; it is valid until the next call.
func (g *generator) data(t safetensors.Tensor) ([]byte, error) {
	n := t.Elements()
	if cap(g.buffer) < 2*n {
		g.buffer = make([]byte, 2*n)
	}
	b := g.buffer[:2*n]
	table := g.table(g.of[t.Name])
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(t.Name))
	first := mix(hash.Sum64() ^ mix(g.seed))

	runs := (n + run - 1) / run
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() {
			for r := w; r < runs; r += workers {
				fill(b[2*r*run:min(2*(r+1)*run, 2*n)], table, mix(first+uint64(r)))
			}
		})
	}
	group.Wait()
	return b, nil
}

// fill draws from table, four values of each random number.
func fill(b []byte, table *[1 << 16]uint16, state uint64) {
	for len(b) >= 8 {
		state += golden
		x := mix(state)
		binary.LittleEndian.PutUint64(b, uint64(table[uint16(x)])|uint64(table[uint16(x>>16)])<<16|
			uint64(table[uint16(x>>32)])<<32|uint64(table[uint16(x>>48)])<<48)
		b = b[8:]
	}
	x := mix(state + golden)
	for ; len(b) > 0; b = b[2:] {
		binary.LittleEndian.PutUint16(b, table[uint16(x)])
		x >>= 16
	}
}

// golden and mix are SplitMix64's step and output function.
const golden = 0x9e3779b97f4a7c15

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// table holds a distribution's quantiles as halves.
func (g *generator) table(n normal) *[1 << 16]uint16 {
	if t := g.tables[n]; t != nil {
		return t
	}
	t := new([1 << 16]uint16)
	for i := range t {
		p := (float64(i) + 0.5) / float64(len(t))
		t[i] = half(n.mean + n.deviation*math.Sqrt2*math.Erfinv(2*p-1))
	}
	g.tables[n] = t
	return t
}

// half rounds v, well within the range of a half, to the nearest one, ties to
// even.
func half(v float64) uint16 {
	var sign uint16
	if math.Signbit(v) {
		sign = 0x8000
	}
	v = math.Abs(v)
	exponent := max(math.Ilogb(v), -14)
	steps := int(math.RoundToEven(math.Ldexp(v, 10-exponent))) // 1024 to 2048, fewer if subnormal
	return sign | uint16((exponent+14)<<10+steps)
}
