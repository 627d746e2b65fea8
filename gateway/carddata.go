package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"florin/gateway/problem"
)

// cardless refuses requests that hold what may be a card's number or security code,
// in any header, the query, or the body (row 41 of the bad inputs): the bank keeps
// neither, so no log, event or trace of its may ever hold one (PCI DSS 4.0, 3.2).
//
// A number counts where digits alone, parted by nothing or by single spaces or
// hyphens, have the length and first digits of a scheme and Luhn's check digit
// (ISO/IEC 7812-1), in whatever script, encoding and dress. Words with letters are none,
// so identifiers, signatures and digests pass; an IBAN whose check digits are right and
// groups after a telephone's plus are none either. A code has no shape of its own: it counts by the name of its member, or by
// the word for it that stands before it.
func (d *door) cardless(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if holdsCard(r, visitOf(r.Context()).body) {
			problem.Write(w, r, problem.CardDataRefused)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func holdsCard(r *http.Request, body []byte) bool {
	for _, values := range r.Header {
		for _, value := range values {
			if cardNumber(value) {
				return true
			}
		}
	}
	if cardNumber(strings.ReplaceAll(r.URL.Path, "/", " ")) {
		return true
	}
	text := string(body)
	if strings.HasPrefix(r.Header.Get("Content-Type"), formType) {
		return formHoldsCard(text) || formHoldsCard(r.URL.RawQuery)
	}
	text = spelledOut(text)
	return cardNumber(text) || cardMember(text) || formHoldsCard(r.URL.RawQuery)
}

func formHoldsCard(form string) bool {
	if form == "" {
		return false
	}
	values, err := url.ParseQuery(form)
	if err != nil {
		return cardNumber(form) // refused later for its form, if not here
	}
	for name, all := range values {
		if secretMembers[strings.ToLower(name)] || cardNumber(name) || cardNumber(strings.Join(all, "\n")) {
			return true
		}
	}
	return false
}

// secretMembers are names under which numbers and codes of cards are sent.
var secretMembers = map[string]bool{
	"pan": true, "card_number": true, "cardnumber": true, "card-number": true, "cvv": true, "cvv2": true, "cvc": true, "cvc2": true,
	"cvn": true, "csc": true, "security_code": true, "securitycode": true, "card_security_code": true, "track1": true, "track2": true,
}

// cardMember looks for a member of JSON that is named like a number or a code.
func cardMember(text string) bool {
	for {
		_, rest, found := strings.Cut(text, `"`)
		if !found {
			return false
		}
		name, after, closed := strings.Cut(rest, `"`)
		if !closed {
			return false
		}
		if len(name) <= 20 && strings.HasPrefix(strings.TrimLeft(after, " \t\r\n"), ":") && secretMembers[strings.ToLower(name)] {
			return true
		}
		text = after
	}
}

// cardNumber looks for a number in words of a text.
func cardNumber(text string) bool {
	groups, digits, skip, code, before := make([]string, 0, 8), 0, false, false, ""
	for word := range strings.FieldsFuncSeq(withoutIBANs(text), parts) {
		word = unglued(plainDigits(strings.Trim(plainDashes(word), ".!")))
		if code && len(word) >= 3 && len(word) <= 4 && strings.Trim(word, "0123456789") == "" {
			return true
		}
		if len(word) <= codeWordMax {
			lower := strings.ToLower(word)
			code, before = codeWords[lower] || lower == "code" && before == "security", lower
		} else {
			code, before = false, ""
		}
		if number, plus := strings.CutPrefix(word, "+"); plus && !telephone(number) {
			word = number
		}
		if strings.Trim(word, "0123456789-") != "" || word == "" {
			groups, digits, skip = groups[:0], 0, strings.HasPrefix(word, "+")
			continue
		}
		if skip {
			continue
		}
		groups = append(groups, word)
		digits += len(word)
		for len(groups) > 1 && digits > 2*digitsMax {
			digits -= len(groups[0])
			groups = groups[1:]
		}
		if endsCard(groups) {
			return true
		}
	}
	return false
}

// parts are what words are parted by: all but letters, digits, and what stands within
// a number, a name or a signature.
func parts(r rune) bool {
	if r < utf8.RuneSelf {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-./_*+!", r))
	}
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !unicode.Is(unicode.Pd, r) && r != '\u2212'
}

// plainDashes writes every dash as the keyboard's.
func plainDashes(word string) string {
	if ascii(word) {
		return word
	}
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Pd, r) || r == '\u2212' {
			return '-'
		}
		return r
	}, word)
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// plainDigits writes the digits of any script as the keyboard's, and those of a long
// number parted by hyphens whatever it is parted by. Letters that a number is glued to
// are part of a name: so begin the account numbers of other banks.
func plainDigits(word string) string {
	if !ascii(word) {
		word = strings.Map(plainDigit, word)
	}
	if strings.ContainsAny(strings.TrimPrefix(word, "+"), "./_*+") && strings.Trim(word, "0123456789-./_*+") == "" && len(word) > digitsMin {
		plus, number := "", word
		if strings.HasPrefix(word, "+") {
			plus, number = "+", word[1:]
		}
		return plus + hyphens.Replace(number)
	}
	return word
}

