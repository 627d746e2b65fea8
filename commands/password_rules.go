package commands

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"florin/domain"
)

// Limits of passwords (NIST SP 800-63B-4 section 3.1.1.2). No rule asks for digits
// or signs; what counts is how much is left to guess.
const (
	PasswordRunesMin = 10
	PasswordBytesMax = 1024

	guessesMin = 8   // parts that have to be guessed, each a character or something that everybody tries
	runMin     = 4   // of neighbours in the alphabet or on a keyboard, to be one part
	wordMin    = 3   // of a word of the person's or the bank's
	digitsMin  = 5   // of a person's telephone number
	judgedMax  = 128 // characters: whoever has made so many up need not be judged by more
)

// ErrPassword: too short, or one that everybody tries first.
var ErrPassword = &domain.Refusal{Class: domain.Refused, Code: "password-weak",
	Detail: "Choose a password of at least 10 characters that is not widely known and is more than your own name, a word with a number, or a row of keys."}

// common are whole passwords that people choose first; shorter ones are refused
// anyway. words are what they make the others of, in the languages of our customers.
var (
	//go:embed common_passwords.txt
	common string
	//go:embed common_words.txt
	commonWords string
	words       = func() (all [][]rune) {
		for _, word := range strings.Fields(commonWords) {
			all = append(all, []rune(word))
		}
		return all
	}()
)

// checkPassword says whether a password may be chosen. own are words that are
// easily found out: the person's names, e-mail and phone, the bank's name.
func checkPassword(password string, own ...string) error {
	if utf8.RuneCountInString(password) < PasswordRunesMin || len(password) > PasswordBytesMax {
		return ErrPassword
	}
	folded := strings.ToLower(norm.NFKC.String(password))
	squeezed := strings.Join(strings.Fields(folded), "")
	for line := range strings.Lines(common) {
		if squeezed == strings.TrimSpace(line) {
			return ErrPassword
		}
	}
	text := []rune(squeezed)
	if period := periodOf(text); period < len(text) {
		text = append(text[:period:period], '\x00') // over and over: guessed once, and that it is
	}
	if guesses(text, ownParts(own)) < guessesMin {
		return ErrPassword
	}
	return nil
}

// periodOf is the length of what text is a repetition of; its own if of nothing. The
// last time may be cut off.
func periodOf(text []rune) int {
	for period := 1; period <= len(text)/2; period++ {
		repeats := true
		for i := period; i < len(text) && repeats; i++ {
			repeats = text[i] == text[i-period]
		}
		if repeats {
			return period
		}
	}
	return len(text)
}

// ownParts are the words of what somebody is called and reached by, and the
// digits, of which any run gives away as much.
func ownParts(own []string) (parts parts) {
	for _, name := range own {
		name = strings.ToLower(norm.NFKC.String(name))
		digits := strings.Map(only(unicode.IsDigit), name)
		if len(digits) >= digitsMin {
			parts.numbers = append(parts.numbers, []rune(digits))
		}
		for _, word := range append(strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), squeeze(name)) {
			if runes := []rune(word); len(runes) >= wordMin {
				parts.words = append(parts.words, runes)
			}
		}
	}
	return parts
}

// squeeze is the text before an @ without whatever stands between its words.
func squeeze(name string) string {
	name, _, _ = strings.Cut(name, "@")
	return strings.Map(only(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }), name)
}

func only(is func(rune) bool) func(rune) rune {
	return func(r rune) rune {
		if is(r) {
			return r
		}
		return -1
	}
}

// parts of passwords that are guessed at one go.
type parts struct{ words, numbers [][]rune }

// guesses is the least number of parts that make up the text: a word, a year, a row
// of neighbours, the same character again and again, or a single character.
func guesses(text []rune, own parts) int {
	text = text[:min(len(text), judgedMax)]
	spellings := [][]rune{text, unleet(text, 'i'), unleet(text, 'l')}
	least := make([]int, len(text)+1)
	for i := range text {
		least[i+1] = len(text)
	}
	for i := range text {
		part := func(from, to int) { // of any length from-to, from here on
			for end := i + from; end <= i+to; end++ {
				least[end] = min(least[end], least[i]+1)
			}
		}
		part(1, sameFrom(text[i:]))
		part(runMin, rowFrom(text[i:]))
		if isYear(text[i:]) {
			part(4, 4)
		}
		for _, number := range own.numbers {
			part(digitsMin, sharedFrom(text[i:], number))
		}
		for _, list := range [][][]rune{words, own.words} {
			for _, word := range list {
				for _, spelling := range spellings {
					if begins(spelling[i:], word) {
						part(len(word), len(word))
					}
				}
			}
		}
	}
	return least[len(text)]
}

func begins(text, word []rune) bool {
	return len(text) >= len(word) && slices.Equal(text[:len(word)], word)
}

// sameFrom is how often the first character stands there in a row.
func sameFrom(text []rune) int {
	for i, r := range text {
		if r != text[0] {
			return i
		}
	}
	return len(text)
}

// isYear tells whether it begins with a year that somebody was born or married in.
func isYear(text []rune) bool {
	if len(text) < 4 {
		return false
	}
	century := string(text[:2])
	return (century == "19" || century == "20") && unicode.IsDigit(text[2]) && unicode.IsDigit(text[3])
}

// rows are neighbours: the alphabet, digits, and keys along and down the keyboards
// of our customers.
var rows = func() (rows [][]rune) {
	for _, row := range strings.Fields("abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop[] asdfghjkl;' zxcvbnm,./ qwertzuiopü+ asdfghjklöä yxcvbnm,.- " +
		"azertyuiop qsdfghjklm wxcvbn 1qaz 2wsx 3edc 4rfv 5tgb 6yhn 7ujm 1qay 6zhn 1aqw !@#$%^&*() !\"§$%&/()=") {
		forth := []rune(row)
		back := make([]rune, len(forth))
		for i, r := range forth {
			back[len(forth)-1-i] = r
		}
		rows = append(rows, forth, back)
	}
	return rows
}()

// rowFrom is how far the text follows a row.
func rowFrom(text []rune) (longest int) {
	for _, row := range rows {
		longest = max(longest, sharedFrom(text, row))
	}
	return longest
}

// sharedFrom is the most that the text begins with of what stands anywhere in row.
func sharedFrom(text, row []rune) (longest int) {
	for start := range row {
		n := 0
		for n < len(text) && start+n < len(row) && text[n] == row[start+n] {
			n++
		}
		longest = max(longest, n)
	}
	return longest
}

// unleet reads digits and signs as the letters they stand in for; one is that of 1.
func unleet(text []rune, one rune) []rune {
	letters := map[rune]rune{'@': 'a', '4': 'a', '3': 'e', '0': 'o', '$': 's', '5': 's', '7': 't', '!': 'i', '1': one, '|': 'l', '8': 'b', '9': 'g', '€': 'e'}
	read := make([]rune, len(text))
	for i, r := range text {
		if letter, stands := letters[r]; stands {
			r = letter
		}
		read[i] = r
	}
	return read
}
