package commands

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/approval"
	"florin/domain/attempt"
	"florin/domain/customer"
	"florin/domain/device"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/domain/notification"
	"florin/domain/recovery"
	"florin/domain/session"
	"florin/domain/transfer"
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
// stands in the log first, the message follows from it, and that it was sent is
// noted in a stream of its own, whose id is derived from the fact.
//
//	fact -> alarm -> (sent already?) -> Notifier -> notification.sent
//
// Why one-time passwords are derived here and not handed over: what is handed over
// would have to be kept somewhere between the fact and the message.
type notifying struct{ bank *Bank }

func (n *notifying) Name() string { return "notifications" }

func (n *notifying) Kinds() []string {
	return []string{device.Bound{}.Kind(), device.Revoked{}.Kind(), customer.PasswordChanged{}.Kind(), customer.FactorAdded{}.Kind(), customer.PasskeyAdded{}.Kind(),
		customer.RecoveryCodesMade{}.Kind(), customer.RecoveryCodeUsed{}.Kind(),
		customer.FactorApproved{}.Kind(), customer.FactorRemoved{}.Kind(), session.Revoked{}.Kind(), attempt.Exhausted{}.Kind(), approval.Requested{}.Kind(), approval.RequestDenied{}.Kind(), grant.OTPRequested{}.Kind(), customer.ContactRequested{}.Kind(), customer.ContactChanged{}.Kind(), customer.ContactRemoved{}.Kind(),
		recovery.Started{}.Kind(), customer.RecoveryPermitted{}.Kind(), customer.RecoveryObjected{}.Kind(), customer.Recovered{}.Kind(),
		customer.Activated{}.Kind(), customer.Restricted{}.Kind(), transfer.Reversed{}.Kind()}
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

// Take notes whom a fact concerns, and by which ways they are told.
func (n *notifying) Take(ctx context.Context, fact Happened, agenda *Agenda) error {
	told := notice{fact: fact.Stream, expires: fact.At.Add(noticeLife)}
	switch e := fact.Event.(type) {
	case device.Bound:
		if err := n.takeDevices(ctx, fact, notice{template: "device-bound", customer: e.Customer, expires: told.expires}, id.From[id.Device](uuidIn(fact.Stream)), agenda); err != nil {
			return err
		}
		told.template, told.customer = "device-bound", e.Customer
	case device.Revoked:
		gone, err := n.bank.devices.look(ctx, id.From[id.Device](uuidIn(fact.Stream)))
		if err != nil {
			return err
		}
		told.template, told.customer = "device-removed", gone.Customer
		if gone.Lost {
			told.template = "device-lost"
		}
	case customer.PasswordChanged:
		told.template, told.customer = "password-changed", id.From[id.Customer](uuidIn(fact.Stream))
	case customer.FactorAdded, customer.PasskeyAdded:
		told.template, told.customer = "factor-added", id.From[id.Customer](uuidIn(fact.Stream))
	case customer.RecoveryCodesMade:
		told.template, told.customer = "recovery-codes-made", id.From[id.Customer](uuidIn(fact.Stream))
	case customer.RecoveryCodeUsed:
		told.template, told.customer = "recovery-code-used", id.From[id.Customer](uuidIn(fact.Stream))
	case customer.FactorApproved:
		told.template, told.customer = "factor-approved", id.From[id.Customer](uuidIn(fact.Stream))
	case customer.FactorRemoved:
		told.template, told.customer = "factor-removed", id.From[id.Customer](uuidIn(fact.Stream))
	case session.Revoked:
		if e.Reason != "refresh-token-reused" && e.Reason != "code-replayed" {
			return nil
		}
		family, err := n.bank.sessions.look(ctx, id.From[id.Session](uuidIn(fact.Stream)))
		if err != nil {
			return err
		}
		told.template, told.customer = "session-misused", family.Customer
	case attempt.Exhausted:
		told.template, told.customer = "attempts-"+e.Class, e.Customer
	case approval.Requested:
		return n.takeApproval(ctx, fact, e, agenda)
	case approval.RequestDenied:
		desk, err := n.bank.approvals.look(ctx, id.From[id.Approvals](uuidIn(fact.Stream)))
		request, _ := desk.Find(e.Approval)
		if err != nil || request.Purpose != approval.Login {
			return err
		}
		told.template, told.customer = "login-denied", request.Customer
	case grant.OTPRequested:
		return n.takeLogin(ctx, fact, e, agenda)
	case customer.ContactRequested:
		n.set(agenda, fact.EventID, notice{template: "contact-code", channel: channelOf(e.Type), customer: id.From[id.Customer](uuidIn(fact.Stream)),
			fact: fact.Stream, step: int64(fact.Version), expires: e.ExpiresAt})
		return nil
	case customer.ContactRemoved:
		told.template, told.customer = "contact-removed", id.From[id.Customer](uuidIn(fact.Stream))
	case recovery.Started:
		told.template, told.customer, told.expires = "recovery-code", e.Customer, e.ExpiresAt
	case customer.RecoveryPermitted:
		told.template, told.customer, told.step = "recovery-permitted", id.From[id.Customer](uuidIn(fact.Stream)), int64(fact.Version)
	case customer.RecoveryObjected:
		told.template, told.customer = "recovery-objected", id.From[id.Customer](uuidIn(fact.Stream))
	case customer.Recovered:
		told.template, told.customer = "recovered", id.From[id.Customer](uuidIn(fact.Stream))
		if e.PaymentsFrom.IsZero() {
			told.template = "unlocked"
		}
	case customer.ContactChanged:
		told.template, told.customer = "contact-changed", id.From[id.Customer](uuidIn(fact.Stream))
	case customer.Activated:
		told.template, told.customer = "activated", id.From[id.Customer](uuidIn(fact.Stream))
	case customer.Restricted:
		told.template, told.customer = "restricted", id.From[id.Customer](uuidIn(fact.Stream))
	case transfer.Reversed:
		return n.takeReversal(ctx, fact, agenda)
	}
	n.everywhere(agenda, fact.EventID, told)
	return nil
}

// everywhere tells by every way there is.
func (n *notifying) everywhere(agenda *Agenda, fact uuid.UUID, told notice) {
	for _, channel := range []string{notification.Email, notification.SMS} {
		told.channel = channel
		n.set(agenda, fact, told)
	}
}

// takeLogin notes a one-time password that is to be sent, unless the login is
// nobody's, or wrong already: then who waits for it waits in vain.
func (n *notifying) takeLogin(ctx context.Context, fact Happened, request grant.OTPRequested, agenda *Agenda) error {
	state, err := n.bank.grants.look(ctx, id.From[id.Grant](uuidIn(fact.Stream)))
	if err != nil || !state.Right() {
		return err
	}
	n.set(agenda, fact.EventID, notice{template: "login-code", channel: request.Method, customer: state.Customer,
		fact: fact.Stream, step: request.Step, expires: request.ExpiresAt})
	return nil
}

func (n *notifying) set(agenda *Agenda, fact uuid.UUID, told notice) {
	if told.customer.IsZero() || !agenda.Now().Before(told.expires) {
		return
	}
	named := id.From[id.Notification](DerivedID(fact, "notify/"+told.channel))
	agenda.Set(eventbus.Stream(named.Stream()), agenda.Now(), told.String())
}

// Ring sends one message, unless it was sent or is too late. A round that takes
// long leaves the rest for the next one: other processes have to ring as well.
func (n *notifying) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	now := n.bank.sources.Time()
	told, err := readNotice(alarm.Note)
	switch {
	case err != nil:
		return err
	case now.Sub(agenda.Now()) > noticesPause:
		agenda.Set(alarm.Stream, now, alarm.Note)
		return nil
	case !now.Before(told.expires):
		return nil
	}
	named := id.From[id.Notification](uuidIn(alarm.Stream))
	state, err := n.bank.notifications.look(ctx, named)
	if err != nil || state.Over {
		return err
	}
	message, ok, err := n.compose(ctx, told, alarm.Position)
	if err != nil || !ok {
		return err
	}
	message.ID = named.UUID()
	sending, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	err = n.bank.settings.Notifier.Notify(sending, message)
	failed := errors.Is(err, ErrUndeliverable)
	if err != nil && !failed {
		return fmt.Errorf("commands: notify by %s: %w", told.channel, err)
	}
	order := SystemOrder(n.Name(), alarm.Cause, "notification.note/"+told.channel, now, seal.Subject{})
	order.Intent, order.Asked = nil, schemas.NoteNotification{Notification: named, Customer: told.customer,
		Channel: told.channel, Template: told.template, Failed: failed}
	_, _, err = execute(ctx, n.bank, "notification.note", order, streams(named), func(w *work) error {
		return n.bank.notifications.decide(w, named, notification.Note{
			Notification: named, Customer: told.customer, Channel: told.channel, Template: told.template, Failed: failed, At: now})
	}, nothing)
	return err
}

