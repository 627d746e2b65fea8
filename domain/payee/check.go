package payee

import (
	"slices"
	"strings"

	"florin/domain/text"
)

// Check is what verification of payee says of a name.
type Check string

const (
	Match       Check = "match"       // the holder's name, but for case, accents and punctuation
	CloseMatch  Check = "close-match" // a slip away, or the same words in another order: the holder's is shown
	NoMatch     Check = "no-match"    // another name: nobody is told whose the account is
	Unavailable Check = "unavailable" // nobody could be asked
)

// slips is how many letters a close match may differ in; shorter names than
// slipsFrom may not differ at all, for there two letters make another name.
const (
	slips     = 2
	slipsFrom = 6
)

// Compare holds the name that was written against the holder's. A holder whose name
// is erased cannot be asked for.
func Compare(written, holder string) Check {
	a, b := text.Folded(written), text.Folded(holder)
	switch {
	case b == "":
		return Unavailable
	case a == b:
		return Match
	case sorted(a) == sorted(b), len([]rune(b)) >= slipsFrom && distance([]rune(a), []rune(b)) <= slips:
		return CloseMatch
	}
	return NoMatch
}

func sorted(words string) string {
	list := strings.Fields(words)
	slices.Sort(list)
	return strings.Join(list, " ")
}

// distance is Levenshtein's.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		before := row[0]
		row[0] = i + 1
		for j := range b {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}
