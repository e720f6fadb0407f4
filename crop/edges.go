package crop

import "math"

// reach is how much nfnt/resize's filter weighs for an output pixel before its line of pixels, in it, and after it. Outside the line
// nfnt/resize takes the outermost pixel again for each place; Pillow leaves those places out and divides by the weights that remain.
type reach struct{ before, inside, after float64 }

func (r reach) outside() bool { return r.before != 0 || r.after != 0 }

// drop is the output pixel v, of 16 bits, without the places outside, for which the first and the last pixel of the line stood.
func (r reach) drop(v, first, last int32) int32 {
	all := r.before + r.inside + r.after
	kept := (all*float64(v) - r.before*float64(first) - r.after*float64(last)) / r.inside
	switch {
	case kept <= 0:
		return 0
	case kept >= 0xffff:
		return 0xffff
	}
	return int32(kept + 0.5)
}

// reachOf is that of output pixel i of n, of a line of length pixels.
func reachOf(i, n, length int) (r reach) {
	scale := float64(length) / float64(n)
	taps := 4 * int(math.Max(math.Ceil(scale), 1))
	centre := scale*(float64(i)+0.5) - 0.5
	start := int(centre) - taps/2 + 1
	if start >= 0 && start+taps <= length {
		return reach{inside: 1}
	}
	for k := start; k < start+taps; k++ {
		switch w := keys(math.Abs(centre-float64(k)) / math.Max(scale, 1)); {
		case k < 0:
			r.before += w
		case k >= length:
			r.after += w
		default:
			r.inside += w
		}
	}
	return r
}

// keys is the cubic convolution kernel with a = -0.5 (R. Keys, 1981), for x of 0 or more, rounded as nfnt/resize's own.
func keys(x float64) float64 {
	switch {
	case x < 1:
		return x*x*(1.5*x-2.5) + 1
	case x < 2:
		return x*(x*(2.5-0.5*x)-4) + 2
	}
	return 0
}
