package gateway

import (
	"net/http"
	"net/url"
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
// (ISO/IEC 7812-1). Words with letters are none, so identifiers, signatures and
// digests pass; groups after an IBAN's beginning or a telephone's plus are none
// either. A code has no shape of its own: it counts by the name of its member, or by
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
	if strings.IndexByte(text, '\\') >= 0 {
		text = spelledOut.Replace(text)
	}
	return cardNumber(text) || cardMember(text) || formHoldsCard(r.URL.RawQuery)
}

// spelledOut undoes JSON's escapes of what a number is made of.
var spelledOut = strings.NewReplacer(`\u0030`, "0", `\u0031`, "1", `\u0032`, "2", `\u0033`, "3", `\u0034`, "4", `\u0035`, "5",
	`\u0036`, "6", `\u0037`, "7", `\u0038`, "8", `\u0039`, "9", `\u0020`, " ", `\u002d`, "-", `\u002D`, "-",
	`\u00a0`, " ", `\u00A0`, " ", `\u202f`, " ", `\u202F`, " ", `\u2013`, "-", `\n`, " ", `\r`, " ", `\t`, " ", `\b`, " ", `\f`, " ")

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
	groups, digits, skip, code := make([]string, 0, 8), 0, false, false
	for word := range strings.FieldsFuncSeq(text, parts) {
		word = plainDigits(strings.Trim(plainDashes(word), ".!"))
		if code && len(word) >= 3 && len(word) <= 4 && strings.Trim(word, "0123456789") == "" {
			return true
		}
		code = len(word) >= 3 && len(word) <= 4 && codeWords[strings.ToLower(word)]
		if number, plus := strings.CutPrefix(word, "+"); plus && !beginsOther(word) {
			word = number // too long for a telephone's
		}
		if strings.Trim(word, "0123456789-") != "" || word == "" {
			groups, digits, skip = groups[:0], 0, beginsOther(word)
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

// parts are what words are parted by: white space and the punctuation of JSON, forms
// and headers.
func parts(r rune) bool {
	return r <= ' ' || r < utf8.RuneSelf && strings.ContainsRune(`"',:;{}[]()<>&=?|\`, r) || r >= utf8.RuneSelf && unicode.IsSpace(r)
}

// plainDashes writes every dash as the keyboard's.
func plainDashes(word string) string {
	if strings.IndexByte(word, 0xE2) < 0 { // the first byte of all of them
		return word
	}
	return dashes.Replace(word)
}

var dashes = strings.NewReplacer("\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2212", "-")

// plainDigits writes the digits of a long number as the keyboard's, parted by hyphens
// whatever it is parted by. Letters that a number is glued to are part of a name: so
// begin the account numbers of other banks.
func plainDigits(word string) string {
	if strings.IndexByte(word, 0xEF) >= 0 { // the first byte of all full-width ones
		word = strings.Map(func(r rune) rune {
			if r >= '０' && r <= '９' {
				return r - '０' + '0'
			}
			return r
		}, word)
	}
	if strings.ContainsAny(word, "./_*") && strings.Trim(word, "0123456789-./_*") == "" && len(word) > digitsMin {
		return hyphens.Replace(word)
	}
	return word
}

var hyphens = strings.NewReplacer(".", "-", "/", "-", "_", "-", "*", "-")

// codeWords are what people write before a security code.
var codeWords = map[string]bool{"cvv": true, "cvv2": true, "cvc": true, "cvc2": true, "csc": true}

// beginsOther tells words whose following groups of digits are no card's: an IBAN in
// groups of four, a telephone number.
func beginsOther(word string) bool {
	if number, plus := strings.CutPrefix(word, "+"); plus {
		return len(strings.ReplaceAll(number, "-", "")) <= telephoneMax
	}
	return len(word) == 4 && strings.Trim(word[:2], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" && strings.Trim(word[2:], "0123456789") == ""
}

const (
	digitsMin    = 14
	digitsMax    = 19
	telephoneMax = 15 // digits (E.164)
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
