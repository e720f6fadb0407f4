package score

import (
	"math"
	"slices"
	"strings"
)

// people is how many are asked a question of TextVQA, and of most others.
const people = 10

// agreeing is how many other people have to have said an answer for it to be right.
const agreeing = 3

// consensus leaves each person out in turn, and counts how many of the others have said the answer: the mean of min(count/3, 1). With
// ten people, n of whom said it, that is min(0.3·n, 1).
func consensus(answer string, said []string) float64 {
	same := 0
	for _, s := range said {
		if s == answer {
			same++
		}
	}
	each := make([]float64, len(said))
	for i, s := range said {
		others := same
		if s == answer {
			others--
		}
		each[i] = math.Min(1, float64(others)/agreeing)
	}
	return mean(each)
}

func mapped(texts []string, f func(string) string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = f(t)
	}
	return out
}

// vqaOfficial follows PythonEvaluationTools/vqaEvaluation/vqaEval.py of https://github.com/GT-Vision-Lab/VQA at a013f00: nothing is normalised
// where all people have said the same.
func vqaOfficial(answer string, right []string) (float64, string, []string) {
	answer, right = flatten(answer), mapped(right, flatten)
	if len(once(right)) > 1 {
		answer, right = normaliseVQA(answer), mapped(right, normaliseVQA)
	}
	return consensus(answer, right), answer, once(right)
}

// vqaLMMs follows lmms_eval/tasks/vqav2/utils.py of https://github.com/EvolvingLMMs-Lab/lmms-eval at 75571cf: the prediction is always
// normalised, as TextVQA does it, the answers where they are not all the same.
func vqaLMMs(answer string, right []string) (float64, string, []string) {
	answer, right = normaliseEvalAI(answer), mapped(right, flatten)
	if len(once(right)) > 1 {
		answer, right = again(answer), mapped(right, again)
	}
	return consensus(answer, right), answer, once(right)
}

// vqaBothSides follows mmf/utils/m4c_evaluators.py of https://github.com/facebookresearch/mmf at b0ffc7f.
func vqaBothSides(answer string, right []string) (float64, string, []string) {
	answer, right = normaliseEvalAI(answer), mapped(right, normaliseEvalAI)
	return consensus(answer, right), answer, once(right)
}

// vizwizOfficial follows vqaEval.py of VizWiz's API: the prediction is normalised, the answers are as people have given them.
func vizwizOfficial(answer string, right []string) (float64, string, []string) {
	answer = normaliseVizWiz(answer)
	return consensus(answer, right), answer, once(right)
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// equal follows eval.py of GQA.
func equal(answer string, right []string) (float64, string, []string) {
	return oneIf(slices.Contains(right, answer)), answer, once(right)
}

// equalAsLLaVA follows scripts/convert_gqa_for_eval.py of https://github.com/haotian-liu/LLaVA, and then eval.py.
func equalAsLLaVA(answer string, right []string) (float64, string, []string) {
	return equal(lower(strings.TrimRight(answer, ".")), right)
}

// equalAsLMMs is the metric exact_match of lmms-eval with ignore_case and ignore_punctuation.
func equalAsLMMs(answer string, right []string) (float64, string, []string) {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
				return -1
			}
			return r
		}, lower(s))
	}
	return equal(plain(answer), mapped(right, plain))
}

// anyOf is for benchmarks without a script of their own: one of the right answers, when both are normalised as VQA does it.
func anyOf(answer string, right []string) (float64, string, []string) {
	plain := func(s string) string { return normaliseVQA(flatten(s)) }
	return equal(plain(answer), mapped(right, plain))
}
