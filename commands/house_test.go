package commands

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/risk"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/eventbus/embedded"
	"florin/projections"
	"florin/schemas"
	"florin/schemas/seal"
)

// house is a bank with customers, on any log: what the tests of money stand on.
type house struct {
	t     testing.TB
	log   eventbus.Log
	ring  *seal.Ring
	bank  *Bank
	clock atomic.Int64 // microseconds
	keys  atomic.Int64 // idempotency keys used so far
	terms Terms
	rail  Rail // to other banks; nil: none

	policy []byte // of risk
}

var (
	alice = id.Named[id.Customer]("alice")
	bob   = id.Named[id.Customer]("bob")
)

const strongACR = "urn:florin:acr:mfa"

func newHouse(t testing.TB, log eventbus.Log) *house {
	t.Helper()
	ring, err := seal.Memory(rand.Reader)
	require.NoError(t, err)
	h := &house{t: t, log: log, ring: ring, terms: DefaultTerms(), policy: amountsPolicy(t)}
	h.terms.Audience = "https://bank.test"
	h.clock.Store(noon.UnixMicro())
	h.reopen(log)
	t.Cleanup(func() {
		if h.log != nil {
			soundAfter(t, h.log, ring)
		}
	})
	return h
}

// shut looks at the books for the last time, and closes the log and what it is on.
func (h *house) shut(log *eventbus.Sequencer, journal *embedded.Journal) {
	h.t.Helper()
	sound(h.t, log, h.ring)
	require.NoError(h.t, log.Close(context.Background()))
	require.NoError(h.t, journal.Close())
	h.log = nil
}

// amountsPolicy is the risk policy of tests that are about something else.
func amountsPolicy(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("../schemas/testdata/policy-amounts.yaml")
	require.NoError(t, err)
	return text
}

// blockingPolicy blocks every payment.
func blockingPolicy(t testing.TB) []byte {
	t.Helper()
	text := string(amountsPolicy(t))
	rules, examples := strings.Index(text, "rules:"), strings.Index(text, "examples:")
	return []byte(text[:rules] + "rules: [{when: amount > 0, outcome: block, reason: blocked}]\n" + text[strings.Index(text, "thresholds:"):examples] +
		"examples: [{name: a cent, action: transfer, given: {amount: 1}, outcome: block}]\n")
}

// reopen starts the bank anew: what it remembers is in the log.
func (h *house) reopen(log eventbus.Log) {
	h.t.Helper()
	h.log = log
	h.bank = h.opened(log)
}

func (h *house) opened(log eventbus.Log) *Bank {
	h.t.Helper()
	bank, err := Open(context.Background(), log, schemas.New(h.ring), h.ring, Sources{Now: h.now, Random: rand.Reader},
		Settings{CheckSchemas: true, BuildVersion: "test", Money: h.terms, Rail: h.rail, Policy: h.policy, RiskWait: time.Minute})
	require.NoError(h.t, err)
	return bank
}

func (h *house) now() time.Time           { return time.UnixMicro(h.clock.Load()).UTC() }
func (h *house) pass(d time.Duration)     { h.clock.Add(d.Microseconds()) }
func (h *house) key() string              { return fmt.Sprint("key-", h.keys.Add(1)) }
func (h *house) ctx() context.Context     { return context.Background() }
func (h *house) by(who id.Customer) Order { return h.again(who, h.key()) }

// again is the order of a customer under a key: the same one is a retry.
func (h *house) again(who id.Customer, key string) Order {
	return Order{
		ID: CommandID(ActorCustomer, who.UUID(), key),
		Caller: Caller{ActorType: ActorCustomer, Actor: who.UUID(), Customer: who, ACR: strongACR,
			Device: id.Named[id.Device](who.String()), TokenID: "jti"},
		Intent: []byte(key), At: h.bank.sources.Time(), Subject: ofCustomer(who),
	}
}

// operator is an order of the bank's own staff.
func (h *house) operator() Order {
	who := id.Named[id.Operator]("olga").UUID()
	return Order{ID: CommandID(ActorOperator, who, h.key()), Caller: Caller{ActorType: ActorOperator, Actor: who},
		Intent: []byte("operate"), At: h.bank.sources.Time(), Subject: seal.Subject{Kind: "operator", ID: who}}
}

// known makes somebody a customer, without the cost of a password.
func known(t testing.TB, b *Bank, who id.Customer) {
	t.Helper()
	order := SystemOrder("test", who.UUID(), "enrol", noon, ofCustomer(who))
	_, _, err := execute(context.Background(), b, "test.enrol", order, streams(who), func(w *work) error {
		state, err := b.customers.load(w, who)
		if err != nil || !state.Customer.IsZero() {
			return err
		}
		return b.customers.decide(w, who, customer.Enrol{Customer: who, Claims: []id.Claim{id.Named[id.Claim](who.String())},
			UserName: domain.NewProfile("user-" + who.String()), Password: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
			TOTP: id.Named[id.Factor](who.String()), Status: customer.Active, At: noon})
	}, func([]Fact) (struct{}, error) { return struct{}{}, nil })
	require.NoError(t, err)
}

