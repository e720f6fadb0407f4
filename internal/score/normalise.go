package score

import (
	"strings"
	"unicode/utf8"
)

// marks are the punctuation that goes, in the order in which the scripts take it.
const marks = ";/[]\"{}()=+\\_-><@`,?!"

// mostStops is how many full stops are deleted. The scripts pass re.UNICODE, which is 32, where the count belongs.
const mostStops = 32

// flatten has spaces for newlines and tabs, and no white space around it.
func flatten(s string) string { return strip(unbroken.Replace(s)) }

var (
	unbroken = strings.NewReplacer("\n", " ", "\t", " ")
	unmarked = strings.NewReplacer(",", "", "?", "")
)

// punctuation is processPunctuation of VQA's script. A mark goes without a trace if it stands next to a space anywhere in s, or if s has a
// comma between digits; otherwise a space takes its place. Then full stops go that no digit follows.
func punctuation(s string, thousands func(string) bool) string {
	if !strings.ContainsAny(s, marks) {
		return stops(s)
	}
	comma := thousands(s)
	out := s
	for _, m := range marks {
		mark := string(m)
		switch {
		case !strings.Contains(s, mark):
		case comma, strings.Contains(s, mark+" "), strings.Contains(s, " "+mark):
			out = strings.ReplaceAll(out, mark, "")
		default:
			out = strings.ReplaceAll(out, mark, " ")
		}
	}
	return stops(out)
}

func stops(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	var out strings.Builder
	for i, left := 0, mostStops; i < len(s); i++ {
		if s[i] == '.' && left > 0 {
			if next, _ := utf8.DecodeRuneInString(s[i+1:]); !digit(next) {
				left--
				continue
			}
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// oneComma finds digit, comma, digit.
func oneComma(s string) bool { return commas(s, 1) }

// someCommas finds digits with any number of commas between them.
func someCommas(s string) bool { return commas(s, len(s)) }

func commas(s string, most int) bool {
	after, run := false, 0
	for _, r := range s {
		switch {
		case r == ',':
			run++
		case digit(r):
			if after && run > 0 && run <= most {
				return true
			}
			after, run = true, 0
		default:
			after, run = false, 0
		}
	}
	return false
}

var numbers = map[string]string{
	"none": "0", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
	"six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
}

// words is processDigitArticle of VQA's script: lower case, numbers up to ten in digits, no articles, contractions with their apostrophe.
func words(s string, table map[string]string) string {
	var out []string
	for _, word := range fields(lower(s)) {
		if n, ok := numbers[word]; ok {
			word = n
		}
		switch word {
		case "a", "an", "the":
			continue
		}
		if full, ok := table[word]; ok {
			word = full
		}
		out = append(out, word)
	}
	return strings.Join(out, " ")
}

// normaliseVQA is what VQA's script does to a flattened answer.
func normaliseVQA(s string) string { return words(punctuation(s, oneComma), contractions()) }

// normaliseVizWiz is what VizWiz's script does to a prediction.
func normaliseVizWiz(s string) string {
	return words(punctuation(flatten(s), oneComma), typographic())
}

// normaliseEvalAI is MMF's EvalAIAnswerProcessor, which TextVQA and lmms-eval use.
func normaliseEvalAI(s string) string {
	s = strip(strings.ReplaceAll(unmarked.Replace(lower(s)), "'s", " 's"))
	return again(flatten(s))
}

// again is the part of normaliseEvalAI that lmms-eval does to answers of VQA v2.0, and once more to predictions.
func again(s string) string { return words(punctuation(s, someCommas), contractions()) }
