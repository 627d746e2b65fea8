package commands

import (
	"context"
	"slices"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/attest"
	"florin/domain/attest/trust"
	"florin/domain/customer"
	"florin/domain/device"
	"florin/domain/id"
	"florin/domain/money"
	"florin/schemas/seal"
)

// Devices are the verbs of devices.
type Devices struct{ bank *Bank }

// Devices gives the verbs of devices.
func (b *Bank) Devices() Devices { return Devices{b} }

// RegisterDevice asks for a key to be known. That both keys are possessed was proven.
type RegisterDevice struct {
	Key, SCAKey                     domain.PublicKey
	Platform, OS, Model, AppVersion string
	Fingerprint, PushToken          domain.Profile
	Statement                       trust.Statement // what its platform says of both keys
}

// DeviceAnswer is a device as its registration left it.
type DeviceAnswer struct {
	Device      id.Device
	JKT         string
	Status      string // registered or bound
	Attestation string // the highest level that it has shown
	SCAHardware bool   // the SCA key is proven to ask for its owner
	Known       bool   // the key was registered before
}

// Register makes a key known as a device. The same key again is the same device; with
// another attestation of both its keys, or an assertion, it has shown something anew.
// An attestation that does not stand is refused with its code, and nothing is written.
func (d Devices) Register(ctx context.Context, order Order, ask RegisterDevice) (DeviceAnswer, Outcome, error) {
	b := d.bank
	jkt := ask.Key.Thumbprint()
	registered := id.Named[id.Device](jkt)
	known, outcome, err := execute(ctx, b, "device.register", order, streams(registered), func(w *work) error {
		w.under(ofDevice(registered))
		verdict, err := b.judge(w, registered, ask.Statement)
		if err != nil {
			return err
		}
		err = b.devices.decide(w, registered, device.Register{
			Device: registered, JKT: jkt, Key: ask.Key, SCAKey: ask.SCAKey, Platform: ask.Platform, OS: ask.OS, Model: ask.Model,
			AppVersion: ask.AppVersion, Fingerprint: ask.Fingerprint, PushToken: ask.PushToken, Attestation: verdict.Level, At: order.At,
		})
		if err != nil || verdict.Level == attest.LevelNone {
			return err
		}
		return b.devices.decide(w, registered, noted(verdict, ask.SCAKey, order.At))
	}, func(facts []Fact) (bool, error) {
		return !slices.ContainsFunc(facts, func(f Fact) bool { return f.Event.Kind() == device.Registered{}.Kind() }), nil
	})
	if err != nil {
		return DeviceAnswer{}, outcome, err
	}
	state, err := b.devices.look(ctx, registered)
	if err != nil {
		return DeviceAnswer{}, outcome, err
	}
	answer := DeviceAnswer{Device: registered, JKT: jkt, Status: "registered", Attestation: state.Attestation, SCAHardware: state.SCAHardware, Known: known}
	if !state.Customer.IsZero() && known {
		answer.Status = "bound"
	}
	return answer, outcome, nil
}

// DeviceKeys are a device's public keys; SCA is zero if it has none.
type DeviceKeys struct{ Device, SCA domain.PublicKey }

// Keys are the keys of a device that may be used; of any other: not-found.
func (d Devices) Keys(ctx context.Context, named id.Device) (DeviceKeys, error) {
	state, err := d.bank.devices.look(ctx, named)
	switch {
	case err != nil:
		return DeviceKeys{}, err
	case !state.Usable():
		return DeviceKeys{}, device.ErrUnknown
	}
	return DeviceKeys{state.Key, state.SCAKey}, nil
}

// Rename gives an own device a name. Any other is not-found.
func (d Devices) Rename(ctx context.Context, order Order, named id.Device, name domain.Profile) (Outcome, error) {
	b := d.bank
	_, outcome, err := execute(ctx, b, "device.rename", order, streams(named), func(w *work) error {
		state, err := b.devices.load(w, named)
		if err != nil {
			return err
		}
		if state.Device.IsZero() || !b.mayTouch(order.Caller, state.Customer) {
			return device.ErrUnknown
		}
		return b.devices.decide(w, named, device.Rename{Name: name, At: order.At})
	}, nothing)
	return outcome, err
}

// Revoke ends a device and every session that was begun with it; reason is a
// code. A customer ends only an own one: any other is not-found. An operator ends
// anybody's, which is then done on behalf of its customer.
func (d Devices) Revoke(ctx context.Context, order Order, revoked id.Device, reason string) (Outcome, error) {
	return d.end(ctx, order, "device.revoke", revoked, device.Revoke{By: order.Caller.ActorType, Reason: reason, At: order.At}, "device-revoked")
}

// ReportLost is Revoke of a device that is in nobody knows whose hands. The caller's
// reason is a code: an operator's says how they know, and a customer needs none.
func (d Devices) ReportLost(ctx context.Context, order Order, lost id.Device) (Outcome, error) {
	return d.end(ctx, order, "device.report_lost", lost, device.ReportLost{By: order.Caller.ActorType, Reason: order.Caller.Reason, At: order.At}, "device-lost")
}