// account opens one for a customer and puts money on it.
func (h *house) account(who id.Customer, name string, minor int64) id.Account {
	h.t.Helper()
	known(h.t, h.bank, who)
	opened, _, err := h.bank.Accounts().Open(h.ctx(), h.by(who), OpenAccount{Customer: who, Name: domain.NewProfile(name), Currency: "EUR"})
	require.NoError(h.t, err)
	if minor > 0 {
		h.deposit(opened.Account, minor)
	}
	return opened.Account
}

func (h *house) deposit(to id.Account, minor int64) {
	h.t.Helper()
	_, _, err := h.bank.Deposits().Deposit(h.ctx(), h.operator(), MakeDeposit{To: to, Amount: euros(minor)})
	require.NoError(h.t, err)
}

func (h *house) send(order Order, from, to id.Account, minor int64) (TransferAnswer, Outcome, error) {
	return h.bank.Transfers().Initiate(h.ctx(), order, InitiateTransfer{From: from, To: to, Amount: euros(minor),
		Reference: domain.NewEvidence("rent"), Evidence: transfer.Signed{Proof: domain.NewEvidence("proof"), Body: domain.NewEvidence("body")}})
}

// challenged sends what is too much to go ahead unconfirmed.
func (h *house) challenged(who id.Customer, from, to id.Account, minor int64) (TransferAnswer, transfer.Statement) {
	h.t.Helper()
	answer, _, err := h.send(h.by(who), from, to, minor)
	require.NoError(h.t, err)
	require.Equal(h.t, transfer.Pending, answer.Status)
	return answer, h.statement(answer)
}

func (h *house) money(of id.Account) account.State {
	h.t.Helper()
	state, err := h.bank.accounts.look(h.ctx(), of)
	require.NoError(h.t, err)
	return state
}

func (h *house) balances(of id.Account, balance, held int64) {
	h.t.Helper()
	state := h.money(of)
	require.Equal(h.t, [2]int64{balance, held}, [2]int64{state.Balance, state.Held}, "balance and held")
}

// sound has the verifier look at the books of every position of a log.
func sound(t testing.TB, log eventbus.Log, ring *seal.Ring) *projections.Ledger {
	t.Helper()
	ledger, err := projections.VerifyLedger(context.Background(), log, schemas.New(ring))
	require.NoError(t, err)
	require.Empty(t, ledger.Findings())
	require.Zero(t, ledger.Summary().Sum)
	return ledger
}

// soundAfter does it at the end of a test. One that has failed says enough, and a
// benchmark's log is long.
func soundAfter(t testing.TB, log eventbus.Log, ring *seal.Ring) {
	if _, bench := t.(*testing.B); !bench && !t.Failed() {
		sound(t, log, ring)
	}
}

// audit folds the whole log by the verifier's own books, and compares every
// account that the bank remembers with them.
func (h *house) audit() *projections.Ledger {
	h.t.Helper()
	ledger := sound(h.t, h.log, h.ring)
	for record, err := range h.log.ReadAll(h.ctx(), 0) {
		require.NoError(h.t, err)
		for _, event := range record.Events {
			if opened := event.Kind == (account.Opened{}).Kind(); !opened {
				continue
			}
			of := id.From[id.Account](uuidIn(event.Stream))
			balance, held, ok := ledger.Balance(of)
			require.True(h.t, ok)
			h.balances(of, balance.Minor, held.Minor)
		}
	}
	return ledger
}

// kinds are the facts that an outcome's receipt names, in their order, but for what
// risk said.
func (h *house) kinds(outcome Outcome) []string {
	h.t.Helper()
	record, err := h.log.ReadCommit(h.ctx(), outcome.Receipt)
	require.NoError(h.t, err)
	var kinds []string
	for _, event := range record.Events {
		if event.Kind != (risk.Assessed{}).Kind() {
			kinds = append(kinds, event.Kind)
		}
	}
	return kinds
}

// commits counts the commits of the log, but for what customers are told: that is
// filed some time after the fact.
func (h *house) commits() (count int) {
	h.t.Helper()
	for record, err := range h.log.ReadAll(h.ctx(), 0) {
		require.NoError(h.t, err)
		if !strings.HasPrefix(record.Events[0].Kind, "notification.") {
			count++
		}
	}
	return count
}

func refusalCode(err error) string {
	if refusal, ok := errors.AsType[*domain.Refusal](err); ok {
		return refusal.Code
	}
	return fmt.Sprint(err)
}

func dollars(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }

func randomCause() uuid.UUID { return uuid.Must(uuid.NewRandom()) }
