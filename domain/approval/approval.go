// Package approval decides what a customer is asked to approve on a device of
// theirs: a login on another device, or what a third party wants.
//
//	(none) -- Request --> pending -- Answer --> approved
//	            |            |  \--- Answer --> denied (a no, or a wrong number)
//	            |            |\----- Expire --> expired
//	            \------------\------ Drop ----> dropped
//
// One stream holds all requests to one customer, for what matters concerns them
// together: at most one waits at a time, and a customer who is asked again and
// again without having approved is asked ever more seldom (push fatigue). A
// request that is not shown is a fact like any other and looks, to whoever made
// it, like one that nobody answers.
//
// The asking device shows two digits; who approves types them on the approving
// device. They are derived from the request, by whoever shows and whoever checks
// them, and stand nowhere. There is one try: a wrong number is a no. A third party
// has no number to show, but a message of its own, which the approving device shows
// as well.
//
// Why the state holds no statement but its digest: what is displayed says where
// somebody is, and must be forgotten with its key.
package approval

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"florin/domain/id"
)

// Status of a request.
type Status string

// The statuses. Only the first may still be answered.
const (
	Pending  Status = "pending"
	Approved Status = "approved"
	Denied   Status = "denied"
	Expired  Status = "expired"
	Dropped  Status = "dropped"
)

// State is what the rules need to know of all requests to one customer.
type State struct {
	Requests []Request      // the latest, oldest first
	Rows     map[string]Row // by purpose: what third parties ask for quiets no login
	Version  int64          // facts so far
}

// Row is what was asked for one purpose without one that was approved.
type Row struct {
	Asked   int       // shown in a row
	AskedAt time.Time // when the last one was shown
	before  time.Time // when the one before it was
}

// Request is one thing to approve.
type Request struct {
	Approval  id.Approval
	Customer  id.Customer // zero: of nobody, or of a login that is wrong already
	Purpose   string
	Grant     id.Grant
	Consent   id.Consent
	Client    id.Client
	Device    id.Device // that asks
	Status    Status
	By        id.Device // that has answered
	Hardware  bool      // by a key in attested hardware
	Version   int64     // of the stream, where the statement is found
	At        time.Time
	ExpiresAt time.Time
	DecidedAt time.Time
	display   digest
}

// requestsKept bounds the requests that are remembered; the oldest are over for long.
const requestsKept = 32

// Find gives a request by its id.
func (s State) Find(wanted id.Approval) (Request, bool) {
	for _, request := range s.Requests {
		if request.Approval == wanted && !wanted.IsZero() {
			return request, true
		}
	}
	return Request{}, false
}

// Waiting is the request that may be answered at a time, if there is one.
func (s State) Waiting(at time.Time) (Request, bool) {
	for _, request := range s.Requests {
		if request.Status == Pending && at.Before(request.ExpiresAt) {
			return request, true
		}
	}
	return Request{}, false
}

// MayAnswer tells whether a device that was bound at a time may answer: another
// than the one that asks, and the customer's before the request was made.
func (r Request) MayAnswer(device id.Device, boundAt time.Time) bool {
	return !device.IsZero() && device != r.Device && !boundAt.IsZero() && boundAt.Before(r.At)
}

