package risk

import (
	"time"

	"github.com/google/uuid"
)

// What History takes in of what was found to be fraud, or none.

// Confirm remembers that something of a customer's to a payee was found to be fraud,
// from when it was found. Either may be zero. A payee who was never paid is remembered
// too: whoever names a mule names it before the first victim pays.
func (h *History) Confirm(customer, payee uuid.UUID, at time.Time) {
	if c, known := h.customers[customer]; known {
		kept(&c.frauds).add(minuteOf(at))
	}
	if payee == uuid.Nil {
		return
	}
	p, known := h.payees[payee]
	if !known {
		p = &payeeHistory{}
		h.payees[payee] = p
	}
	kept(&p.frauds).add(minuteOf(at))
}

// ConfirmDevice remembers that a device was found to be a fraudster's.
func (h *History) ConfirmDevice(device uuid.UUID, at time.Time) {
	kept(&h.device(device).frauds).add(minuteOf(at))
}

// Clear takes back what was confirmed at that time.
func (h *History) Clear(customer, payee uuid.UUID, confirmed time.Time) {
	if c, known := h.customers[customer]; known {
		c.frauds.take(minuteOf(confirmed))
	}
	if p, known := h.payees[payee]; known {
		p.frauds.take(minuteOf(confirmed))
	}
}

// ClearDevice takes back what was confirmed of a device at that time.
func (h *History) ClearDevice(device uuid.UUID, confirmed time.Time) {
	if d, known := h.devices[device]; known {
		d.frauds.take(minuteOf(confirmed))
	}
}
