package score

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// The official scripts are in Python, whose texts differ from Go's in what is white space, in the case of some letters, and in what
// is a number.

// space says what str.isspace of Python does: beside Unicode's white space, the four separators of ASCII.
func space(r rune) bool { return r >= 0x1c && r <= 0x1f || unicode.IsSpace(r) }

func strip(s string) string { return strings.TrimFunc(s, space) }

// fields is str.split without arguments.
func fields(s string) []string { return strings.FieldsFunc(s, space) }

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// lower is str.lower: İ becomes two characters, and a capital sigma at the end of a word a final one.
func lower(s string) string {
	if ascii(s) {
		return strings.ToLower(s)
	}
	all := []rune(s)
	var out strings.Builder
	for i, r := range all {
		switch {
		case r == 'İ':
			out.WriteString("i\u0307")
		case r == 'Σ' && last(all, i):
			out.WriteRune('ς')
		default:
			out.WriteRune(unicode.ToLower(r))
		}
	}
	return out.String()
}

// last says whether a letter stands behind another and ahead of none, as section 3.13 of The Unicode Standard has it for the final sigma.
func last(all []rune, i int) bool {
	j := i - 1
	for j >= 0 && caseIgnorable(all[j]) {
		j--
	}
	if j < 0 || !cased(all[j]) {
		return false
	}
	for j = i + 1; j < len(all) && caseIgnorable(all[j]); {
		j++
	}
	return j == len(all) || !cased(all[j])
}

func cased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

func caseIgnorable(r rune) bool {
	return strings.ContainsRune("':.··՟״‘’․‧︓﹒﹕＇．：", r) || unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
}

// upperLen is how many characters str.upper gives; ß gives two.
func upperLen(s string) int {
	if ascii(s) {
		return len(s)
	}
	return utf8.RuneCountInString(cases.Upper(language.Und).String(s))
}

// digit says what \d of a regular expression matches.
func digit(r rune) bool { return unicode.Is(unicode.Nd, r) }

var number = regexp.MustCompile(`^[+-]?(?i:inf|infinity|nan|(?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)(?:e[+-]?[0-9](?:_?[0-9])*)?)$`)

// float is what float makes of a text; false where it raises ValueError. The digits may be of any script, and single underscores
// may stand between them.
func float(s string) (float64, bool) {
	if !ascii(s) {
		s = strings.Map(func(r rune) rune {
			switch {
			case r < 127:
				return r
			case space(r):
				return ' '
			case digit(r):
				return '0' + value(r)
			}
			return '?'
		}, s)
	}
	s = strings.Trim(s, " \t\n\v\f\r")
	if !number.MatchString(s) {
		return 0, false
	}
	s = strings.ReplaceAll(s, "_", "")
	if strings.HasSuffix(strings.ToLower(s), "nan") {
		s = "nan"
	}
	f, _ := strconv.ParseFloat(s, 64) // too large is infinite, in Python too
	return f, true
}

// value is that of a decimal digit. Those of a script stand in a row from 0 to 9, and rows of several begin at a multiple of ten from
// the first.
func value(r rune) rune {
	for _, row := range unicode.Nd.R16 {
		if r >= rune(row.Lo) && r <= rune(row.Hi) {
			return (r - rune(row.Lo)) % 10
		}
	}
	for _, row := range unicode.Nd.R32 {
		if r >= rune(row.Lo) && r <= rune(row.Hi) {
			return (r - rune(row.Lo)) % 10
		}
	}
	return 0
}
