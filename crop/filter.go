package crop

import (
	"math"
	"math/bits"
	"slices"
)

// filter is some outputs of nfnt/resize's bicubic filter along one axis, for a reduction of at most [maxReduction].
type filter struct {
	from, taps int
	start      []int    // [outputs], the pixel of each output's first tap; it may lie before the line, and the last one's behind it
	weights    []pair   // [outputs, taps], of 65536
	outputs    []output // [outputs]
}

// output is what makes an output pixel of its weighted sum.
type output struct {
	scale   uint64 // ⌈257·2⁶⁴/the sum of weights⌉
	outside bool   // that is, the reach
	reach   reach
}

// pixels are two output pixels, of the sums and of the first and the last pixels of their lines.
func (o *output) pixels(sums, first, last pair) pair {
	if o.outside {
		return o.outer(sums, first, last)
	}
	return to8(o.at16(sums.low())) | to8(o.at16(sums.high()))<<32
}

// outer are pixels where the reach is outside.
func (o *output) outer(sums, first, last pair) pair {
	low := o.reach.drop(int32(o.at16(sums.low())), 257*first.low(), 257*last.low())
	high := o.reach.drop(int32(o.at16(sums.high())), 257*first.high(), 257*last.high())
	return to8(pair(low)) | to8(pair(high))<<32
}

// at16 is the pixel of a sum at 16 bits, of which 65535 is white.
func (o *output) at16(sum int32) pair {
	v, _ := bits.Mul64(uint64(max(sum, 0)), o.scale)
	return pair(min(v, 0xffff))
}

// newFilter is outputs from ≤ i < to of the filter from length pixels to n. Its taps are a multiple of four; those that count nowhere
// are left out.
func newFilter(length, n, from, to int) *filter {
	k := newKernel(length, n)
	all := k.taps
	f := &filter{from: from, start: make([]int, to-from), outputs: make([]output, to-from)}
	weights, spared := make([]pair, (to-from)*all), all
	for i := range f.outputs {
		w := weights[i*all:][:all]
		var sum pair
		f.start[i], sum = k.weigh(w, from+i)
		o := &f.outputs[i]
		o.scale, _ = bits.Div64(257, 0, uint64(sum))
		o.scale++
		o.reach = reachOf(from+i, n, length)
		o.outside = o.reach.outside()
		spared = min(spared, idle(w))
	}
	f.taps = all - spared/4*4
	f.weights = make([]pair, 0, len(f.outputs)*f.taps)
	for i := range f.outputs {
		w := weights[i*all:][:all]
		lead := min(leading(w), all-f.taps)
		f.start[i] += lead
		f.weights = append(f.weights, w[lead:][:f.taps]...)
	}
	return f
}

func (f *filter) weightsOf(i int) []pair { return f.weights[(i-f.from)*f.taps:][:f.taps] }

func (f *filter) at(i int) *output { return &f.outputs[i-f.from] }

// first is the pixel of output i's first tap.
func (f *filter) first(i int) int { return f.start[i-f.from] }

// leading is the number of zeros that weights begin with.
func leading(weights []pair) int {
	n := slices.IndexFunc(weights, func(w pair) bool { return w != 0 })
	return max(n, 0)
}

// idle is the number of zeros that weights begin and end with.
func idle(weights []pair) int {
	lead := leading(weights)
	last := len(weights)
	for last > lead && weights[last-1] == 0 {
		last--
	}
	return lead + len(weights) - last
}

// kernel gives the weights of nfnt/resize's bicubic filter from length pixels to n (createWeights16 in its filters.go).
type kernel struct {
	ratio, narrow float64
	taps          int // of each output, a multiple of four
}

func newKernel(length, n int) kernel {
	ratio := float64(length) / float64(n)
	return kernel{ratio, math.Min(1/ratio, 1), 4 * int(math.Max(math.Ceil(ratio), 1))}
}

// first is the pixel of output i's first tap, and centre where the output lies from there.
func (k kernel) first(i int) (start int, centre float64) {
	centre = k.ratio*(float64(i)+0.5) - 0.5
	start = int(centre) - k.taps/2 + 1
	return start, centre - float64(start)
}

// weight is that of a tap, of 65536.
func (k kernel) weight(tap int, centre float64) pair {
	return pair(keys(math.Abs((centre-float64(tap))*k.narrow)) * 65536)
}

// weigh writes output i's weights, [taps], and returns the pixel of the first tap and the sum of weights.
func (k kernel) weigh(weights []pair, i int) (start int, sum pair) {
	start, centre := k.first(i)
	for t := range weights {
		weights[t] = k.weight(t, centre)
		sum += weights[t]
	}
	return start, sum
}
