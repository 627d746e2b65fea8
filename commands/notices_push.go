package commands

import (
	"context"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/device"
	"florin/domain/id"
	"florin/eventbus"
)

// toDevices notes that every device of a customer's but one is to be told. Fact is,
// in a notice to a device, the device.
func (n *notifying) toDevices(ctx context.Context, cause uuid.UUID, told notice, but id.Device, due time.Time, agenda *Agenda) error {
	person, err := n.bank.customers.look(ctx, told.customer)
	if err != nil {
		return err
	}
	for _, to := range person.Devices {
		if to == but {
			continue
		}
		told.fact = eventbus.Stream(to.Stream())
		n.set(agenda, DerivedID(cause, "notify/push/"+to.String()), due, told)
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
