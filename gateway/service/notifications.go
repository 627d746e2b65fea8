package service

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/notification"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// Notifications serves /v1/notifications: a customer's inbox, and how the customer
// wants to be told. It is for the customer's own devices: who got in where, and by
// what, is nothing for third parties.
type Notifications struct {
	Desk
	bells *bells
}

// NewNotifications makes the service, with one reader of the log for all its streams.
func NewNotifications(desk Desk) Notifications {
	return Notifications{desk, newBells(desk.Log, desk.Treaty)}
}

// NotificationAnswer is an entry on the wire. Title and text are in the language of
// the customer's preferences, made when it is read.
type NotificationAnswer struct {
	Notification id.Notification       `json:"notification"`
	Category     notification.Category `json:"category"` // security, account, payments or cards
	Template     string                `json:"template"` // code of what it says
	Title        string                `json:"title"`
	Text         string                `json:"text"`
	About        string                `json:"about,omitzero"` // identifier of what it is about: trf_..., acc_..., dev_...
	Amount       string                `json:"amount,omitzero"`
	Currency     money.Currency        `json:"currency,omitzero"`
	Code         string                `json:"code,omitzero"` // why, where there is a reason
	Read         bool                  `json:"read"`
	HappenedAt   time.Time             `json:"happened_at"`
	ReadAt       time.Time             `json:"read_at,omitzero"` // if it was read by itself
	Position     eventbus.Position     `json:"position"`         // at which it was put into the inbox
}

// NotificationList is a page of an inbox, newest first.
type NotificationList struct {
	Notifications []NotificationAnswer `json:"notifications"`
	Unread        int64                `json:"unread"` // of all
}

// ReadAnswer tells that something counts as read.
type ReadAnswer struct {
	Notification id.Notification   `json:"notification,omitzero"`
	Through      id.Notification   `json:"through,omitzero"` // and all that was filed before it
	Read         bool              `json:"read"`
	Position     eventbus.Position `json:"position,omitzero"` // none: it did before
}

// PreferencesAnswer is how the customer is told.
type PreferencesAnswer struct {
	Language  string               `json:"language"`
	TimeZone  string               `json:"time_zone"`
	Channels  notificationChannels `json:"channels"`
	Quiet     *notification.Quiet  `json:"quiet_hours,omitzero"`
	Languages []string             `json:"languages"` // that there are
	Position  eventbus.Position    `json:"position,omitzero"`
}

// notificationChannels are lists, if empty ones.
type notificationChannels struct {
	Security []string `json:"security"`
	Account  []string `json:"account"`
	Payments []string `json:"payments"`
	Cards    []string `json:"cards"`
}

// List is the caller's inbox.
func (s Notifications) List(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r, "notifications")
	if err != nil {
		return err
	}
	before, err := page.position()
	if err != nil {
		return err
	}
	if err := s.fresh(r, "notifications"); err != nil {
		return err
	}
	owner := CallOf(r.Context()).Caller.Customer
	rows, err := s.Reads.NotificationsOf(r.Context(), owner, before, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, strconv.FormatUint(uint64(last.Filed), 10))
	}
	preferred, err := s.Bank.Notifications().Preferences(r.Context(), owner)
	if err != nil {
		return err
	}
	list := NotificationList{Notifications: make([]NotificationAnswer, 0, len(rows))}
	for _, row := range rows {
		list.Notifications = append(list.Notifications, notificationOf(row, preferred.Language))
	}
	if list.Unread, err = s.Reads.Unread(r.Context(), owner); err != nil {
		return err
	}
	return wire.OK(w, list)
}

func notificationOf(row projections.Notification, language string) NotificationAnswer {
	said, _ := notification.Say(language, row.Template) // that all are said a test sees to
	answer := NotificationAnswer{
		Notification: row.Notification, Category: row.Category, Template: row.Template, Title: said.Title, Text: said.Entry(language, row.Amount),
		About: row.About, Code: row.Code, Read: row.Read, HappenedAt: row.HappenedAt, ReadAt: row.ReadAt, Position: row.Filed,
	}
	if row.Amount.Currency != "" {
		answer.Amount, answer.Currency = row.Amount.Decimal(), row.Amount.Currency
	}
	return answer
}

// Read marks an entry of the caller's; once more changes nothing.
func (s Notifications) Read(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.Notification](r)
	if err != nil {
		return err
	}
	call := CallOf(r.Context())
	if err := empty(call.Body); err != nil {
		return err
	}
	outcome, err := s.Bank.Notifications().Read(r.Context(), s.order(r, call), asked)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, ReadAnswer{Notification: asked, Read: true, Position: outcome.Receipt.Last})
}

// ReadAll marks an entry of the caller's and all that was filed before it.
func (s Notifications) ReadAll(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.ReadAllNotifications](call.Body)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "notifications"); err != nil {
		return err
	}
	newest, err := s.Reads.NotificationOf(r.Context(), call.Caller.Customer, body.Through)
	if errors.Is(err, projections.ErrMissing) {
		return problem.NotFound
	}
	if err != nil {
		return err
	}
	outcome, err := s.Bank.Notifications().ReadAll(r.Context(), s.order(r, call), int64(newest.Filed))
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, ReadAnswer{Through: body.Through, Read: true, Position: outcome.Receipt.Last})
}

// Preferences is how the caller is told.
func (s Notifications) Preferences(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.Query(r); err != nil {
		return err
	}
	preferred, err := s.Bank.Notifications().Preferences(r.Context(), CallOf(r.Context()).Caller.Customer)
	if err != nil {
		return err
	}
	return wire.OK(w, preferencesOf(preferred))
}

// Choose sets it.
func (s Notifications) Choose(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.ChooseNotifications](call.Body)
	if err != nil {
		return err
	}
	initial := notification.Inbox{}.Preferences().Channels
	wanted := notification.Preferences{Language: body.Language, TimeZone: body.TimeZone, Quiet: notification.Quiet(body.Quiet), Channels: notification.Channels{
		Security: saidOr(body.Channels.Security, initial.Security), Account: saidOr(body.Channels.Account, initial.Account),
		Payments: saidOr(body.Channels.Payments, initial.Payments), Cards: saidOr(body.Channels.Cards, initial.Cards)}}
	chosen, outcome, err := s.Bank.Notifications().Choose(r.Context(), s.order(r, call), wanted)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	answer := preferencesOf(chosen)
	answer.Position = outcome.Receipt.Last
	return wire.OK(w, answer)
}

// saidOr tells an empty list from none.
func saidOr(said, initial []string) []string {
	if said == nil {
		return initial
	}
	return said
}

func preferencesOf(p notification.Preferences) PreferencesAnswer {
	list := func(channels []string) []string { return append([]string{}, channels...) }
	answer := PreferencesAnswer{Language: p.Language, TimeZone: p.TimeZone, Languages: notification.Languages(), Channels: notificationChannels{
		Security: list(p.Channels.Security), Account: list(p.Channels.Account), Payments: list(p.Channels.Payments), Cards: list(p.Channels.Cards)}}
	if p.Quiet != (notification.Quiet{}) {
		answer.Quiet = &p.Quiet
	}
	return answer
}
