package android

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"time"

	"florin/domain/attest"
)

// List is the platform's list of revoked certificates, as
// https://android.googleapis.com/attestation/status gives it, and its age. The zero
// value lists nothing and is never stale.
type List struct {
	serials map[string]bool
	digest  string
	of      time.Time
	life    time.Duration
}

// ErrList: not such a list.
var ErrList = errors.New("android: not a list of certificate statuses")

// ParseList reads a list that was fetched at a time and is good for so long (0: for
// ever). Whatever an entry's status is, REVOKED, SUSPENDED or one that nobody has
// heard of yet, its certificate is not trusted.
func ParseList(text []byte, of time.Time, life time.Duration) (List, error) {
	var said struct {
		Entries map[string]struct {
			Status string `json:"status"`
		} `json:"entries"`
	}
	if err := json.Unmarshal(text, &said); err != nil || said.Entries == nil {
		return List{}, ErrList
	}
	list := List{serials: make(map[string]bool, len(said.Entries)), digest: attest.Digest(text), of: of, life: life}
	for serial := range said.Entries {
		list.serials[normal(serial)] = true
	}
	return list, nil
}

// Digest is SHA-256 over the list's bytes, "" of none.
func (l List) Digest() string { return l.digest }

// Len counts its entries.
func (l List) Len() int { return len(l.serials) }

func (l List) stale(at time.Time) bool { return l.life > 0 && at.After(l.of.Add(l.life)) }

// names looks a serial number up in both spellings that lists have: hexadecimal, as
// documented, and decimal, as published ones had it.
func (l List) names(serial *big.Int) bool {
	return l.serials[normal(serial.Text(16))] || l.serials[normal(serial.Text(10))]
}

func normal(serial string) string {
	return strings.TrimLeft(strings.ToLower(strings.TrimPrefix(strings.TrimSpace(serial), "0x")), "0")
}
