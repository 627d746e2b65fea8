package text_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/text"
)

func TestReference(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]string{
		"nothing": "", "words": "rent for May", "composed": "café Zürich", "arabic": "إيجار", "persian joiner": "می\u200cخواهم",
		"emoji family": "👩\u200d👧", "emoji style": "❤️", "sql": "'; DROP TABLE x;--", "formula": "=cmd|' /C calc'!A0", "140 runes": strings.Repeat("é", 140),
	} {
		require.True(t, text.Reference(good), name)
	}
	for name, bad := range map[string]string{
		"141 runes": strings.Repeat("é", 141), "decomposed": "cafe\u0301", "newline": "a\nb", "carriage return": "a\rb", "tab": "a\tb", "nul": "a\x00b",
		"escape": "\x1b[31mred", "delete": "a\x7f", "c1 control": "a\u0085b", "override": "a\u202eb", "embedding": "\u202ba", "isolate": "\u2066a\u2069",
		"rtl mark": "a\u200fb", "arabic letter mark": "a\u061cb", "zero width space": "a\u200bb", "byte order mark": "\ufeffa", "word joiner": "a\u2060b",
		"soft hyphen": "a\u00adb", "line separator": "a\u2028b", "paragraph separator": "a\u2029b", "bad utf-8": "a\xff", "surrogate": "\xed\xa0\x80",
		"replacement": "a\ufffd", "private use": "a\ue000", "noncharacter": "a\ufffe", "tag characters": "a\U000e0041", "filler": "a\u3164",
		"compatibility angstrom": "\u212b",
	} {
		require.False(t, text.Reference(bad), name)
	}
}

func FuzzReference(f *testing.F) {
	f.Add("rent")
	f.Add("a\u202eb")
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, s string) {
		if text.Reference(s) {
			require.NotContains(t, s, "\n")
			require.NotContains(t, s, "\u202e")
			require.LessOrEqual(t, len([]rune(s)), text.ReferenceRunesMax)
		}
	})
}
