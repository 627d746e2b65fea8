package projections

import (
	"context"
	"fmt"
	"time"

	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/notification"
	"florin/eventbus"
)

// Notification is one entry of a customer's inbox. What it says is not here: it is
// made of template and amount when somebody reads it.
type Notification struct {
	Notification id.Notification
	Customer     id.Customer
	Category     notification.Category
	Template     string
	About        string
	Amount       money.Amount
	Code         string
	HappenedAt   time.Time
	FiledAt      time.Time
	ReadAt       time.Time // zero: not read by itself
	Filed        eventbus.Position
	Position     eventbus.Position // of the last event that is in it

	Read bool // by itself or with all others; set by queries
}

var notificationsTable = table{
	name: "notifications", key: []string{"notification"},
	columns: []column{
		{"notification", text}, {"customer", text}, {"category", text}, {"template", text}, {"about", text}, {"amount", bigint}, {"currency", text},
		{"code", text}, {"happened_at", bigint}, {"filed_at", bigint}, {"read_at", bigint}, {"filed", bigint}, {"position", bigint},
	},
	indexes: []index{{"notifications_by_customer", "customer, filed"}, {"notifications_by_change", "customer, position"}},
}

func (n *Notification) fields() []any {
	return []any{
		&n.Notification, &n.Customer, (*string)(&n.Category), &n.Template, &n.About, &n.Amount.Minor, (*string)(&n.Amount.Currency),
		&n.Code, &n.HappenedAt, &n.FiledAt, &n.ReadAt, (*uint64)(&n.Filed), (*uint64)(&n.Position),
	}
}

// inbox is how far a customer has read all.
type inbox struct {
	Customer id.Customer
	Through  eventbus.Position
	Position eventbus.Position
}

var inboxesTable = table{
	name: "inboxes", key: []string{"customer"},
	columns: []column{{"customer", text}, {"through", bigint}, {"position", bigint}},
}

func (i *inbox) fields() []any {
	return []any{&i.Customer, (*uint64)(&i.Through), (*uint64)(&i.Position)}
}

type notificationsFold struct {
	entries *rows[id.Notification, Notification]
	inboxes *rows[id.Customer, inbox]
}

func beginNotifications(tables []table) fold {
	return notificationsFold{
		newRows(tables[0], func(k id.Notification) []any { return []any{k.String()} }, (*Notification).fields),
		newRows(tables[1], func(k id.Customer) []any { return []any{k.String()} }, (*inbox).fields),
	}
}

func (n notificationsFold) flush(w *writer) {
	n.entries.flush(w)
	n.inboxes.flush(w)
}

func (n notificationsFold) forget() {
	n.entries.forget()
	n.inboxes.forget()
}

func (n notificationsFold) apply(w *writer, _ *commit, f *fact) error {
	switch e := f.event.(type) {
	case notification.Filed:
		n.entries.add(e.Notification, Notification{
			Notification: e.Notification, Customer: e.Customer, Category: e.Category, Template: e.Template, About: e.About, Amount: e.Amount,
			Code: e.Code, HappenedAt: e.HappenedAt, FiledAt: e.At, Filed: f.Position, Position: f.Position,
		})
	case notification.Read:
		row, ok := n.entries.get(w, e.Notification)
		if !ok {
			return errNoRow
		}
		row.ReadAt, row.Position = e.At, f.Position
	case notification.AllRead:
		n.inboxes.add(e.Customer, inbox{Customer: e.Customer, Through: eventbus.Position(e.Through), Position: f.Position})
	case notification.Sent, notification.Failed, notification.PreferencesChosen: // messages and choices are no entries
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

// NotificationsOf lists a customer's entries, newest first: up to limit, filed below
// before (0: from the newest).
func (r *Reads) NotificationsOf(ctx context.Context, customer id.Customer, before eventbus.Position, limit int) ([]Notification, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	return r.notifications(ctx, customer, "filed < ? order by filed desc limit ?", uint64(before), bounded(limit))
}

// NotificationsFrom lists what was filed or read by itself above a position, in the
// order of the log: up to limit. An entry that was filed and read since comes once, as
// it is now.
func (r *Reads) NotificationsFrom(ctx context.Context, customer id.Customer, after eventbus.Position, limit int) ([]Notification, error) {
	return r.notifications(ctx, customer, "position > ? order by position limit ?", uint64(after), bounded(limit))
}

// NotificationOf gives one entry of the customer's. ErrMissing, also for another's.
func (r *Reads) NotificationOf(ctx context.Context, customer id.Customer, of id.Notification) (Notification, error) {
	found, err := r.notifications(ctx, customer, "notification = ?", of.String())
	if err == nil && len(found) == 0 {
		err = ErrMissing
	}
	if err != nil {
		return Notification{}, err
	}
	return found[0], nil
}

func (r *Reads) notifications(ctx context.Context, customer id.Customer, where string, args ...any) (found []Notification, err error) {
	through, _, err := r.ReadThrough(ctx, customer)
	if err != nil {
		return nil, err
	}
	args = append([]any{customer.String()}, args...)
	err = r.database.each(ctx, "select "+notificationsTable.names()+" from notifications where customer = ? and "+where, args, func(row scanner) error {
		var n Notification
		err := row.Scan(destinations(n.fields())...)
		n.Read = !n.ReadAt.IsZero() || n.Filed <= through
		found = append(found, n)
		return err
	})
	return found, err
}

// Unread counts the entries of a customer's that were not read.
func (r *Reads) Unread(ctx context.Context, customer id.Customer) (count int64, err error) {
	through, _, err := r.ReadThrough(ctx, customer)
	if err != nil {
		return 0, err
	}
	err = r.database.each(ctx, "select count(*) from notifications where customer = ? and filed > ? and read_at = 0",
		[]any{customer.String(), uint64(through)}, func(row scanner) error { return row.Scan(&count) })
	return count, err
}

// ReadThrough is how far all of a customer's entries count as read, and the position at
// which that was said; 0 if it never was.
func (r *Reads) ReadThrough(ctx context.Context, customer id.Customer) (through, at eventbus.Position, err error) {
	err = r.database.each(ctx, "select through, position from inboxes where customer = ?", []any{customer.String()}, func(row scanner) error {
		return row.Scan((*uint64)(&through), (*uint64)(&at))
	})
	return through, at, err
}