// compose writes the message; not ok: there is nobody to write to.
func (n *notifying) compose(ctx context.Context, told notice, at eventbus.Position) (Message, bool, error) {
	to, err := n.address(ctx, told, at)
	if err != nil {
		return Message{}, false, err
	}
	text, known := noticeTexts[told.template]
	if !known {
		return Message{}, false, fmt.Errorf("commands: no text for %s", told.template)
	}
	code, wanted, err := n.code(ctx, told)
	if err != nil || !wanted || to.Reveal() == "" {
		return Message{}, false, err
	}
	body := domain.NewProfile(strings.ReplaceAll(text.body, "{code}", code))
	return Message{Channel: told.channel, Template: told.template, To: to, Subject: text.subject, Text: body}, true, nil
}

// address is where a message goes: of a new address the code, of a changed one the
// word to the former.
func (n *notifying) address(ctx context.Context, told notice, at eventbus.Position) (domain.Profile, error) {
	if told.channel == notification.Push {
		return n.pushAddress(ctx, told)
	}
	switch told.template {
	case "contact-code":
		asked, err := n.bank.requestedContact(ctx, told.customer, eventbus.Version(told.step))
		return asked.Address, err
	case "recovery-code":
		return n.recoveryAddress(ctx, told)
	case "contact-changed", "contact-removed":
		reached, err := n.bank.contactsOf(ctx, told.customer, at)
		return reached.by(told.channel), err
	}
	reached, err := n.bank.contactsOf(ctx, told.customer, 0)
	return reached.by(told.channel), err
}

