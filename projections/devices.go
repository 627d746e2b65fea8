package projections

import (
	"context"
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/device"
	"florin/domain/id"
	"florin/eventbus"
)

// Device is one phone (or other key) and whether it still counts. Its
// fingerprint and push token stay in the log, sealed.
type Device struct {
	Device       id.Device
	Customer     id.Customer // zero until it is bound
	Status       string      // registered, bound, revoked, lost
	JKT          string
	SCAKey       bool // a second key, gated by biometrics
	Platform     string
	OS           string
	Model        string
	AppVersion   string
	Attestation  string // the highest level that was shown
	Format       string // of the last statement that stood
	SCAHardware  bool   // the SCA key is proven to ask for its owner
	AttestedAt   time.Time
	RegisteredAt time.Time
	BoundAt      time.Time
	EndedAt      time.Time // revoked or reported lost
	Reason       string    // of the revocation
	NameFrom     int64     // version of the stream that named it last; 0: nobody did
	Position     eventbus.Position
	Name         domain.Profile // opened from the log, never stored here
}

// What Device.Status can be.
const (
	DeviceRegistered = "registered"
	DeviceBound      = "bound"
	DeviceRevoked    = "revoked"
	DeviceLost       = "lost"
)

var devicesTable = table{
	name: "devices", key: []string{"device"},
	columns: []column{
		{"device", text}, {"customer", text}, {"status", text}, {"jkt", text}, {"sca_key", bigint}, {"platform", text},
		{"os", text}, {"model", text}, {"app_version", text}, {"attestation", text}, {"registered_at", bigint},
		{"bound_at", bigint}, {"ended_at", bigint}, {"reason", text}, {"name_from", bigint}, {"attestation_format", text},
		{"sca_hardware", bigint}, {"attested_at", bigint}, {"position", bigint},
	},
	indexes: []index{{"devices_by_customer", "customer"}},
}

func (d *Device) fields() []any {
	return []any{
		&d.Device, &d.Customer, &d.Status, &d.JKT, &d.SCAKey, &d.Platform,
		&d.OS, &d.Model, &d.AppVersion, &d.Attestation, &d.RegisteredAt,
		&d.BoundAt, &d.EndedAt, &d.Reason, &d.NameFrom, &d.Format, &d.SCAHardware, &d.AttestedAt, (*uint64)(&d.Position),
	}
}

type devicesFold struct{ devices *rows[id.Device, Device] }

func beginDevices(tables []table) fold {
	return devicesFold{newRows(tables[0], func(k id.Device) []any { return []any{k.String()} }, (*Device).fields)}
}

func (d devicesFold) flush(w *writer) { d.devices.flush(w) }
func (d devicesFold) forget()         { d.devices.forget() }

func (d devicesFold) apply(w *writer, _ *commit, f *fact) error {
	if e, ok := f.event.(device.Registered); ok {
		d.devices.add(e.Device, Device{
			Device: e.Device, Status: DeviceRegistered, JKT: e.JKT, SCAKey: !e.SCAKey.IsZero(), Platform: e.Platform, OS: e.OS,
			Model: e.Model, AppVersion: e.AppVersion, Attestation: e.Attestation, RegisteredAt: e.At, Position: f.Position,
		})
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, ok := d.devices.get(w, id.From[id.Device](of))
	if !ok {
		return errNoRow
	}
	switch e := f.event.(type) {
	case device.Bound:
		row.Status, row.Customer, row.BoundAt = DeviceBound, e.Customer, e.At
	case device.ReportedLost:
		row.Status, row.EndedAt = DeviceLost, e.At
	case device.Revoked:
		if row.Status != DeviceLost { // a lost device is revoked too; lost says more
			row.Status = DeviceRevoked
		}
		row.EndedAt, row.Reason = e.At, e.Reason
	case device.Renamed:
		row.NameFrom = int64(f.Version)
	case device.Attested:
		row.Attestation = device.Stronger(row.Attestation, e.Level)
		row.Format, row.AttestedAt, row.SCAHardware = e.Format, e.At, row.SCAHardware || e.SCAHardware
	case device.Asserted:
		row.AttestedAt = e.At
	case device.SessionJoined:
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	row.Position = f.Position
	return nil
}

// Device gives one device. ErrMissing.
func (r *Reads) Device(ctx context.Context, of id.Device) (Device, error) {
	found, err := r.devices(ctx, "device = ?", of.String())
	if err == nil && len(found) == 0 {
		return Device{}, ErrMissing
	}
	if err != nil {
		return Device{}, err
	}
	return found[0], nil
}

// DevicesOf lists the devices that were ever bound to a customer by their
// identifiers: up to limit, above after (zero: from the first).
func (r *Reads) DevicesOf(ctx context.Context, customer id.Customer, after id.Device, limit int) ([]Device, error) {
	return r.devices(ctx, "customer = ? and device > ? order by device limit ?", customer.String(), after.String(), bounded(limit))
}

func (r *Reads) devices(ctx context.Context, where string, args ...any) (found []Device, err error) {
	err = r.database.each(ctx, "select "+devicesTable.names()+" from devices where "+where, args, func(row scanner) error {
		var d Device
		err := row.Scan(destinations(d.fields())...)
		found = append(found, d)
		return err
	})
	for i := range found {
		if err == nil && found[i].NameFrom > 0 {
			found[i].Name, err = r.deviceName(ctx, found[i])
		}
	}
	return found, err
}

func (r *Reads) deviceName(ctx context.Context, of Device) (domain.Profile, error) {
	event, err := r.at(ctx, of.Device.Stream(), eventbus.Version(of.NameFrom))
	if e, ok := event.(device.Renamed); ok {
		return e.Name, err
	}
	return domain.Profile{}, err
}