// Quiet is how long after a request nobody is asked again, when the customer was
// asked so many times in a row without approving.
func Quiet(asked int) time.Duration {
	if asked < askedFree {
		return 0
	}
	return min(quietFirst<<min(asked-askedFree, 12), quietMax)
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Ask:
		return s.ask(c)
	case Answer:
		return s.answer(c)
	case Expire:
		request, known := s.Find(c.Approval)
		if !known || request.Status != Pending || c.At.Before(request.ExpiresAt) {
			return nil, nil
		}
		return []Event{RequestExpired(c)}, nil
	case Drop:
		return s.drop(c.Reason, c.At), nil
	}
	panic(fmt.Sprintf("approval: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) ask(c Ask) ([]Event, error) {
	if _, twice := s.Find(c.Approval); twice || c.Approval.IsZero() || c.TTL <= 0 || c.TTL > TTLMax {
		return nil, ErrRequest
	}
	asked := Requested{
		Approvals: c.Approvals, Approval: c.Approval, Customer: c.Customer, Purpose: c.Purpose, Grant: c.Grant, Consent: c.Consent, Client: c.Client,
		Device: c.Device, Statement: c.Statement, ExpiresAt: c.At.Add(c.TTL), At: c.At,
	}
	waiting, busy := s.Waiting(c.At)
	switch {
	case busy && c.Yields && waiting.Client != c.Client:
		return []Event{asked, RequestDropped{Approval: c.Approval, Reason: ReasonBusy, At: c.At}}, nil
	case c.At.Before(s.Rows[c.Purpose].AskedAt.Add(Quiet(s.Rows[c.Purpose].Asked))): // the same for a login that is wrong: what is told is a delay of the budget's
		return []Event{asked, RequestDropped{Approval: c.Approval, Reason: ReasonTooOften, At: c.At}}, nil
	}
	return append(s.drop(ReasonSuperseded, c.At), asked), nil
}

// drop ends whatever waits; what had expired is said to have.
func (s State) drop(reason string, at time.Time) (events []Event) {
	for _, request := range s.Requests {
		switch {
		case request.Status != Pending:
		case at.Before(request.ExpiresAt):
			events = append(events, RequestDropped{Approval: request.Approval, Reason: reason, At: at})
		default:
			events = append(events, RequestExpired{Approval: request.Approval, At: at})
		}
	}
	return events
}

func (s State) answer(c Answer) ([]Event, error) {
	request, known := s.Find(c.Approval)
	switch {
	case !known, request.Customer.IsZero():
		return nil, ErrUnknown
	case !request.MayAnswer(c.Device, c.BoundAt):
		return nil, ErrDevice
	case request.Status != Pending, !c.At.Before(request.ExpiresAt):
		return nil, ErrEnded
	case !c.Proven, digestOf(c.Statement.Text()) != request.display, c.Decision != Approve && c.Decision != Deny:
		return nil, ErrSCA
	case c.Decision == Deny:
		return []Event{RequestDenied{Approval: c.Approval, Device: c.Device, Reason: ReasonCustomer, Evidence: c.Evidence, At: c.At}}, nil
	case request.Purpose == Login && !c.NumberRight: // a third party shows its binding message instead, which was signed with the rest
		return []Event{RequestDenied{Approval: c.Approval, Device: c.Device, Reason: ReasonNumber, Evidence: c.Evidence, At: c.At}}, nil
	}
	return []Event{RequestApproved{Approval: c.Approval, Device: c.Device, Hardware: c.Hardware, Evidence: c.Evidence, At: c.At}}, nil
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	s.Version++
	switch e := event.(type) {
	case Requested:
		s.Requests = append(slices.Clone(s.Requests), Request{
			Approval: e.Approval, Customer: e.Customer, Purpose: e.Purpose, Grant: e.Grant, Consent: e.Consent, Client: e.Client, Device: e.Device,
			Status: Pending, Version: s.Version, At: e.At, ExpiresAt: e.ExpiresAt, display: digestOf(e.Statement.Reveal()),
		})
		s.Requests = s.Requests[max(0, len(s.Requests)-requestsKept):]
		s = s.row(e.Purpose, func(r *Row) {
			if e.At.Sub(r.AskedAt) > askedForgotten {
				r.Asked = 0
			}
			r.Asked, r.before, r.AskedAt = r.Asked+1, r.AskedAt, e.At
		})
	case RequestApproved:
		s = s.decided(e.Approval, func(r *Request) { r.Status, r.By, r.Hardware, r.DecidedAt = Approved, e.Device, e.Hardware, e.At })
		s = s.row(s.purpose(e.Approval), func(r *Row) { r.Asked = 0 })
	case RequestDenied:
		s = s.decided(e.Approval, func(r *Request) { r.Status, r.By, r.DecidedAt = Denied, e.Device, e.At })
	case RequestExpired:
		s = s.decided(e.Approval, func(r *Request) { r.Status, r.DecidedAt = Expired, e.At })
	case RequestDropped:
		s = s.decided(e.Approval, func(r *Request) { r.Status, r.DecidedAt = Dropped, e.At })
		if e.Reason == ReasonBusy || e.Reason == ReasonTooOften { // it was never shown
			s = s.row(s.purpose(e.Approval), func(r *Row) { r.Asked, r.AskedAt = r.Asked-1, r.before })
		}
	}
	return s
}

// row gives the state with one row changed; states are shared.
func (s State) row(purpose string, change func(*Row)) State {
	s.Rows = maps.Clone(s.Rows)
	if s.Rows == nil {
		s.Rows = map[string]Row{}
	}
	row := s.Rows[purpose]
	change(&row)
	s.Rows[purpose] = row
	return s
}

func (s State) purpose(of id.Approval) string {
	request, _ := s.Find(of)
	return request.Purpose
}

// decided gives the state with one request changed; states are shared.
func (s State) decided(which id.Approval, change func(*Request)) State {
	s.Requests = slices.Clone(s.Requests)
	for i := range s.Requests {
		if s.Requests[i].Approval == which {
			change(&s.Requests[i])
		}
	}
	return s
}

type digest [sha256.Size]byte

// digestOf is what a state keeps of a statement: enough to compare every field,
// nothing that names a person. The digest of erased text matches nothing.
func digestOf(text string) digest {
	if text == "" {
		return digest{}
	}
	return sha256.Sum256([]byte(text))
}
