package notification

import (
	"fmt"
	"slices"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// InboxEvent is a fact about a customer's inbox as a whole. The set is sealed.
type InboxEvent interface {
	domain.Event
	inboxEvent()
}

type (
	// AllRead: whatever was filed up to a position of the log counts as read.
	AllRead struct {
		Customer id.Customer `json:"customer"`
		Through  int64       `json:"through"` // log position
		At       time.Time   `json:"at"`
	}
	// PreferencesChosen: how the customer wants to be told from now on.
	PreferencesChosen struct {
		Customer    id.Customer `json:"customer"`
		Preferences Preferences `json:"preferences"`
		At          time.Time   `json:"at"`
	}
)

func (AllRead) Kind() string           { return "inbox.read" }
func (PreferencesChosen) Kind() string { return "inbox.preferences_chosen" }
func (AllRead) inboxEvent()            {}
func (PreferencesChosen) inboxEvent()  {}

// InboxCommand is something one may ask of an inbox.
type InboxCommand interface{ inboxCommand() }

type (
	// ReadAll marks all that was filed up to a position.
	ReadAll struct {
		Customer id.Customer
		Through  int64
		At       time.Time
	}
	// Choose sets the preferences anew, all of them. That the time zone is one has to
	// be known before: a list of them is no rule of the bank.
	Choose struct {
		Customer    id.Customer
		Preferences Preferences
		At          time.Time
	}
)

func (ReadAll) inboxCommand() {}
func (Choose) inboxCommand()  {}

// Preferences are how a customer wants to be told.
type Preferences struct {
	Language string   `json:"language"`  // one of Languages
	TimeZone string   `json:"time_zone"` // of the IANA data base, such as Europe/Berlin
	Channels Channels `json:"channels"`
	Quiet    Quiet    `json:"quiet_hours,omitzero"`
}

// Channels are the ways that are taken beside the inbox, by category.
type Channels struct {
	Security []string `json:"security"` // e-mail and SMS, always
	Account  []string `json:"account"`
	Payments []string `json:"payments"`
	Cards    []string `json:"cards"`
}

// Of are the ways of a category.
func (c Channels) Of(category Category) []string {
	switch category {
	case Security:
		return c.Security
	case Account:
		return c.Account
	case Payments:
		return c.Payments
	case Cards:
		return c.Cards
	}
	return nil
}

// Quiet hours hold back what is not security, from one wall time to another ("22:00"
// to "07:00"), in the customer's time zone. The zero Quiet is none.
type Quiet struct {
	From string `json:"from"`
	To   string `json:"to"`
}

var (
	ErrLanguage = &domain.Refusal{Class: domain.Invalid, Code: "language-unknown", Detail: "There are no texts in that language."}
	ErrTimeZone = &domain.Refusal{Class: domain.Invalid, Code: "time-zone-unknown", Detail: "A time zone is one of the IANA data base, such as Europe/Berlin."}
	ErrChannel  = &domain.Refusal{Class: domain.Invalid, Code: "channel-unknown", Detail: "The channels of a category are some of email, sms and push, each once."}
	ErrQuiet    = &domain.Refusal{Class: domain.Invalid, Code: "quiet-hours-invalid", Detail: "Quiet hours are two different times of day, such as 22:00 and 07:00."}
	ErrSecurity = &domain.Refusal{Class: domain.Refused, Code: "security-notices-stay", Detail: "Notices of security go by e-mail and SMS and cannot be switched off."}
)

// timeZoneBytesMax is longer than any name of the IANA data base.
const timeZoneBytesMax = 64

// Inbox is what the rules need to know of a customer's inbox.
type Inbox struct {
	ReadThrough int64
	chosen      Preferences
}

// Preferences are those chosen, or those of who has chosen none.
func (i Inbox) Preferences() Preferences {
	if i.chosen.Language != "" {
		return i.chosen
	}
	return Preferences{Language: Languages()[0], TimeZone: "UTC", Channels: Channels{
		Security: []string{Email, SMS}, Account: []string{Email, SMS}, Payments: []string{Push}, Cards: []string{Push}}}
}

// Decide answers a command with the facts that follow from it.
func (i Inbox) Decide(command InboxCommand) ([]InboxEvent, error) {
	switch c := command.(type) {
	case ReadAll:
		if c.Through <= i.ReadThrough {
			return nil, nil
		}
		return []InboxEvent{AllRead(c)}, nil
	case Choose:
		if err := c.Preferences.check(); err != nil {
			return nil, err
		}
		return []InboxEvent{PreferencesChosen(c)}, nil
	}
	panic(fmt.Sprintf("notification: unknown command %T", command)) // sealed: a bug, not an input
}

func (p Preferences) check() error {
	switch {
	case !slices.Contains(Languages(), p.Language):
		return ErrLanguage
	case p.TimeZone == "" || len(p.TimeZone) > timeZoneBytesMax:
		return ErrTimeZone
	}
	for _, category := range Categories() {
		if channels := p.Channels.Of(category); !distinctChannels(channels) {
			return ErrChannel
		}
	}
	if !slices.Contains(p.Channels.Security, Email) || !slices.Contains(p.Channels.Security, SMS) {
		return ErrSecurity
	}
	if p.Quiet == (Quiet{}) {
		return nil
	}
	from, ok := wallMinutes(p.Quiet.From)
	to, also := wallMinutes(p.Quiet.To)
	if !ok || !also || from == to {
		return ErrQuiet
	}
	return nil
}

func distinctChannels(channels []string) bool {
	for i, channel := range channels {
		if channel != Email && channel != SMS && channel != Push || slices.Contains(channels[:i], channel) {
			return false
		}
	}
	return true
}

// wallMinutes reads "07:30" as minutes after midnight.
func wallMinutes(text string) (int, bool) {
	at, err := time.Parse("15:04", text)
	return at.Hour()*60 + at.Minute(), err == nil && len(text) == len("15:04")
}

// After is when a message of the category may go out, at the earliest: now, or at the
// end of the quiet hours that now lies in.
func (p Preferences) After(category Category, now time.Time, zone *time.Location) time.Time {
	from, ok := wallMinutes(p.Quiet.From)
	to, also := wallMinutes(p.Quiet.To)
	if category == Security || category == "" || !ok || !also || from == to {
		return now
	}
	there := now.In(zone)
	minute := there.Hour()*60 + there.Minute()
	quiet := from <= minute && minute < to
	if from > to { // over midnight
		quiet = minute >= from || minute < to
	}
	if !quiet {
		return now
	}
	end := time.Date(there.Year(), there.Month(), there.Day(), to/60, to%60, 0, 0, zone)
	if !end.After(now) {
		end = time.Date(there.Year(), there.Month(), there.Day()+1, to/60, to%60, 0, 0, zone)
	}
	return end.UTC()
}

// Evolve takes in one fact.
func (i Inbox) Evolve(event InboxEvent) Inbox {
	switch e := event.(type) {
	case AllRead:
		i.ReadThrough = e.Through
	case PreferencesChosen:
		i.chosen = e.Preferences
	}
	return i
}
