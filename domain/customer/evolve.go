package customer

import (
	"slices"

	"florin/domain/id"
)

// Evolve takes in one fact. It never refuses: what is in the log has happened.
// Slices are copied, for states are shared.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Enrolled:
		s.Customer, s.Status, s.Password, s.Claims = e.Customer, e.Status, e.Password, e.Claims
		if !e.TOTP.IsZero() {
			s.Factors = []Factor{{Factor: e.TOTP, Type: TypeTOTP, At: e.At}}
		}
	case ThirdPartyJoined:
		s.Agreed = s.agree(e.Session)
	case PasswordChanged:
		s.Password, s.PasswordAt = e.Password, e.At
	case FactorOffered: // one offer of a type at a time
		s.Offers = append(s.without(func(o Offer) bool { return o.Type == e.Type }), Offer{Factor: e.Factor, Type: e.Type, ExpiresAt: e.ExpiresAt})
	case FactorAdded:
		s = s.added(Factor{Factor: e.Factor, Type: e.Type, At: e.At, UsableFrom: e.UsableFrom, Device: e.Device})
	case PasskeyAdded:
		s = s.added(Factor{Factor: e.Factor, Type: TypePasskey, At: e.At, UsableFrom: e.UsableFrom, Device: e.Device, Credential: e.Credential})
	case PasskeyUsed:
		s.Factors = s.changed(e.Factor, func(f *Factor) { f.Credential.SignCount, f.Credential.BackedUp = e.SignCount, e.BackedUp })
	case RecoveryCodesMade:
		s = s.added(Factor{Factor: e.Factor, Type: TypeRecovery, At: e.At, Device: e.Device})
	case RecoveryCodeUsed:
		s.Factors = s.changed(e.Factor, func(f *Factor) { f.Spent |= 1 << e.Index })
	case FactorApproved:
		s.Factors = s.changed(e.Factor, func(f *Factor) { f.UsableFrom = e.At })
	case FactorRemoved:
		s.Factors = slices.DeleteFunc(slices.Clone(s.Factors), func(f Factor) bool { return f.Factor == e.Factor })
	case OTPUsed:
		s.Factors = s.changed(e.Factor, func(f *Factor) { f.LastStep = e.Step })
	case DeviceBound:
		s.Devices, s.BoundAt = append(slices.Clone(s.Devices), e.Device), append(slices.Clone(s.BoundAt), e.At)
	case DeviceVisited:
		s.Visited = append(slices.Clone(s.Visited), e.Device)
	case ContactRequested:
		s.Asked = AskedContact{e.Type, e.Claim, e.Salt, e.ExpiresAt}
	case ContactChanged:
		s = s.moved(e)
	case ContactRemoved:
		s.Claims, s.Verified = lacking(s.Claims, e.Claim), unverified(s.Verified, e.Claim)
	case RecoveryPermitted:
		s.Permit = Permit{e.Recovery, e.For, e.Contact, e.Claim, e.UsableFrom, e.ExpiresAt}
	case RecoveryObjected:
		s.Permit = Permit{}
	case Recovered:
		s = s.recovered(e)
	case SendingLimited:
		s.Sending = SendingLimit{e.Hundredths, e.Until}
	case SendingLimitLifted:
		s.Sending = SendingLimit{}
	case Activated:
		s.Status = Active
	case Restricted:
		s.Status = Limited
	case ReportedDeceased:
		s.Status = Deceased
	case Closed:
		s.Status = ClosedDown
	case ErasureRequested:
		s.Erasing, s.Status = true, ClosedDown
	case Erased:
		s.Gone, s.Password, s.Factors, s.Offers = true, "", nil, nil
		s.Claims, s.Verified = []id.Claim{}, nil
	}
	return s
}

// added takes in a factor; the devices that are bound by now are older than it.
func (s State) added(f Factor) State {
	f.Older = s.settled(f.At)
	s.Factors = append(slices.Clone(s.Factors), f)
	s.Offers = s.without(func(o Offer) bool { return o.Factor == f.Factor })
	return s
}

// recovered takes in a recovery. A pause never becomes shorter; and whoever has set
// anything anew needs no permit any more, whether it was used or not.
func (s State) recovered(e Recovered) State {
	if e.PaymentsFrom.After(s.PaymentsFrom) {
		s.PaymentsFrom = e.PaymentsFrom
	}
	if !e.PaymentsFrom.IsZero() {
		s.Permit, s.RecoveredAt = Permit{}, e.At
	}
	if !e.Permit.IsZero() {
		s.Permit = Permit{}
	}
	return s
}