var hyphens = strings.NewReplacer(".", "-", "/", "-", "_", "-", "*", "-", "+", "-")

// plainDigit is a decimal digit of any script as the keyboard's: each script has its
// ten in a row, beginning with nought (The Unicode Standard, section 4.6).
func plainDigit(r rune) rune {
	if r < utf8.RuneSelf || !unicode.IsDigit(r) {
		return r
	}
	for _, script := range unicode.Nd.R16 {
		if r >= rune(script.Lo) && r <= rune(script.Hi) {
			return '0' + (r-rune(script.Lo))%10
		}
	}
	for _, script := range unicode.Nd.R32 {
		if r >= rune(script.Lo) && r <= rune(script.Hi) {
			return '0' + (r-rune(script.Lo))%10
		}
	}
	return r
}

// gluedWords are what people write right before a card's number.
var gluedWords = []string{"visa", "mastercard", "maestro", "amex", "card", "pan", "karte", "nr", "no"}

// unglued takes such a word away from a number that it is glued to.
func unglued(word string) string {
	number := strings.TrimLeftFunc(word, unicode.IsLetter)
	if glue := strings.ToLower(word[:len(word)-len(number)]); glue != "" && len(number) >= digitsMin && slices.Contains(gluedWords, glue) {
		return number
	}
	return word
}

// codeWords are what people write before a security code; of two words the second is code.
var codeWords = map[string]bool{"cvv": true, "cvv2": true, "cvc": true, "cvc2": true, "csc": true, "sicherheitscode": true, "kartenprüfnummer": true, "prüfnummer": true}

const codeWordMax = 20 // bytes

// telephone tells numbers after a plus that are no card's, nor what follows them. There
// are none as long as a card's (E.164 would allow fifteen digits, and nobody has them).
func telephone(number string) bool {
	return len(strings.ReplaceAll(number, "-", "")) < digitsMin
}

const (
	digitsMin = 14
	digitsMax = 19
)

// endsCard tells whether the last groups together are a card's number.
func endsCard(groups []string) bool {
	number := ""
	for i := len(groups) - 1; i >= 0; i-- {
		number = strings.ReplaceAll(groups[i], "-", "") + number
		if len(number) > digitsMax {
			return false
		}
		if len(number) >= digitsMin && ofScheme(number) && checked(number) {
			return true
		}
	}
	return false
}

// ofScheme tells whether a scheme issues numbers that begin so and are as long.
func ofScheme(number string) bool {
	n, first := len(number), number[:4]
	switch {
	case number[0] == '4': // Visa
		return n == 16 || n == 19
	case first >= "5100" && first <= "5599", first >= "2221" && first <= "2720": // Mastercard
		return n == 16
	case number[:2] == "34", number[:2] == "37": // American Express
		return n == 15
	case first >= "3000" && first <= "3059", number[:2] == "36", number[:2] == "38", number[:2] == "39": // Diners Club
		return n == 14 || n == 16
	case first >= "3528" && first <= "3589", number[0] == '6', number[:2] == "50", number[:2] >= "56" && number[:2] <= "58": // JCB, Discover, UnionPay, Maestro
		return n >= 16
	}
	return false
}

// checked is Luhn's formula (ISO/IEC 7812-1 annex B).
func checked(number string) bool {
	sum := 0
	for i := range len(number) {
		digit := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if digit *= 2; digit > 9 {
				digit -= 9
			}
		}
		sum += digit
	}
	return sum%10 == 0
}
