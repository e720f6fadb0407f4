package sweep

import (
	"strings"
	"unicode"
)

// Says tells whether an answer says a text: the words of the text are among those of the answer, one behind the other. A word is letters
// and digits in a row, in any case; what stands between words is of no matter.
func Says(answer, text string) bool {
	said, wanted := words(answer), words(text)
	for i := 0; len(wanted) > 0 && i+len(wanted) <= len(said); i++ {
		all := true
		for j, w := range wanted {
			all = all && strings.EqualFold(said[i+j], w)
		}
		if all {
			return true
		}
	}
	return false
}

func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) })
}
