package commands

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The person of these tests, as the bank knows her.
var adasWords = []string{"ada.lovelace", "ada@example.test", "+4915112345678", "Ada Lovelace-Byron", "First Example Bank"}

func TestPasswordsThatEverybodyTriesAreRefused(t *testing.T) {
	t.Parallel()
	for name, password := range map[string]string{
		"too short":                         "kX9#T2pQz",
		"too long":                          strings.Repeat("kX9#T2pQz!", 103),
		"in front of every list":            "qwertyuiop123",
		"with spaces in it":                 "correct horse battery staple",
		"one character":                     strings.Repeat("x", 40),
		"few characters, over and over":     "abcabcabcabc",
		"a short word, over and over":       "mydogmydogmydogmydog",
		"over and over, and cut off":        "kX9#kX9#kX9#kX",
		"a word and a year":                 "Summer2026!",
		"two words":                         "DragonMaster",
		"a word in other signs":             "P4$$w0rd!!99",
		"a word where 1 is an l":            "We1come2!!",
		"a word and a row of digits":        "sunshine123456",
		"the alphabet":                      "abcdefghijkl",
		"digits, backwards":                 "9876543210ab",
		"a row of keys":                     "asdfghjklqwe",
		"a row of German keys":              "qwertzuiop!?",
		"down the keyboard":                 "1qaz2wsx3edc",
		"with shift held":                   "!@#$%^&*()ab",
		"wide letters":                      "ｐａｓｓｗｏｒｄ１２３４",
		"her own name":                      "Lovelace1815",
		"her names together":                "adalovelacebyron",
		"her user name, dressed up":         "ada.l0velace!?",
		"her e-mail":                        "ada@example.test",
		"her phone as she dials it":         "015112345678",
		"the end of her phone and a letter": "x12345678y",
		"the bank's name":                   "FirstExampleBank!",
		"the name of the software":          "florinbank123",
		"a German word":                     "Passwort2026!",
		"a month and a year":                "September1999",
	} {
		require.ErrorIs(t, checkPassword(password, adasWords...), ErrPassword, "%s: %s", name, password)
	}
}

func TestPasswordsThatHaveToBeGuessedAreTaken(t *testing.T) {
	t.Parallel()
	for name, password := range map[string]string{
		"ten characters of no pattern":     "kX9#T2pQz!",
		"letters alone":                    "vmtqkrzpxw",
		"digits alone, of no pattern":      "4081736295",
		"a sentence":                       "seven wooden horses",
		"a sentence with her name in it":   "ada never liked the gooseberries",
		"another script":                   "тихий вечер у реки",
		"spaces and emoji":                 "two 🐄 beside a 🏠 there",
		"a long one that uses common ones": "password of mine: gnu, ewok, 3 rafts",
		"twice, but a good one":            "kX9#T2pQz!kX9#T2pQz!",
		"a thousand bytes":                 strings.Repeat("kX9#T2pQz! vmtqkrzp", 53),
	} {
		require.NoError(t, checkPassword(password, adasWords...), "%s: %s", name, password)
	}
}

// A judgement ends, whatever is typed, and to know more of the person never makes a
// refused password good.
func FuzzPasswords(f *testing.F) {
	for _, seed := range []string{"Summer2026!", "kX9#T2pQz!", "\xff\xfe", strings.Repeat("a", 2000), "ｐａｓｓ\u0000word", "ẞ̈ﷺ"} {
		f.Add(seed, "ada@example.test")
	}
	f.Fuzz(func(t *testing.T, password, own string) {
		alone, beside := checkPassword(password), checkPassword(password, own)
		if alone != nil && beside == nil {
			t.Fatalf("%q is refused, and taken from %q", password, own)
		}
	})
}
