package commands

import (
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/dataset"
	"florin/domain/device"
	"florin/domain/fraud"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/risk"
	"florin/eventbus"
	"florin/schemas"
)

// deciding is what risk decides with at a moment.
type deciding struct {
	engine  *risk.Engine
	policy  string // digest
	shadows []Judge
}

// deciding is the policy in force where the command is decided, and those that look on.
// Where that cannot be had nobody decides, and what is asked for is confirmed.
func (w *work) deciding() deciding {
	judges, err := w.bank.judges(w)
	if err != nil {
		return deciding{}
	}
	return deciding{engine: judges.Live.Engine, policy: judges.Live.Digest, shadows: judges.Shadows}
}

var builtIn = sync.OnceValues(func() (deciding, error) { return decidingBy(schemas.DefaultPolicy()) })

func decidingBy(policy []byte) (d deciding, err error) {
	d.engine, d.policy, err = schemas.ReadPolicy(policy)
	return d, err
}

// foundingPolicy is what decides until the bank activates another policy.
func foundingPolicy(text []byte) (deciding, error) {
	if text == nil {
		return builtIn()
	}
	return decidingBy(text)
}

// attempted is what a command is about to do, as risk is asked about it.
type attempted struct {
	decision id.Decision // zero: the one of this command
	action   risk.Action
	customer id.Customer
	device   id.Device
	about    string // identifier of what is asked for
	account  id.Account
	payee    uuid.UUID // who is paid; zero: nobody, or the customer
	amount   money.Amount
	facts    risk.Facts
	address  string    // of a login, or an enrolment: where it comes from
	authTime time.Time // of the session's last strong authentication; zero: nobody knows
}

// assess asks risk what may become of a payment, and stages what it said. It is asked
// once by a command. Errors are of the machinery, never of the scorer: when that fails
// the customer confirms.
func (w *work) assess(a attempted) (risk.Assessment, error) {
	said, decision := w.decided(a)
	assessment := w.bank.settings.Money.Exemptions.Assess(decision, said.Policy, a.facts)
	if assessment.Outcome == risk.Limit && (a.facts.Own || assessment.Limit == risk.Rung{}) { // nothing to limit, or by nobody knows how much
		assessment.Outcome = risk.Challenge
	}
	said.Effect, said.Exemption = assessment.Outcome, assessment.Exemption
	if assessment.Outcome == risk.Limit {
		if err := w.limitSending(a, assessment, said.Decision); err != nil {
			return assessment, err
		}
	}
	return assessment, w.noteDecision(said)
}

func (w *work) noteDecision(said risk.Assessed) error {
	w.bank.decisions.begin(w, said.Decision)
	return w.bank.decisions.decide(w, said.Decision, risk.Note{Assessed: said})
}

// decided is the engine's word on an attempt.
func (w *work) decided(a attempted) (said risk.Assessed, d risk.Decision) {
	said, d, _ = w.decidedAt(a)
	return said, d
}

// decidedAt is the same, with the place that a login comes from.
func (w *work) decidedAt(a attempted) (said risk.Assessed, d risk.Decision, here dataset.Place) {
	b := w.bank
	with := w.deciding()
	if a.decision.IsZero() {
		a.decision = id.From[id.Decision](DerivedID(w.order.ID, "decision"))
	}
	said = risk.Assessed{
		Decision: a.decision, Action: a.action, Customer: a.customer, Device: a.device, About: a.about,
		Account: a.account, Series: a.facts.Confirmed, Policy: with.policy, At: w.order.At,
	}
	if a.payee != uuid.Nil {
		said.Payee = a.payee.String()
	}
	said.Hundredths, _ = risk.Hundredths(a.amount)
	attempt := said.Attempt()
	if a.action == risk.Login || a.action == risk.Enrolment { // there is no session yet
		here, said.Data = w.addressKnown(&attempt, a.address)
	} else {
		attempt.Known.Set(risk.SessionStrength, int64(risk.Strength(a.facts.ACR)))
	}
	if !a.account.IsZero() {
		attempt.Known.Set(risk.ToOwn, 0)
	}
	if a.facts.Own {
		attempt.Known.Set(risk.ToOwn, 1)
	}
	if !a.authTime.IsZero() {
		attempt.Known.Set(risk.StrongAuthAge, max(int64(w.order.At.Sub(a.authTime)/time.Second), 0))
	}
	v, position, ready := b.book.look(w.ctx, w.generation, attempt)
	d = risk.Failed()
	if ready {
		d = engineSays(with.engine, a.action, &v)
		said.Shadows = shadowsSay(with.shadows, a.action, &v)
	}
	said.Position = int64(position)
	return said.With(&v, d), d, here
}

// engineSays distrusts the engine: if it fails the customer confirms.
func engineSays(engine *risk.Engine, action risk.Action, v *risk.Vector) (d risk.Decision) {
	defer func() {
		if recover() != nil {
			d = risk.Failed()
		}
	}()
	return engine.Decide(action, v)
}

