package text_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/text"
)

func TestOneScript(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]string{
		"nothing": "", "digits": "1234", "latin": "anna.schmidt-7", "accents": "zoë_å", "combining": "a\u0323nne", "cyrillic": "анна.7", "greek": "άννα", "arabic": "سارة",
		"hebrew": "שרה", "chinese": "李雷", "japanese": "たなか太郎", "katakana": "タロウ", "japanese with latin": "taroさん", "korean": "김철수", "korean with latin": "kim철수", "devanagari": "अन्ना",
	} {
		require.True(t, text.OneScript(good), name)
	}
	for name, bad := range map[string]string{
		"paypal with a cyrillic a": "p\u0430ypal", "a cyrillic o": "b\u043eb", "a greek o": "b\u03bfb", "a cherokee d": "\u13a0anna", "an armenian s": "\u057dtefan",
		"cyrillic with latin": "аннa", "cyrillic with han": "анна李", "arabic with latin": "saraس", "kana with hangul": "さ김", "a deseret letter": "anna\U0001042f",
	} {
		require.False(t, text.OneScript(bad), name)
	}
}

func TestLooksLatin(t *testing.T) {
	t.Parallel()
	for name, alike := range map[string]string{
		"scope in cyrillic": "\u0455\u0441\u043e\u0440\u0435", "ace in cyrillic": "\u0430\u0441\u0435", "with a digit": "\u0430\u0441\u04357", "with signs": "\u0440\u043e\u0441.\u0430-1",
		"ava in greek": "\u03b1\u03bd\u03b1", "in armenian": "\u0578\u057d\u057d", "in cherokee": "\u13aa\u13a0", "one letter": "\u0430",
	} {
		require.True(t, text.LooksLatin(alike), name)
	}
	for name, good := range map[string]string{
		"nothing": "", "digits": "1234", "latin": "scope", "latin that looks like latin": "rnodern", "turkish": "k\u0131z", "danish": "s\u00f8ren", "german": "wei\u00df", "accents": "zo\u00eb",
		"cyrillic": "анна", "masha": "маша", "greek with accents": "\u03ac\u03bd\u03bd\u03b1", "chinese": "李雷", "japanese": "たなか太郎", "korean": "김철수", "arabic": "سارة", "hebrew": "שרה", "devanagari": "अन्ना",
		"japanese with latin": "taroさん",
	} {
		require.False(t, text.LooksLatin(good), name)
	}
}
