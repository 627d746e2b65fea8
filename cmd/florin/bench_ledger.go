package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"florin/commands"
	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/risk"
	"florin/domain/transfer"
	"florin/schemas"
	"florin/schemas/seal"
)

func ledgerExperiments() []experiment {
	return []experiment{{
		name: "ledger", figures: []string{"ledger-64", "ledger-1024", "ledger-hot"},
		run: func(ctx context.Context, b *bench) ([]figure, error) { return b.ledgers(ctx) },
	}}
}

// benchPolicy weighs as much as the bank's own, and lets everything go on: one customer
// pays more often than any customer would.
func benchPolicy() []byte {
	engine, _, err := schemas.ReadPolicy(schemas.DefaultPolicy())
	if err != nil {
		panic("florin: the bank's own policy: " + err.Error()) // it is part of the program
	}
	policy := engine.Policy()
	policy.Name, policy.Rules, policy.Thresholds = "bench", nil, map[risk.Action][]risk.Threshold{}
	for _, action := range risk.Actions() {
		policy.Thresholds[action] = []risk.Threshold{{}}
	}
	policy.Examples = []risk.Example{{Name: "anything", Action: risk.Transfer, Given: map[string]int64{"count_10m": 99}, Outcome: risk.Allow}}
	text, err := schemas.WritePolicy(policy)
	if err != nil {
		panic("florin: " + err.Error())
	}
	return text
}

// benchConfig is a sandbox bank in a directory of its own.
func benchConfig(dir string) config {
	return config{Dir: dir, Sandbox: true, LegalEntity: "Bench", Issuer: "http://127.0.0.1", policyText: benchPolicy(), RatePerSecond: 1 << 30, RateBurst: 1 << 30}
}

// teller moves money in process, as the gateway would have it done.
type teller struct {
	bank     *commands.Bank
	accounts []id.Account
	owners   []commands.Caller // of the accounts
	next     atomic.Int64
}

// accountsPerCustomer keeps password hashing, which is no part of any figure, short. A
// customer's accounts lie far apart: what one of them asks for is decided one after the
// other.
const accountsPerCustomer = 2

// openTeller opens a write side whose accounts may be overdrawn, and accounts.
func openTeller(ctx context.Context, l *ledger, accounts int, opened func(int)) (*teller, error) {
	terms := commands.DefaultTerms()
	terms.Products = []commands.Product{{Name: "current", OverdraftUnits: 1 << 40}}
	terms.Exemptions.LowValueMax = 1 << 40
	write, err := commands.Open(ctx, l.log, l.treaty, l.ring, sources(), commands.Settings{
		BuildVersion: buildVersion(), Money: terms, Policy: benchPolicy(),
		Identity: commands.IdentitySettings{Argon: commands.Argon{MemoryKiB: 8, Passes: 1, Lanes: 1}},
	})
	if err != nil {
		return nil, err
	}
	t := &teller{bank: write, accounts: make([]id.Account, accounts), owners: make([]commands.Caller, accounts)}
	customers := (accounts + accountsPerCustomer - 1) / accountsPerCustomer
	return t, inParallel(customers, 64, func(c int) error {
		caller, err := t.enrol(ctx, c)
		if err != nil {
			return err
		}
		for i := c; i < accounts; i += customers {
			answer, _, err := write.Accounts().Open(ctx, t.order(caller, fmt.Sprint("open ", i)), commands.OpenAccount{
				Customer: caller.Customer, Name: domain.NewProfile("Bench Customer"), Currency: "EUR",
			})
			if err != nil {
				return err
			}
			t.accounts[i], t.owners[i] = answer.Account, caller
			if opened != nil {
				opened(1)
			}
		}
		return nil
	})
}

