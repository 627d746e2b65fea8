package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Folded is how a person's name is compared: without case, accents and punctuation,
// its words with one space between. It is for comparing alone: what was written is kept.
func Folded(s string) string {
	var folded strings.Builder
	for _, r := range norm.NFKD.String(cases.Fold().String(s)) {
		switch {
		case unicode.Is(unicode.Mn, r), r == '\'', r == '\u2019':
		case unicode.IsLetter(r), unicode.IsDigit(r):
			folded.WriteRune(r)
		default:
			folded.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(folded.String()), " ")
}
