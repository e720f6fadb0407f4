package score

import (
	"math"
	"strings"
)

// tolerance is how far a number may be from the right one, as a part of it.
const tolerance = 0.05

// relaxed is right within 5 % of a number; what is no number, or has to be 0, has to be equal but for case. As lmms_eval/tasks/chartqa/utils.py of
// https://github.com/EvolvingLMMs-Lab/lmms-eval at 75571cf, which has it from Pix2Struct.
func relaxed(answer string, right []string) (float64, string, []string) {
	value := 0.0
	for _, r := range right {
		if tolerates(answer, r) {
			value = 1
		}
	}
	return value, lower(answer), once(mapped(right, lower))
}

func tolerates(answer, right string) bool {
	a, isNumber := fraction(answer)
	r, ok := fraction(right)
	if isNumber && ok && r != 0 {
		return math.Abs(a-r)/math.Abs(r) <= tolerance
	}
	return lower(answer) == lower(right)
}

// fraction is the number that a text is, in which a percentage is a hundredth.
func fraction(s string) (float64, bool) {
	if !strings.HasSuffix(s, "%") {
		return float(s)
	}
	f, ok := float(strings.TrimRight(s, "%"))
	return f / 100, ok
}