func (t *teller) enrol(ctx context.Context, n int) (commands.Caller, error) {
	name := fmt.Sprintf("bench%d", n)
	order := commands.SystemOrder("bench", id.Named[id.Customer](name).UUID(), "enrol", t.bank.Sources().Time(), seal.Day(t.bank.Sources().Time()))
	answer, _, err := t.bank.Customers().Enrol(ctx, order, commands.EnrolCustomer{
		UserName: domain.NewProfile(name), Phone: domain.NewProfile(fmt.Sprintf("+49151%09d", n)), Email: domain.NewProfile(name + "@example.org"),
		Name: domain.NewProfile("Bench Customer"), Password: "correct horse battery", Active: true,
	})
	return commands.Caller{
		ActorType: commands.ActorCustomer, Actor: answer.Customer.UUID(), Customer: answer.Customer, ACR: "urn:florin:acr:sca",
		AMR: []string{"pwd", "otp"}, TokenID: "0198f2a0-0000-7000-8000-000000000001", Session: id.Named[id.Session](name), Device: id.Named[id.Device](name),
	}, err
}

func (t *teller) order(caller commands.Caller, key string) commands.Order {
	return commands.Order{
		ID: commands.CommandID(caller.ActorType, caller.Actor, key), Caller: caller, Intent: []byte("POST /v1/transfers " + key),
		At: t.bank.Sources().Time(), Subject: seal.Subject{Kind: commands.ActorCustomer, ID: caller.Actor},
	}
}

var benchSigned = transfer.Signed{
	Proof: domain.NewEvidence(fmt.Sprintf("%0600d", 1)),
	Body:  domain.NewEvidence(`{"from":"acc_...","to":"acc_...","amount":"0.01","currency":"EUR","reference":"rent"}`),
}

// transfer moves a cent from one of the first debtors to one of as many others,
// or of a thousand if they are fewer.
func (t *teller) transfer(ctx context.Context, debtors int) error {
	n := int(t.next.Add(1))
	from := n % debtors
	to := debtors + n*7%min(max(debtors, 1000), len(t.accounts)-debtors)
	_, _, err := t.bank.Transfers().Initiate(ctx, t.order(t.owners[from], fmt.Sprint(n)), commands.InitiateTransfer{
		From: t.accounts[from], To: t.accounts[to], Amount: money.Amount{Minor: 1, Currency: "EUR"},
		Reference: domain.NewEvidence("rent"), Evidence: benchSigned,
	})
	return err
}

// ledgers measures transfers in process: five events in three streams, durable,
// sealed, nothing left out but HTTP and signatures.
func (b *bench) ledgers(ctx context.Context) (_ []figure, err error) {
	l, err := openLedger(ctx, benchConfig(filepath.Join(b.dir, "ledger")), true, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	const debtors, accounts = 1000, 2000
	t, err := openTeller(ctx, l, accounts, nil)
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- t.bank.Run(running) }() // processes and risk follow, as in a bank that serves
	defer func() { stop(); err = errors.Join(err, <-ended) }()
	bare, err := openBenchLog(ctx, filepath.Join(b.dir, "ledger-log"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.close()) }()
	moving := func(flights, debtors int) side {
		return func(ctx context.Context, length time.Duration) (float64, error) {
			return concurrently(flights, length, func(int) error { return t.transfer(ctx, debtors) })
		}
	}
	appending := func(flights int) side {
		appenders := newAppenders(bare, flights)
		return func(ctx context.Context, length time.Duration) (float64, error) {
			return concurrently(flights, length, func(i int) error { return appenders[i].append(ctx) })
		}
	}
	rates, err := b.inTurns(ctx, moving(64, debtors), appending(64), moving(1024, debtors), appending(1024), moving(64, 1))
	if err != nil {
		return nil, err
	}
	const conditions = "transfers in process between 2,000 accounts, 6 events on 4 streams, durable, sealed, all rules, scored by risk, processes following; "
	const floor = "floor: the log alone, commits of 3 events, as many in flight"
	return []figure{
		beside("ledger-64", "transfers/s", rates[0], rates[1], conditions+"64 in flight; "+floor),
		beside("ledger-1024", "transfers/s", rates[2], rates[3], conditions+"1,024 in flight; "+floor),
		beside("ledger-hot", "transfers/s", rates[4], rates[0], conditions+"64 in flight, all from one account; floor: ledger-64"),
	}, nil
}
