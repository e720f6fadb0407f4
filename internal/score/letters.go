package score

import (
	"slices"
	"strings"
)

// refusals are answers that VLMEvalKit takes for none, whatever else is in them.
var refusals = []string{
	"Failed to obtain answer via API", "Sorry, I can't help with images of people yet.", "I can't process this file.",
	"I'm sorry, but without the image provided", "Cannot determine the answer",
}

// none is the letter of no option.
const none = "Z"

// lastWords is how many words at the end of an answer may be its letter.
const lastWords = 4

// inferred is the option that a text chooses; -1 for none. It is the one whose letter is a word of the text, if no other's is, among its
// last words; otherwise the only one whose own text is in it, if that is not much longer than all options. As can_infer of vlmeval/utils/matching_util.py of
// https://github.com/open-compass/VLMEvalKit at e8e78f0, without a judge for what is left.
func inferred(text string, letters, options []string) int {
	if slices.ContainsFunc(refusals, func(r string) bool { return strings.Contains(text, r) }) {
		return -1
	}
	all := fields(strings.Map(func(r rune) rune {
		if strings.ContainsRune(".()[],:;!*#{}", r) {
			return ' '
		}
		return r
	}, text))
	if i, found := asWord(all, letters); i >= 0 {
		return i
	} else if !found && slices.Contains(all, none) {
		return -1
	}
	return asText(text, options)
}

// asWord is the letter that is chosen, or -1, and whether any is among the words.
func asWord(all, letters []string) (chosen int, some bool) {
	found := -1
	for i, letter := range letters {
		if !slices.Contains(all, letter) {
			continue
		}
		if found >= 0 {
			return -1, true
		}
		found = i
	}
	if found >= 0 && slices.Index(all, letters[found]) <= len(all)-1-lastWords {
		return -1, true
	}
	return found, found >= 0
}

func asText(text string, options []string) int {
	text = lower(text)
	found, long := -1, 0
	for i, o := range options {
		long += len([]rune(o))
		if !strings.Contains(text, lower(o)) {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = i
	}
	if len([]rune(text)) > 2*long {
		return -1
	}
	return found
}

// prefixes go before MME-RealWorld's script looks for a letter. The script has two pairs of them without the comma that was to part them.
var prefixes = []string{
	"The best answer is", "The correct answer is", "The answer is", "The answer",
	"The best option isThe correct option is", "Best answer:Best option:",
}

// firstLetter is the option whose letter is the first capital from A to E in a text; -1 for none. As extract_characters_regex of
// lmms_eval/tasks/mme_realworld/utils.py of https://github.com/EvolvingLMMs-Lab/lmms-eval at 75571cf, with one difference: without a capital, a
// letter in lower case that stands alone or in brackets counts, as there, but nothing and a bare bracket are no A.
func firstLetter(text string, letters []string) int {
	text = strip(text)
	for _, p := range prefixes {
		text = strings.ReplaceAll(text, p, "")
	}
	if i := strings.IndexAny(text, "ABCDE"); i >= 0 {
		return slices.Index(letters, text[i:i+1])
	}
	switch text {
	case "", "(", ")":
		return -1
	}
	for _, letter := range []string{"A", "B", "C", "D", "E"} {
		if strings.Contains("("+strings.ToLower(letter)+")", lower(text)) {
			return slices.Index(letters, letter)
		}
	}
	return -1
}