func (d Devices) end(ctx context.Context, order Order, verb string, ended id.Device, command device.Command, reason string) (Outcome, error) {
	b := d.bank
	_, outcome, err := execute(ctx, b, verb, order, streams(ended), func(w *work) error {
		state, err := b.devices.load(w, ended)
		if err != nil {
			return err
		}
		if state.Device.IsZero() || !b.mayTouch(order.Caller, state.Customer) {
			return device.ErrUnknown
		}
		w.order.Caller.actFor(state.Customer)
		if err := b.devices.decide(w, ended, command); err != nil {
			return err
		}
		if err := b.endDevice(w, ended, id.Customer{}, id.Session{}, reason); err != nil {
			return err
		}
		return b.dropApprovals(w, state.Customer, reason) // whoever holds it may have asked for one, or be about to answer it
	}, nothing)
	return outcome, err
}

// mayTouch tells whether a thing of this customer's is a caller's to end: their
// own, or anybody's for operators, the system and the host.
func (b *Bank) mayTouch(caller Caller, owner id.Customer) bool {
	switch caller.ActorType {
	case ActorOperator, ActorSystem:
		return true
	case ActorCustomer:
		return !owner.IsZero() && caller.Customer == owner
	}
	return false
}

func ofDevice(device id.Device) seal.Subject {
	return seal.Subject{Kind: ActorDevice, ID: device.UUID()}
}

// bind makes the device of a strong login the customer's, if it is nobody's yet.
func (b *Bank) bind(w *work, named id.Device, of id.Customer, login id.Grant, doubted bool) error {
	if err := b.devices.decide(w, named, device.Bind{Customer: of, Grant: login, Doubted: doubted, At: w.order.At}); err != nil {
		return err
	}
	return b.customers.decide(w, of, customer.BindDevice{Device: named, At: w.order.At})
}

// deviceCeiling is what may leave an account in a day because of the caller's device,
// which is new, or has not shown what it is: the lower of both.
func (b *Bank) deviceCeiling(w *work, own bool, currency money.Currency) (account.Ceiling, error) {
	return b.ceilingOf(w, w.order.Caller.Customer, w.order.Caller.Device, own, currency)
}

// ceilingOf is that of a customer and a device which have asked, now or before, with what
// risk lets the customer send.
func (b *Bank) ceilingOf(w *work, of id.Customer, asked id.Device, own bool, currency money.Currency) (account.Ceiling, error) {
	ceiling, err := b.ofDevice(w, asked, own, currency)
	if err != nil {
		return account.Ceiling{}, err
	}
	return b.lowered(w, of, own, currency, ceiling)
}

func (b *Bank) ofDevice(w *work, asked id.Device, own bool, currency money.Currency) (account.Ceiling, error) {
	minor, err := b.newDeviceCeiling(w, asked, own, currency)
	if err != nil || own || asked.IsZero() {
		return account.Ceiling{Minor: minor}, err
	}
	from, err := b.devices.load(w, asked)
	if err != nil {
		return account.Ceiling{}, err
	}
	if unproven := b.unproven(from, currency); unproven > 0 && (minor == 0 || unproven < minor) {
		return account.Ceiling{Minor: unproven, Unproven: true}, nil
	}
	return account.Ceiling{Minor: minor}, nil
}

// unproven is what a device may send in a day by its level, in minor units; 0: anything.
func (b *Bank) unproven(from device.State, currency money.Currency) int64 {
	rule := b.settings.Money.Unproven
	limit := map[string]int64{device.AttestedNone: rule.NoneUnits, device.AttestedSoftware: rule.SoftwareUnits}[from.Attestation]
	ceiling, _ := units(limit, currency) // of a currency that is none, the account says so
	return ceiling.Minor
}

// newDeviceCeiling is what may leave an account in a day when the caller's device
// asks, in minor units; 0: it is not new, or the account stays the customer's.
func (b *Bank) newDeviceCeiling(w *work, asked id.Device, own bool, currency money.Currency) (int64, error) {
	rule := b.settings.Money.NewDevice
	if rule.Wait <= 0 || own || asked.IsZero() {
		return 0, nil
	}
	from, err := b.devices.load(w, asked)
	if err != nil || from.Customer.IsZero() || !w.order.At.Before(from.BoundAt.Add(b.settings.Money.waits(rule.Wait, from.Doubted))) {
		return 0, err
	}
	person, err := b.customers.load(w, from.Customer)
	if err != nil || len(person.Devices) > 0 && person.Devices[0] == asked && !from.Doubted {
		return 0, err // the one that the customer began with
	}
	ceiling, _ := units(rule.DailyUnits, currency) // of a currency that is none, the account says so
	return ceiling.Minor, nil
}
