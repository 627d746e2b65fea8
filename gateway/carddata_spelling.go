package gateway

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"florin/domain/iban"
)

// spelledOut is a body as whoever reads it will have it: without the escapes of JSON
// (RFC 8259 section 7) and the character references of XML (section 4.1). It need not
// be whole or right: what is none of them stays as it is.
func spelledOut(text string) string {
	if strings.IndexByte(text, '&') >= 0 {
		text = html.UnescapeString(text)
	}
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	return escapes.ReplaceAllStringFunc(text, func(escape string) string {
		if len(escape) == 2 {
			if plain, known := shortEscapes[escape[1]]; known {
				return plain
			}
			return escape
		}
		first := codeUnit(escape[2:6])
		if len(escape) == 12 {
			if both := utf16.DecodeRune(first, codeUnit(escape[8:12])); both != utf8.RuneError {
				return string(both)
			}
			return " "
		}
		return string(first)
	})
}

var (
	escapes      = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.`)
	shortEscapes = map[byte]string{'/': "/", 'n': " ", 'r': " ", 't': " ", 'b': " ", 'f': " ", '"': " "}
)

func codeUnit(hex string) rune {
	unit, _ := strconv.ParseUint(hex, 16, 16) // four hexadecimal digits
	return rune(unit)
}

// ibanHeads are where an IBAN in groups may begin.
var ibanHeads = regexp.MustCompile(`\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{1,4}){3,8}`)

// withoutIBANs is a text without the IBANs whose check digits are right.
func withoutIBANs(text string) string {
	if strings.IndexByte(text, ' ') < 0 { // in one word its letters tell it
		return text
	}
	return ibanHeads.ReplaceAllStringFunc(text, func(found string) string {
		for end := len(found); end > 0; end = strings.LastIndexByte(found[:end], ' ') {
			if _, err := iban.Parse(strings.ReplaceAll(found[:end], " ", "")); err == nil {
				return " x " + found[end:]
			}
		}
		return found
	})
}
