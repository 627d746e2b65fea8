package text

import (
	"strings"
	"unicode"

	"go.mau.fi/util/confusable"
)

// written are the scripts that are written together: Japanese, Korean and Chinese use
// several in one word, and Latin letters among them (UTS 39 section 5.2, "highly
// restrictive").
var written = [][]*unicode.RangeTable{
	{unicode.Latin, unicode.Han, unicode.Hiragana, unicode.Katakana},
	{unicode.Latin, unicode.Han, unicode.Hangul},
	{unicode.Latin, unicode.Han, unicode.Bopomofo},
}

// OneScript tells whether the letters of s are of one script, or of those that are
// written together. Digits and signs are of none. A name that mixes scripts looks like
// another's: the Cyrillic \u0430 is no Latin a, and nobody sees it.
func OneScript(s string) bool {
	for _, script := range unicode.Scripts {
		if script != unicode.Common && script != unicode.Inherited && in(s, script) {
			return true
		}
	}
	for _, scripts := range written {
		if in(s, scripts...) {
			return true
		}
	}
	return in(s)
}

// in tells whether each rune of s is of one of the scripts, or of none.
func in(s string, scripts ...*unicode.RangeTable) bool {
	for _, r := range s {
		if !unicode.In(r, unicode.Common, unicode.Inherited) && !unicode.In(r, scripts...) {
			return false
		}
	}
	return true
}

// LooksLatin tells whether letters of another script pass for an English word: each looks
// like one of ASCII (UTS 39 section 4, skeletons), as all of the Cyrillic \u0440\u043e\u0441
// do. It is no fault of a name of that script, but nobody can tell it from the other.
func LooksLatin(s string) bool {
	foreign := func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) }
	return strings.ContainsFunc(s, foreign) && !strings.ContainsFunc(confusable.Skeleton(s), func(r rune) bool { return r > unicode.MaxASCII })
}
