package commands

import (
	"context"
	"crypto/hmac"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"florin/domain/id"
	"florin/domain/session"
)

// ExpectationTTL is how long a phone that is expected has a lane of its own.
const ExpectationTTL = 10 * time.Minute

// Expect gives a word that the customer's next phone brings to its login: its guesses
// then take from a lane of their own, and strangers who try the name meanwhile keep it
// from nothing. It proves nothing else. Only a device of the customer's gets one
// (session.ErrStranger); it is good until the time, and as often as the lane allows.
func (d Devices) Expect(ctx context.Context, caller Caller, at time.Time) (word string, until time.Time, err error) {
	from, err := d.bank.devices.look(ctx, caller.Device)
	switch {
	case err != nil:
		return "", until, err
	case caller.Customer.IsZero(), from.Customer != caller.Customer, !from.Usable():
		return "", until, session.ErrStranger
	}
	until = at.Add(ExpectationTTL).Truncate(time.Second)
	word, err = d.bank.expectation(caller.Customer, until)
	return word, until, err
}

// expectation is whose phone is expected, until when, and a MAC of both.
func (b *Bank) expectation(of id.Customer, until time.Time) (string, error) {
	u := of.UUID()
	raw := binary.BigEndian.AppendUint64(u[:], uint64(until.Unix()))
	proof, err := b.mac(keyExpectation, raw)
	if err != nil {
		return "", err
	}
	return opaque.EncodeToString(append(raw, proof[:16]...)), nil
}

// expected gives a login that brings the customer's own word the lanes that go with it;
// any other word is as none.
func (b *Bank) expected(l login, word string, at time.Time) (lanes, error) {
	raw, err := opaque.DecodeString(word)
	if word == "" || l.state.Bound || err != nil || len(raw) != 16+8+16 {
		return l.lanes, nil
	}
	until := time.Unix(int64(binary.BigEndian.Uint64(raw[16:24])), 0)
	right, err := b.expectation(id.From[id.Customer](uuid.UUID(raw[:16])), until)
	if err != nil {
		return l.lanes, err
	}
	if !hmac.Equal([]byte(right), []byte(word)) || uuid.UUID(raw[:16]) != l.state.Customer.UUID() || !at.Before(until) {
		return l.lanes, nil
	}
	own := opaque.EncodeToString(raw[24:])
	return lanes{password: []string{"expected:" + own}, otp: []string{"otp-expected:" + own}, send: []string{"otp-send-expected:" + own},
		push: []string{"push-expected:" + own}, recovery: []string{"otp-expected:" + own}}, nil
}
