package score

import (
	"math"
	"math/rand/v2"
	"slices"
)

// How an interval is found.
const (
	resamples     = 10_000        // where the draws allow it
	leastSamples  = 1_000         // whatever the draws
	mostDraws     = 100_000_000   // less than a second
	tail          = 0.025         // on each side of 95 %
	bootstrapSalt = 0x6d636c6c617 // second half of the generator's seed
)

// Interval is the 95 % percentile bootstrap interval of a mean. The items are resampled, 10,000 times up to 10,000 items, and fewer times
// beyond, but at least 1,000. The same scores and seed give the same interval on every machine. Without a score it is 0, 0.
//
// Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13.
func Interval(scores []float64, seed uint64) (low, high float64) {
	return percentiles(scores, nil, seed)
}

// GroupedInterval is Interval for items of which several belong together, such as the questions about one picture: whole groups are
// resampled, each with all its items, and the mean is over the items that come. An empty group is the item's own. groups has one name an item.
func GroupedInterval(scores []float64, groups []string, seed uint64) (low, high float64) {
	sums, counts := grouped(scores, groups)
	return percentiles(sums, counts, seed)
}

// ShareInterval is GroupedInterval for scores from 0 to 1, also where resampling says nothing: where all are 0, or all are 1, it is Wilson's
// interval over the groups, and of a single group with other scores, of which nothing is known, 0 to 1.
func ShareInterval(scores []float64, groups []string, seed uint64) (low, high float64) {
	sums, counts := grouped(scores, groups)
	if n := len(sums); n > 0 {
		switch total := sum(scores); {
		case total == 0:
			return Wilson(0, n)
		case total == float64(len(scores)):
			return Wilson(n, n)
		case n == 1:
			return 0, 1
		}
	}
	return percentiles(sums, counts, seed)
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}

// Difference is how much better b is than a on the same items, and the interval of that: the items are resampled in pairs, or in groups
// as for GroupedInterval if groups is not nil. Of a single one nothing is known, and the interval is -1 to 1. It panics unless a, b and groups are of one length.
func Difference(a, b []float64, groups []string, seed uint64) (difference, low, high float64) {
	if len(a) != len(b) || groups != nil && len(groups) != len(a) {
		panic("score: scores of different items")
	}
	each := make([]float64, len(a))
	for i := range a {
		each[i] = b[i] - a[i]
	}
	if groups == nil {
		groups = make([]string, len(each)) // each item is its own group
	}
	if sums, _ := grouped(each, groups); len(sums) == 1 {
		return mean(each), -1, 1
	}
	low, high = GroupedInterval(each, groups, seed)
	return mean(each), low, high
}

// grouped is the sum of each group's scores and how many they are.
func grouped(scores []float64, groups []string) (sums, counts []float64) {
	places := map[string]int{}
	for i, s := range scores {
		at, ok := places[groups[i]]
		if !ok || groups[i] == "" {
			at = len(sums)
			places[groups[i]] = at
			sums, counts = append(sums, 0), append(counts, 0)
		}
		sums[at] += s
		counts[at]++
	}
	return sums, counts
}

// percentiles resamples sums, each over as many items as counts says; nil for one each.
func percentiles(sums, counts []float64, seed uint64) (low, high float64) {
	n := len(sums)
	if n == 0 {
		return 0, 0
	}
	all := make([]float64, min(resamples, max(leastSamples, mostDraws/n)))
	draw := rand.NewPCG(seed, bootstrapSalt)
	for i := range all {
		sum, count := 0.0, float64(n)
		if counts != nil {
			count = 0
		}
		var bits uint64
		for j := range n {
			if bits >>= 32; j%2 == 0 {
				bits = draw.Uint64()
			}
			at := bits & math.MaxUint32 * uint64(n) >> 32 // no item is likelier than another by more than n in 2³²
			sum += sums[at]
			if counts != nil {
				count += counts[at]
			}
		}
		all[i] = sum / count
	}
	slices.Sort(all)
	return quantile(all, tail), quantile(all, 1-tail)
}

// quantile is linear between the sorted values, as numpy's default.
func quantile(sorted []float64, q float64) float64 {
	at, part := math.Modf(q * float64(len(sorted)-1))
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	step := (sorted[i+1] - sorted[i]) * part
	return sorted[i] + float64(step) // the conversion keeps the product from being fused with the sum, which not every machine does
}

// Normal95 is the 97.5 % quantile of the standard normal distribution.
const Normal95 = 1.959963984540054

// Wilson is the 95 % interval of a share, hits of n, by the score method of Wilson (1927), and 0 to 1 where n is 0.
func Wilson(hits, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	share, of, z2 := float64(hits)/float64(n), float64(n), Normal95*Normal95
	middle := (share + z2/(2*of)) / (1 + z2/of)
	half := Normal95 / (1 + z2/of) * math.Sqrt(share*(1-share)/of+z2/(4*of*of))
	return max(0, middle-half), min(1, middle+half)
}

// McNemar is the two-sided p-value of McNemar's exact test: how likely it is that two models that are equally often right differ on
// items at least as one-sidedly, when one alone is right on onlyA items and the other alone on onlyB. It is twice the smaller tail of the
// binomial distribution with p = 1/2, and at most 1, for counts of any size; there is no continuity correction and no mid-p.
func McNemar(onlyA, onlyB int) float64 {
	n, k := onlyA+onlyB, min(onlyA, onlyB)
	if n == 0 {
		return 1
	}
	// Terms fall from k down, and each is the former times (i / (n-i+1)).
	logChoose := func(n, k int) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return a - b - c
	}
	sum, term := 0.0, 1.0
	for i := k; i >= 0 && term > 1e-18*sum; i-- {
		sum += term
		term *= float64(i) / float64(n-i+1)
	}
	return math.Min(1, 2*sum*math.Exp(logChoose(n, k)-float64(n)*math.Ln2))
}
