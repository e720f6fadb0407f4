package score

import (
	"math"
	"strings"
)

// leastSimilar is the similarity below which an answer is wrong.
const leastSimilar = 0.5

// anls is the similarity of an answer to the most similar right one: 1 less the edit distance over the greater length. Case and the kind
// of white space are of no matter to the distance; the lengths are those of the texts as given, in upper case. As lmms_eval/api/metrics.py
// of https://github.com/EvolvingLMMs-Lab/lmms-eval at 75571cf.
func anls(answer string, right []string) (float64, string, []string) {
	plain := func(s string) string { return strings.Join(fields(lower(strip(s))), " ") }
	said, with := plain(answer), mapped(right, plain)
	least := math.Inf(1)
	for i, r := range right {
		far := 0.0
		if length := max(upperLen(r), upperLen(answer)); length > 0 {
			a, b := []rune(with[i]), []rune(said)
			if far = 1; 2*max(len(a)-len(b), len(b)-len(a)) <= length { // else they are too unlike whatever stands in them
				far = float64(Distance(a, b)) / float64(length)
			}
		}
		least = min(least, far)
	}
	value := 1 - least
	if value < leastSimilar {
		value = 0
	}
	return value, said, once(with)
}

// Distance is Levenshtein's: the fewest insertions, deletions and replacements that make b of a.
func Distance(a, b []rune) int {
	row := make([]int, len(a)+1)
	for i := range row {
		row[i] = i
	}
	for j, y := range b {
		diagonal := row[0]
		row[0] = j + 1
		for i, x := range a {
			cost := 1 + min(diagonal, row[i], row[i+1])
			if x == y {
				cost = diagonal
			}
			diagonal, row[i+1] = row[i+1], cost
		}
	}
	return row[len(a)]
}
