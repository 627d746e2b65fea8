// Package text says which human text the bank takes in: one line of NFC-composed
// characters that looks on every screen like what is stored.
//
// Why refuse and not repair: text is signed and shown back to be confirmed, so a
// silent change would be a forgery, and a bidi mark can make "pay 10 to A" read as
// something else. Composition tables come from golang.org/x/text.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ReferenceRunesMax is the longest remittance text (ISO 20022, Max140Text).
const ReferenceRunesMax = 140

// ReferenceRule is what a customer is told when Reference says no.
const ReferenceRule = "The reference must be one line of at most 140 characters, without control or direction marks."

// Reference tells whether s may be the remittance text of a payment; "" may.
func Reference(s string) bool {
	return utf8.RuneCountInString(s) <= ReferenceRunesMax && Line(s)
}

// CodeBytesMax is the longest code.
const CodeBytesMax = 64

// Code tells whether s names a reason or a legal basis: lower-case letters, digits
// and hyphens. Codes lie open in the log, so no text of a person's may pass as one.
func Code(s string) bool {
	return s != "" && len(s) <= CodeBytesMax && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// Line tells whether s is one line of clean text: valid UTF-8 in NFC, without
// control characters, line separators, or characters that change the direction of
// writing or show nothing at all. Joiners that scripts and emoji need are let pass.
func Line(s string) bool {
	return utf8.ValidString(s) && norm.NFC.IsNormalString(s) && !strings.ContainsFunc(s, hidden)
}

func hidden(r rune) bool {
	switch {
	case r == '\u200c', r == '\u200d': // joiners of Persian, Indic scripts and emoji
		return false
	case r == utf8.RuneError, r == '\u2028', r == '\u2029', r == '\u3164', r == '\uffa0', r == '\u115f', r == '\u1160':
		return true // separators, and Hangul fillers that show nothing
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Cs, r) ||
		unicode.Is(unicode.Noncharacter_Code_Point, r)
}