// shadowsSay is what those say who decide nothing.
func shadowsSay(shadows []Judge, action risk.Action, v *risk.Vector) (all []risk.Shadow) {
	for _, shadow := range shadows {
		d := engineSays(shadow.Engine, action, v)
		all = append(all, risk.Shadow{Policy: shadow.Digest, Score: d.Score, Outcome: d.Outcome})
	}
	return all
}

// riskPayee is who is paid by a number of another bank's, as risk tells payees apart:
// the same one for all customers, from which nobody reads the number.
func (b *Bank) riskPayee(number string) (uuid.UUID, error) {
	digest, err := b.mac(keyClaim, []byte("risk-payee"), []byte(number))
	if err != nil {
		return uuid.Nil, err
	}
	return uuidOf(digest), nil
}

// riskPayeeOf is who is paid by a transfer; nobody where the money stays the customer's.
func riskPayeeOf(own bool, to id.Account) uuid.UUID {
	if own {
		return uuid.Nil
	}
	return to.UUID()
}

// observe takes a commit of the log into a history: the only place where facts of the
// bank become what risk knows. The live book, the replay of decisions and back-tests
// all go through it.
func observe(treaty *schemas.Treaty, h *risk.History, record eventbus.Record) ([]risk.Assessed, error) {
	o := observation{history: h}
	for _, recorded := range record.Events {
		if !observed[recorded.Kind] {
			continue
		}
		event, err := treaty.DecodeClosed(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return nil, err
		}
		o.take(event, recorded.Stream)
	}
	o.receive()
	return o.decisions, nil
}

// observed are the kinds of facts that risk hears of.
var observed = kindsOf(risk.Assessed{}, risk.Located{}, customer.Enrolled{}, grant.Started{}, grant.FactorFailed{}, device.Registered{}, device.Bound{}, device.Attested{}, account.Opened{},
	account.Credited{}, account.Debited{}, account.FundsReserved{}, account.ReservationCaptured{}, account.ReservationReleased{}, fraud.Confirmed{}, fraud.Cleared{})

func kindsOf(events ...domain.Event) map[string]bool {
	kinds := make(map[string]bool, len(events))
	for _, event := range events {
		kinds[event.Kind()] = true
	}
	return kinds
}

// observation is one commit. Money that its own customer spent elsewhere in it did not
// come in from others.
type observation struct {
	history   *risk.History
	decisions []risk.Assessed
	spent     []uuid.UUID // customers
	credits   []credited
}

type credited struct {
	customer   uuid.UUID
	hundredths int64
	at         time.Time
}

func (o *observation) take(event domain.Event, stream eventbus.Stream) {
	switch e := event.(type) {
	case risk.Assessed:
		o.decisions = append(o.decisions, e)
		if !e.Customer.IsZero() { // else it was a login as nobody
			o.history.Take(e.Attempt())
		}
	case risk.Located:
		o.history.Locate(e.Customer.UUID(), uuidIn(stream))
	case customer.Enrolled:
		o.history.Meet(e.Customer.UUID(), e.At)
	case grant.Started:
		if !e.Customer.IsZero() {
			o.history.Begin(e.Grant.UUID(), e.Customer.UUID())
		}
	case grant.FactorFailed:
		o.history.FailLogin(uuidIn(stream), e.At)
	case device.Registered:
		o.history.Attest(uuidIn(stream), attestationRank(e.Attestation))
	case device.Attested:
		o.history.Attest(uuidIn(stream), attestationRank(e.Level))
	case device.Bound:
		o.history.Bind(uuidIn(stream), e.Customer.UUID(), e.At)
	case account.Opened:
		if e.Class == account.Customers {
			o.history.Own(e.Account.UUID(), e.Customer.UUID())
		}
	case fraud.Confirmed:
		o.confirm(e)
	case fraud.Cleared:
		o.clear(e)
	default:
		o.move(event, uuidIn(stream))
	}
}

func attestationRank(level string) int8 {
	switch level {
	case device.AttestedHardware:
		return 2
	case device.AttestedSoftware:
		return 1
	}
	return 0
}

// move follows what can be spent.
func (o *observation) move(event domain.Event, of uuid.UUID) {
	owner := o.history.Owner(of)
	switch e := event.(type) {
	case account.Credited:
		came, _ := risk.Hundredths(e.Amount)
		o.history.Move(of, came)
		if owner != uuid.Nil {
			o.credits = append(o.credits, credited{owner, came, e.At})
		}
	case account.Debited:
		left, _ := risk.Hundredths(e.Amount)
		o.history.Move(of, -left)
		o.spent = append(o.spent, owner)
	case account.FundsReserved:
		held, _ := risk.Hundredths(e.Amount)
		o.history.Move(of, -held)
	case account.ReservationReleased:
		freed, _ := risk.Hundredths(e.Amount)
		o.history.Move(of, freed)
	case account.ReservationCaptured: // it could not be spent any more
		o.spent = append(o.spent, owner)
	}
}

func (o *observation) receive() {
	for _, c := range o.credits {
		if !slices.Contains(o.spent, c.customer) {
			o.history.Receive(c.customer, c.hundredths, c.at)
		}
	}
}
