package service

import (
	"cmp"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// Devices serves /v1/devices, but for the registration itself: there nobody is
// known yet, and the identity provider takes it.
type Devices struct{ Desk }

// DeviceAnswer is a device on the wire.
type DeviceAnswer struct {
	Device       id.Device `json:"device_id"`
	Status       string    `json:"status"`
	Name         string    `json:"name,omitzero"` // as its owner calls it
	Current      bool      `json:"current"`       // the one that asks
	Platform     string    `json:"platform"`
	OS           string    `json:"os,omitzero"`
	Model        string    `json:"model,omitzero"`
	AppVersion   string    `json:"app_version,omitzero"`
	Attestation  string    `json:"attestation_level"`
	Format       string    `json:"attestation_format,omitzero"` // of the last statement that stood
	AttestedAt   time.Time `json:"attested_at,omitzero"`
	SCALevel     string    `json:"sca_level,omitzero"` // what its confirmations are worth: sca, or sca-hw
	RegisteredAt time.Time `json:"registered_at"`
	BoundAt      time.Time `json:"bound_at,omitzero"`
	EndedAt      time.Time `json:"ended_at,omitzero"`
}

// DeviceList is a page of devices.
type DeviceList struct {
	Devices []DeviceAnswer `json:"devices"`
}

// EndedAnswer is what was ended.
type EndedAnswer struct {
	Device  id.Device  `json:"device_id,omitzero"`
	Session id.Session `json:"session_id,omitzero"`
	Consent id.Consent `json:"consent_id,omitzero"`
	Status  string     `json:"status"`
}

// List is the caller's own devices, those that are no more included; or, for an
// operator, those of the customer they name: that they looked is recorded first.
func (s Devices) List(w http.ResponseWriter, r *http.Request) error {
	caller, named := CallOf(r.Context()).Caller, r.URL.Query().Get("customer")
	page, err := s.page(r, "devices "+named, "customer")
	if err != nil {
		return err
	}
	of, err := ofWhom(caller, named)
	if err != nil {
		return err
	}
	after, err := marked[id.Device](page)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "devices"); err != nil {
		return err
	}
	if caller.Customer.IsZero() {
		if err := s.look(r, "devices", of); err != nil {
			return err
		}
	}
	rows, err := s.Reads.DevicesOf(r.Context(), of, after, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, last.Device.String())
	}
	list := DeviceList{Devices: make([]DeviceAnswer, 0, len(rows))}
	for _, row := range rows {
		list.Devices = append(list.Devices, deviceOf(row, caller.Device))
	}
	return wire.OK(w, list)
}

// ofWhom is the customer that a list is of: a customer's is their own, whatever they
// ask for, and an operator names one.
func ofWhom(caller commands.Caller, named string) (id.Customer, error) {
	switch of, err := id.Parse[id.Customer](named); {
	case !caller.Customer.IsZero() && named == "":
		return caller.Customer, nil
	case err != nil, !caller.Customer.IsZero() && of != caller.Customer:
		return of, problem.BadParameter
	default:
		return of, nil
	}
}

// SCALevel is the last word of the acr that a device's SCA key earns; "" of none.
func SCALevel(there, hardware bool) string {
	switch {
	case hardware:
		return "sca-hw"
	case there:
		return "sca"
	}
	return ""
}

func deviceOf(row projections.Device, current id.Device) DeviceAnswer {
	return DeviceAnswer{
		Device: row.Device, Status: row.Status, Name: row.Name.Reveal(), Current: row.Device == current, Platform: row.Platform, OS: row.OS, Model: row.Model,
		AppVersion: row.AppVersion, Attestation: row.Attestation, Format: row.Format, AttestedAt: row.AttestedAt, SCALevel: SCALevel(row.SCAKey, row.SCAHardware),
		RegisteredAt: row.RegisteredAt, BoundAt: row.BoundAt, EndedAt: row.EndedAt,
	}
}

// RenamedAnswer is a device with its new name.
type RenamedAnswer struct {
	Device id.Device `json:"device_id"`
	Name   string    `json:"name"`
}

// Rename gives a device of the caller's a name.
func (s Devices) Rename(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Device](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.RenameDevice](call.Body)
	if err != nil {
		return err
	}
	outcome, err := s.Bank.Devices().Rename(r.Context(), s.order(r, call), asked, profile(body.Name))
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, RenamedAnswer{asked, body.Name})
}

// ExpectedAnswer is the word that the customer's next phone brings to its login.
type ExpectedAnswer struct {
	Expected  string    `json:"expected"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Expect gives the customer's next phone a way past strangers who try the name: the
// parameter expected of POST /oauth2/challenge, at every step. It proves nothing.
func (s Devices) Expect(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	if err := empty(call.Body); err != nil {
		return err
	}
	word, until, err := s.Bank.Devices().Expect(r.Context(), call.Caller, s.Bank.Sources().Time())
	if err != nil {
		return err
	}
	return wire.OK(w, ExpectedAnswer{word, until})
}

// Revoke ends a device of the caller's and all its sessions. Another device than
// the one that asks needs strong authentication that is fresh. An operator ends
// anybody's, and says why.
func (s Devices) Revoke(w http.ResponseWriter, r *http.Request) error {
	asked, order, err := s.ends(r, decoded(func(b schemas.RevokeDevice) string { return b.Reason }))
	if err != nil {
		return err
	}
	reason := order.Caller.Reason
	if !order.Caller.Customer.IsZero() {
		reason = cmp.Or(reason, "removed-by-customer")
	}
	outcome, err := s.Bank.Devices().Revoke(r.Context(), order, asked, reason)
	if err != nil {
		return refused(w, outcome, err)
	}
	if err := s.settled(r, outcome); err != nil {
		return err
	}
	answered(w, outcome)
	return wire.OK(w, EndedAnswer{Device: asked, Status: projections.DeviceRevoked})
}

// ReportLost ends a device that its owner no longer has.
func (s Devices) ReportLost(w http.ResponseWriter, r *http.Request) error {
	asked, order, err := s.ends(r, decoded(func(b schemas.ReportDeviceLost) string { return b.Reason }))
	if err != nil {
		return err
	}
	outcome, err := s.Bank.Devices().ReportLost(r.Context(), order, asked)
	if err != nil {
		return refused(w, outcome, err)
	}
	if err := s.settled(r, outcome); err != nil {
		return err
	}
	answered(w, outcome)
	return wire.OK(w, EndedAnswer{Device: asked, Status: projections.DeviceLost})
}

// ends is the device of the path and the order to end it, if the caller is strong
// enough. The verb finds out whether it is theirs to end.
func (s Devices) ends(r *http.Request, reason func([]byte) (string, error)) (id.Device, commands.Order, error) {
	call := CallOf(r.Context())
	order := s.order(r, call)
	asked, err := pathID[id.Device](r)
	if err != nil {
		return asked, order, err
	}
	if order.Caller.Reason, err = reason(call.Body); err != nil {
		return asked, order, err
	}
	if asked != call.Caller.Device && !call.FreshSCA {
		return asked, order, problem.StepUp
	}
	return asked, order, nil
}
