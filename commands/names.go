package commands

import (
	"net/mail"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/text"
)

// Kinds of unique names.
const (
	nameUser  = "user_name"
	namePhone = "phone"
	nameEmail = "email"
)

// Limits of names.
const (
	UserNameRunesMin = 3
	UserNameRunesMax = 64
	emailBytesMax    = 254 // RFC 5321 section 4.5.3.1.3
	phoneDigitsMin   = 7
	phoneDigitsMax   = 15 // E.164
)

// ErrName: a user name, phone or e-mail that cannot be one.
var ErrName = &domain.Refusal{Class: domain.Invalid, Code: "name-invalid",
	Detail: "A user name has 3 to 64 letters, digits, dots, dashes or underscores and begins with a letter; its letters are of one script, and do not pass for a word of another. A phone begins with + and its country; an e-mail has one address."}

// normalUser is RFC 8265's UsernameCaseMapped: composed, narrow, lower case. It
// begins with a letter and has no @, so that it is never a phone or an e-mail.
func normalUser(text string) (string, bool) {
	mapped, err := precis.UsernameCaseMapped.String(strings.TrimSpace(text))
	runes := utf8.RuneCountInString(mapped)
	if err != nil || runes < UserNameRunesMin || runes > UserNameRunesMax || strings.ContainsAny(mapped, "@+/:\\\"'<> ") {
		return "", false
	}
	return mapped, mapped[0] < '0' || mapped[0] > '9'
}

// newUser is a user name that somebody may take, which nobody mistakes for another's.
// Names of before there were these rules are good for logging in as ever.
func newUser(given string) (string, bool) {
	normal, ok := normalUser(given)
	return normal, ok && text.OneScript(normal) && !text.LooksLatin(normal)
}

// normalPhone is E.164: + and 7 to 15 digits. Spaces, dots, dashes and brackets
// are how people write; 00 is how they dial.
func normalPhone(text string) (string, bool) {
	digits := strings.NewReplacer(" ", "", "\u00a0", "", ".", "", "-", "", "(", "", ")", "", "/", "").Replace(text)
	if rest, dialled := strings.CutPrefix(digits, "00"); dialled {
		digits = "+" + rest
	}
	number, ok := strings.CutPrefix(digits, "+")
	if !ok || len(number) < phoneDigitsMin || len(number) > phoneDigitsMax || number[0] == '0' || strings.Trim(number, "0123456789") != "" {
		return "", false
	}
	return digits, true
}

// normalEmail folds the whole address: mail systems that tell capitals apart in
// the first part are not worth two customers under one address.
func normalEmail(text string) (string, bool) {
	folded := norm.NFC.String(cases.Fold().String(norm.NFC.String(strings.TrimSpace(text))))
	address, err := mail.ParseAddress(folded)
	if err != nil || address.Name != "" || address.Address != folded || len(folded) > emailBytesMax || strings.ContainsAny(folded, "\"<> ") {
		return "", false
	}
	_, host, _ := strings.Cut(folded, "@")
	return folded, strings.Contains(host, ".") && !strings.HasSuffix(host, ".")
}

// nameClaim is the stream that a normalised name is claimed by.
func (b *Bank) nameClaim(kind, normal string) (id.Claim, error) {
	digest, err := b.mac(keyClaim, []byte(kind), []byte(normal))
	if err != nil {
		return id.Claim{}, err
	}
	return id.From[id.Claim](uuidOf(digest)), nil
}

// claimOf finds the claim of whatever somebody logs in with. What cannot be a
// name has a claim as well: one that nobody will ever hold.
func (b *Bank) claimOf(login string) (id.Claim, error) {
	kind, normal, ok := nameUser, "", false
	switch text := strings.TrimSpace(login); {
	case strings.Contains(text, "@"):
		kind = nameEmail
		normal, ok = normalEmail(text)
	case text != "" && strings.ContainsAny(text[:1], "+0123456789("):
		kind = namePhone
		normal, ok = normalPhone(text)
	default:
		normal, ok = normalUser(text)
	}
	if !ok {
		kind, normal = "none", cases.Fold().String(norm.NFKC.String(login))
	}
	return b.nameClaim(kind, normal)
}

// name is one of a person's unique names, ready to be claimed.
type name struct {
	kind, normal string
	claim        id.Claim
}

// claims normalises what is given and finds the claims; nothing given is nothing.
func (b *Bank) claims(userName, phone, email string) ([]name, error) {
	var names []name
	for _, given := range []struct {
		kind, text string
		normal     func(string) (string, bool)
	}{{nameUser, userName, newUser}, {namePhone, phone, normalPhone}, {nameEmail, email, normalEmail}} {
		if given.text == "" {
			continue
		}
		normal, ok := given.normal(given.text)
		if !ok {
			return nil, ErrName
		}
		claim, err := b.nameClaim(given.kind, normal)
		if err != nil {
			return nil, err
		}
		names = append(names, name{given.kind, normal, claim})
	}
	return names, nil
}
