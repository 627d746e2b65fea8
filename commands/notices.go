package commands

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/notification"
	"florin/domain/webhook"
	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// Notifier takes messages to customers on their way. It is called by one process,
// one message at a time, within noticeTimeout.
//
// Nil means that the message is on its way for good. ErrUndeliverable (wrapped)
// means that it never will be, and it is not tried again; after any other error
// it is, later each time, until it has expired. The same message may come twice
// with the same ID: pass the ID on, so that a receiver can tell. An error must not
// hold the address or the text, for it is shown in health.
type Notifier interface {
	Notify(ctx context.Context, message Message) error
}

// ErrUndeliverable says that no later try will reach this address.
var ErrUndeliverable = errors.New("commands: the address cannot be reached")

// Message is what a customer is told.
type Message struct {
	ID       uuid.UUID
	Channel  string // notification.Email, notification.SMS or notification.Push
	Template string // code of what it says
	To       domain.Profile
	Subject  string
	Text     domain.Profile // may hold a one-time password: not to be kept anywhere
}

// How long a message is worth sending, and how long sending may take.
const (
	noticeLife    = 72 * time.Hour
	noticeTimeout = 10 * time.Second
	noticesPause  = 5 * time.Second // of one round; the rest of them waits for the next
)

// notifying tells customers what they must know of. It is the outbox: the fact
// stands in the log first, and what follows from it has an id derived from it.
//
//	fact -> occasion -> news -> notification.filed (the inbox)
//	                      '---> alarm -> (sent already?) -> Notifier -> notification.sent
//
// What a fact tells whom, one row of occasions says (notices_occasions.go); by which
// ways, the customer's preferences. Why entries are filed at once and messages by an
// alarm: the log is near, and mail servers are not.
//
// Why one-time passwords are derived here and not handed over: what is handed over
// would have to be kept somewhere between the fact and the message.
type notifying struct{ bank *Bank }

func (n *notifying) Name() string { return "notifications" }

func (n *notifying) Kinds() []string {
	return append(slices.Sorted(maps.Keys(occasions)), webhook.Disabled{}.Kind())
}

// Take tells whomever the fact concerns.
func (n *notifying) Take(ctx context.Context, fact Happened, agenda *Agenda) error {
	if fact.Event.Kind() == (webhook.Disabled{}).Kind() {
		n.partnerOff(fact, agenda)
		return nil
	}
	all, err := occasions[fact.Event.Kind()](ctx, n, fact)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.customer.IsZero() {
			continue
		}
		if one.expires.IsZero() {
			one.expires = fact.At.Add(noticeLife)
		}
		if err := n.tell(ctx, fact, one, agenda); err != nil {
			return err
		}
	}
	return nil
}

// tell files an entry, if an inbox takes it, and notes by which ways the customer is
// told besides.
func (n *notifying) tell(ctx context.Context, fact Happened, one news, agenda *Agenda) error {
	preferred, err := n.bank.preferencesOf(ctx, one.customer)
	if err != nil {
		return err
	}
	category := notification.CategoryOf(one.template)
	if category != "" {
		one.channels = slices.Clone(preferred.Channels.Of(category))
		if one.alert && !slices.Contains(one.channels, notification.Push) {
			one.channels = append(one.channels, notification.Push)
		}
		if one.channels, err = n.file(ctx, fact, one); err != nil {
			return err
		}
	}
	if n.bank.settings.Notifier == nil || !agenda.Now().Before(one.expires) {
		return nil
	}
	return n.announce(ctx, fact, one, earliest(preferred, category, agenda.Now()), agenda)
}

// file puts an entry into the customer's inbox, once, and gives the channels that were
// preferred when that was.
func (n *notifying) file(ctx context.Context, fact Happened, one news) ([]string, error) {
	now, cause := n.bank.sources.Time(), one.cause(fact.EventID)
	named := id.From[id.Notification](DerivedID(cause, "notification"))
	order := SystemOrder(n.Name(), cause, "notification.file", now, seal.Subject{})
	order.Caller.Causation, order.Caller.OnBehalfOf, order.Intent = fact.EventID, one.customer.UUID(), nil
	file := notification.File{Notification: named, Customer: one.customer, Template: one.template, About: one.about,
		Amount: one.amount, Code: one.code, Channels: one.channels, HappenedAt: fact.At, At: now}
	order.Asked = schemas.FileNotification{Notification: named, Customer: file.Customer, Template: file.Template, About: file.About, Code: file.Code}
	channels, _, err := execute(ctx, n.bank, "notification.file", order, streams(named), func(w *work) error {
		n.bank.notifications.begin(w, named)
		return n.bank.notifications.decide(w, named, file)
	}, func(facts []Fact) (channels []string, err error) {
		for _, fact := range facts {
			if filed, is := fact.Event.(notification.Filed); is {
				channels = filed.Channels
			}
		}
		return channels, nil
	})
	return channels, err
}

// announce sets an alarm for each message.
func (n *notifying) announce(ctx context.Context, fact Happened, one news, due time.Time, agenda *Agenda) error {
	cause := one.cause(fact.EventID)
	told := notice{template: one.template, customer: one.customer, fact: fact.Stream, step: one.step, expires: one.expires}
	for _, told.channel = range one.channels {
		if told.channel != notification.Push {
			n.set(agenda, DerivedID(cause, "notify/"+told.channel), due, told)
		} else if err := n.toDevices(ctx, cause, told, one.but, due, agenda); err != nil {
			return err
		}
	}
	return nil
}

// earliest is when a message may go out. A time zone that is none any more is UTC's:
// a message too early is better than none.
func earliest(p notification.Preferences, category notification.Category, now time.Time) time.Time {
	if p.Quiet == (notification.Quiet{}) {
		return now
	}
	zone, err := time.LoadLocation(p.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	return p.After(category, now, zone)
}

func (n *notifying) set(agenda *Agenda, message uuid.UUID, due time.Time, told notice) {
	agenda.Set(eventbus.Stream(id.From[id.Notification](message).Stream()), due, told.String())
}

// notice is one message to come, as an alarm's note has it: codes and identifiers.
type notice struct {
	template string
	channel  string
	customer id.Customer
	fact     eventbus.Stream // that the message follows from
	step     int64           // of a login; the fact's version elsewhere
	expires  time.Time
}

func (n notice) String() string {
	return strings.Join([]string{n.template, n.channel, n.customer.String(), string(n.fact), strconv.FormatInt(n.step, 10), n.expires.UTC().Format(time.RFC3339)}, " ")
}

func readNotice(note string) (n notice, err error) {
	parts := strings.Split(note, " ")
	if len(parts) != 6 {
		return n, fmt.Errorf("commands: %q is no notice", note)
	}
	n.template, n.channel, n.fact = parts[0], parts[1], eventbus.Stream(parts[3])
	if n.customer, err = id.Parse[id.Customer](parts[2]); err != nil {
		return n, err
	}
	if n.step, err = strconv.ParseInt(parts[4], 10, 64); err != nil {
		return n, err
	}
	n.expires, err = time.Parse(time.RFC3339, parts[5])
	return n, err
}
