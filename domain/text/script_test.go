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
