package commands

import (
	"context"

	"florin/domain"
	"florin/domain/approval"
	"florin/domain/device"
	"florin/domain/id"
	"florin/domain/notification"
	"florin/eventbus"
)

// takeApproval notes that the devices which may answer are to be told that there is
// something to answer. What it is they ask the bank for: a push message lies on
// other people's servers, and on a locked screen.
func (n *notifying) takeApproval(ctx context.Context, fact Happened, asked approval.Requested, agenda *Agenda) error {
	if asked.Customer.IsZero() || !agenda.Now().Before(asked.ExpiresAt) {
		return nil
	}
	return n.takeDevices(ctx, fact, notice{template: "approval-requested", customer: asked.Customer, expires: asked.ExpiresAt}, asked.Device, agenda)
}

// takeDevices notes that every device of a customer's but one is to be told. Fact is,
// in a notice to a device, the device.
func (n *notifying) takeDevices(ctx context.Context, fact Happened, told notice, but id.Device, agenda *Agenda) error {
	person, err := n.bank.customers.look(ctx, told.customer)
	if err != nil || !agenda.Now().Before(told.expires) {
		return err
	}
	told.channel = notification.Push
	for _, to := range person.Devices {
		if to == but {
			continue
		}
		told.fact = eventbus.Stream(to.Stream())
		named := id.From[id.Notification](DerivedID(fact.EventID, "notify/push/"+to.String()))
		agenda.Set(eventbus.Stream(named.Stream()), agenda.Now(), told.String())
	}
	return nil
}

// pushAddress is the token of a device that is the customer's, and may answer what
// waits now if it is to be told of that; "" if there is none.
func (n *notifying) pushAddress(ctx context.Context, told notice) (domain.Profile, error) {
	to := id.From[id.Device](uuidIn(told.fact))
	from, err := n.bank.devices.look(ctx, to)
	if err != nil || !from.Usable() || from.Customer != told.customer {
		return domain.Profile{}, err
	}
	if told.template != "approval-requested" {
		return n.bank.pushToken(ctx, to)
	}
	desk, err := n.bank.approvals.look(ctx, approvalsOf(told.customer))
	if err != nil {
		return domain.Profile{}, err
	}
	if waiting, there := desk.Waiting(n.bank.sources.Time()); !there || !waiting.MayAnswer(to, from.BoundAt) || from.SCAKey.IsZero() {
		return domain.Profile{}, nil
	}
	return n.bank.pushToken(ctx, to)
}

// pushToken reads it from the device's stream, for states hold none.
func (b *Bank) pushToken(ctx context.Context, of id.Device) (domain.Profile, error) {
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return domain.Profile{}, err
		}
		event, err := b.treaty.Devices.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		registered, _ := event.(device.Registered)
		return registered.PushToken, err
	}
	return domain.Profile{}, nil
}
