package crop

// partial is an output pixel of a filter whose line comes in pieces, or a row of such pixels. Its sums have 64 bits, and no table is
// as long as its taps.
type partial struct {
	kernel     kernel
	i          int // its place among the outputs
	start, end int // the pixels that count; the first may lie before the line
	centre     float64
	reach      reach

	before, inside, after int64 // sums of weights, of the pixels in the line of those that have come
}

// newPartial is output i of n of a line of length pixels.
func newPartial(k kernel, i, n, length int) partial {
	p := partial{kernel: k, i: i, reach: reachOf(i, n, length)}
	p.start, p.centre = k.first(i)
	for t := range -p.start {
		p.before += int64(k.weight(t, p.centre))
	}
	for t := max(length-p.start, 0); t < k.taps; t++ {
		p.after += int64(k.weight(t, p.centre))
	}
	p.end = min(p.start+k.taps, length)
	return p
}

// weigh writes the weights of the pixels from one on, which have come.
func (p *partial) weigh(weights []pair, pixel int) {
	for i := range weights {
		weights[i] = 0
		if at := pixel + i; at >= p.start && at < p.end {
			weights[i] = p.kernel.weight(at-p.start, p.centre)
			p.inside += int64(weights[i])
		}
	}
}

// pixel is that of the weighted sum in the line, and of the first and the last pixel of the line.
func (p *partial) pixel(sum int64, first, last uint8) uint8 {
	sum += p.before*int64(first) + p.after*int64(last)
	v := int32(min(max(257*sum, 0)/(p.before+p.inside+p.after), 0xffff))
	if p.reach.outside() {
		v = p.reach.drop(v, 257*int32(first), 257*int32(last))
	}
	return uint8(to8(v))
}

// carryAfter is how many pixels a sum of 32 bits is sure to hold, of a weight of at most 65536 and values of at most 255.
const carryAfter = 128