// code derives the one-time password of a message that has one; not wanted: the
// login is over, or has asked for another since.
func (n *notifying) code(ctx context.Context, told notice) (code string, wanted bool, err error) {
	switch told.template {
	case "login-code":
		return n.loginCode(ctx, told)
	case "contact-code":
		return n.contactCode(ctx, told)
	case "recovery-code":
		return n.recoveryCode(ctx, told)
	case "recovery-permitted":
		return n.objection(ctx, told)
	}
	return "", true, nil
}

// contactCode is of this very request: the code of another must never go to this
// address (CVE-2026-27946).
func (n *notifying) contactCode(ctx context.Context, told notice) (code string, wanted bool, err error) {
	asked, err := n.bank.requestedContact(ctx, told.customer, eventbus.Version(told.step))
	if err != nil {
		return "", false, err
	}
	state, err := n.bank.customers.look(ctx, told.customer)
	if err != nil || asked.Salt == "" || state.Asked.Salt != asked.Salt {
		return "", false, err
	}
	code, err = n.bank.contactCode(told.customer, asked.Claim, asked.Salt)
	return code, true, err
}

func (n *notifying) loginCode(ctx context.Context, told notice) (code string, wanted bool, err error) {
	login := id.From[id.Grant](uuidIn(told.fact))
	state, err := n.bank.grants.look(ctx, login)
	if err != nil || !state.Right() || state.Requested.Step != told.step {
		return "", false, err
	}
	code, err = n.bank.sentOTP(login, state.Requested)
	return code, true, err
}

