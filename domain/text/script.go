package text

import "unicode"

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
