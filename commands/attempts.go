package commands

import (
	"context"
	"net/netip"
	"slices"

	"florin/domain/attempt"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/schemas"
)

// budgetOf is a customer's attempt budget.
func budgetOf(customer id.Customer) id.Attempts {
	return id.From[id.Attempts](DerivedID(customer.UUID(), "attempts"))
}

// shadowOf is the budget of a name that is nobody's.
func shadowOf(claim id.Claim) id.Attempts {
	return id.From[id.Attempts](DerivedID(claim.UUID(), "attempts"))
}

// lanes are the parts of a budget that an attempt takes from: those of the
// customer's own device, or those of strangers (package attempt).
type lanes struct {
	password, otp, send, push, recovery []string

	places []budgetLanes // over all names, of who tries a password on an unknown device
}

func (l lanes) of(factor string) []string {
	switch factor {
	case grant.OneTime, grant.ByEmail, grant.BySMS:
		return l.otp
	case grant.OTPSend:
		return l.send
	case grant.PushStart:
		return l.push
	case grant.RecoveryCode:
		return l.recovery
	}
	return l.password
}

// around are the budgets over all names that trying a factor takes from.
func (b *Bank) around(l lanes, factor, password string) ([]budgetLanes, error) {
	if factor != grant.Password || l.places == nil {
		return nil, nil
	}
	spray, err := b.sprayOf(password)
	return append(slices.Clone(l.places), spray), err
}

func (l lanes) all() []string { return slices.Concat(l.password, l.otp, l.send, l.push, l.recovery) }

// lanesOf: an address is kept as a keyed hash alone.
func (b *Bank) lanesOf(ctx context.Context, caller Caller, device id.Device, bound bool) (lanes, error) {
	if bound {
		return lanes{password: []string{"device:" + device.UUID().String()}, otp: otpLanes(device), recovery: otpLanes(device)}, nil // nothing is sent to it, and nobody asked for it
	}
	digest, err := b.mac(keyOrigin, []byte(origin(caller.IP.Reveal())))
	if err != nil {
		return lanes{}, err
	}
	place := opaque.EncodeToString(digest[:12])
	places, err := b.placesOf(ctx, caller.IP.Reveal())
	return lanes{[]string{"origin:" + place, attempt.Unknown}, []string{"otp-origin:" + place, attempt.OTP},
		[]string{"otp-send-origin:" + place, attempt.OTPSend}, []string{"push-origin:" + place, attempt.Push},
		[]string{"recovery-code-origin:" + place, attempt.RecoveryCode}, places}, err
}

// recoveryLanes are those that recoveries are begun in; strangers' are not the own
// device's.
func (b *Bank) recoveryLanes(caller Caller, device id.Device, bound bool) ([]string, error) {
	if bound {
		return []string{"recovery-device:" + device.UUID().String()}, nil
	}
	digest, err := b.mac(keyOrigin, []byte(origin(caller.IP.Reveal())))
	return []string{"recovery-origin:" + opaque.EncodeToString(digest[:12]), attempt.Recovery}, err
}

func otpLanes(device id.Device) []string { return []string{"otp-device:" + device.UUID().String()} }

// origin is what one place is: an IPv4 address, or the /64 that one IPv6
// subscriber has to itself.
func origin(ip string) string {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	return netip.PrefixFrom(address, 64).Masked().String()
}

// count takes an attempt from the lanes before anything is checked, and from those of
// the budgets around it, all or none. Refused: *attempt.Throttled. of is whose budget
// it is, to be told when it is used up.
func (b *Bank) count(ctx context.Context, order Order, budget id.Attempts, of id.Customer, lanes []string, around ...budgetLanes) error {
	order.ID, order.Asked = DerivedID(order.ID, "attempt"), schemas.CountAttempt{Attempts: budget, Lanes: lanes}
	locks := streams(budget)
	for _, one := range around {
		locks = append(locks, stripe(one.budget.UUID()))
	}
	_, _, err := execute(ctx, b, "attempt.count", order, locks.sorted(), func(w *work) error {
		if err := w.takeFrom(around, budget); err != nil {
			return err
		}
		return b.attempts.decide(w, budget, attempt.Count{Lanes: lanes, Customer: of, Device: order.Caller.Device, At: order.At})
	}, nothing)
	return err
}
