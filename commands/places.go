package commands

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"

	"florin/domain/attempt"
	"florin/domain/dataset"
	"florin/domain/id"
	"florin/domain/stuffing"
)

// budgetLanes are lanes of a budget that is no one customer's.
type budgetLanes struct {
	budget id.Attempts
	lanes  []string
}

// placesOf are the budgets over all names of the places that an address is in: the
// address itself (of IPv6 the /64 that one subscriber has) and the /24 or /48 around
// it. The log has keyed hashes of them. What comes from a private address or from this
// very machine has been passed on by something that is not trusted to say from where:
// that is no place, or one attacker would keep everybody out.
func (b *Bank) placesOf(ctx context.Context, ip string) ([]budgetLanes, error) {
	address, err := netip.ParseAddr(ip)
	address = address.Unmap().WithZone("")
	if err != nil || !address.IsGlobalUnicast() || address.IsPrivate() {
		return nil, nil
	}
	own, wide := 32, 24
	if address.Is6() {
		own, wide = 64, 48
	}
	place, err := b.placeOf(address, own)
	if err != nil {
		return nil, err
	}
	block, err := b.placeOf(address, wide)
	if err != nil {
		return nil, err
	}
	around := []budgetLanes{{place, []string{attempt.Place, attempt.Names}}, {block, []string{attempt.Block}}}
	network, known, err := b.networkOf(ctx, ip)
	if known {
		around = append(around, budgetLanes{network, []string{attempt.Network}})
	}
	return around, err
}

// networkOf is the budget of the autonomous system that an address belongs to, by the
// data set in force.
func (b *Bank) networkOf(ctx context.Context, ip string) (of id.Attempts, known bool, err error) {
	state, err := b.dataSets.look(ctx, dataset.Stream())
	if err != nil {
		return of, false, err
	}
	sets, err := b.opened.at(state)
	if err != nil { // it was lost since the start: then nothing is known
		return of, false, nil
	}
	facts, _ := sets.know(ip)
	if facts.Network == 0 {
		return of, false, nil
	}
	digest, err := b.mac(keyPlace, fmt.Appendf(nil, "as %d", facts.Network))
	if err != nil {
		return of, false, err
	}
	return id.Named[id.Attempts]("place", opaque.EncodeToString(digest)), true, nil
}

func (b *Bank) placeOf(address netip.Addr, bits int) (id.Attempts, error) {
	digest, err := b.mac(keyPlace, []byte(netip.PrefixFrom(address, bits).Masked().String()))
	if err != nil {
		return id.Attempts{}, err
	}
	return id.Named[id.Attempts]("place", opaque.EncodeToString(digest)), nil
}

// sprayOf is the budget of a password over all names. It is one of 65,536: what the log
// has of a password is far too little to find it by, even for who holds the key.
func (b *Bank) sprayOf(password string) (budgetLanes, error) {
	digest, err := b.mac(keySpray, []byte(password))
	if err != nil {
		return budgetLanes{}, err
	}
	return budgetLanes{id.Named[id.Attempts]("spray", string(binary.BigEndian.AppendUint16(nil, binary.BigEndian.Uint16(digest)))), []string{attempt.Spray}}, nil
}

// takeFrom takes an attempt from places, which hold less while far more logins fail than
// usual. Who comes from none, as a customer's own device does, is not held up by that.
func (w *work) takeFrom(places []budgetLanes, of id.Attempts) error {
	if len(places) == 0 {
		return nil
	}
	state, err := w.bank.stuffing.look(w.ctx, stuffing.Stream())
	if err != nil {
		return err
	}
	for _, place := range places {
		count := attempt.Count{Lanes: place.lanes, Device: w.order.Caller.Device, Budget: of, Tight: state.Suspects(w.order.At), At: w.order.At}
		if err := w.bank.attempts.decide(w, place.budget, count); err != nil {
			return err
		}
	}
	return nil
}

// giveBack takes back from the places what a complete login has cost them.
func (w *work) giveBack(places []budgetLanes, of id.Attempts) error {
	for _, place := range places {
		if err := w.bank.attempts.decide(w, place.budget, attempt.Return{Lanes: place.lanes, Budget: of, At: w.order.At}); err != nil {
			return err
		}
	}
	return nil
}