// noticeTexts are what customers are told. None says who they are: a telephone
// lies on a table.
var noticeTexts = map[string]struct{ subject, body string }{
	"activated":           {"Your account is open", "Your account can make payments now."},
	"restricted":          {"Your account is limited", "Your account cannot make payments for now. You can still log in and look. Please call us."},
	"transfer-reversed":   {"A transfer was reversed", "The bank has given a transfer back, in full or in part. You find it among your transactions. If you do not know why, please call us."},
	"device-bound":        {"A new device", "A new device can now use your account. If this was not you, remove the device in the app or call us at once."},
	"device-removed":      {"A device was removed", "A device can no longer use your account. If this was not you, call us at once."},
	"device-lost":         {"A device was reported lost", "A device was reported lost and can no longer use your account. If this was not you, call us at once."},
	"factor-added":        {"A way to log in was added", "A new way to log in was added to your account. It authorises no payment for a day. If this was not you, call us at once."},
	"factor-approved":     {"A new way to log in was approved", "A new way to log in may now authorise payments, for another device of yours approved it. If this was not you, call us at once."},
	"factor-removed":      {"A way to log in was removed", "A way to log in was removed from your account. If this was not you, call us at once."},
	"password-changed":    {"Your password was changed", "Your password was changed and your other sessions were ended. If this was not you, call us at once."},
	"approval-requested":  {"Please confirm", "There is something to confirm in the app. If you did not ask for anything, say no."},
	"login-denied":        {"A login was denied", "Somebody tried to log in to your account, and you said no or the number was not right. If this was not you, somebody knows your password: change it now."},
	"contact-changed":     {"Your contact was changed", "We shall reach you elsewhere from now on, as you told us. If this was not you, call us at once."},
	"contact-removed":     {"A contact was removed", "We shall not reach you there any more, as you told us. If this was not you, call us at once."},
	"contact-code":        {"Your code", "{code} is your code to confirm this address. It is valid for fifteen minutes. If you did not ask for it, do nothing and tell nobody."},
	"login-code":          {"Your code", "{code} is your code to log in. It is valid for five minutes. We never ask you for it by telephone: tell nobody."},
	"attempts-own-device": {"Too many attempts", "There were too many wrong attempts to log in on a device of yours; it has to wait before the next one. If this was not you, remove the device or call us at once."},
	"attempts-elsewhere":  {"Somebody tries to log in", "There were too many wrong attempts to log in to your account from a place or device that we do not know; they have to wait. Your own devices do not. If this was not you, you need do nothing; never tell anybody a code."},
	"attempts-recovery":   {"Somebody tries to recover your account", "There were too many attempts to recover your account; they have to wait. If this was not you, call us."},
	"session-misused":     {"A session was ended", "We ended a session of yours because its key was used a second time. Please log in again; if you see a device that is not yours, remove it."},
	"recovery-code":       {"Your code", "{code} is your code to get back into your account. It is valid for ten minutes and is not enough alone. If you did not ask for it, do nothing and tell nobody."},
	"recovery-permitted":  {"Somebody asks to recover your account", "We were asked to let you back into your account without your devices and codes, and shall do so after a waiting time. If this was not you, object in the app, call us at once, or stop it with this code: {code}"},
	"recovery-objected":   {"The recovery was stopped", "The recovery of your account was stopped, as you or one of your devices told us."},
	"recovered":           {"Your account was recovered", "Your account was recovered and all its sessions were ended. Payments to others wait for a day. If this was not you, call us at once."},
	"unlocked":            {"Your account was unlocked", "Your account takes attempts to log in again, as one of your devices or codes has asked. If this was not you, call us at once."},
	"recovery-codes-made": {"Recovery codes were made", "A new list of recovery codes was made; older codes no longer work. If this was not you, call us at once."},
	"recovery-code-used":  {"A recovery code was used", "Somebody logged in with one of your recovery codes. If this was not you, call us at once."},
}
