package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/gateway/phone"
	"florin/projections"
)

// remittance is a load of payments to other banks that the bank is killed under.
type remittance struct {
	t      *testing.T
	dir    string // the bank's
	bank   *child
	rail   *railway
	people []*person
	acks   *acks
	orders map[string]int // by key
}

const (
	remittanceOrders  = 24
	remittanceWorkers = 6
)

// remittances is how often the bank is killed amid payments: each takes as long as two
// rounds of its timers, which are a second apart.
func remittances() int {
	switch {
	case os.Getenv("FLORIN_SOAK") != "":
		return 100
	case testing.Short():
		return 2
	}
	return 3
}

// becomes is what the rail makes of the i-th order.
func becomes(i int) (reference, status string) {
	switch i % 4 {
	case 0:
		return "simulate reject AC04", "rejected"
	case 1:
		return "simulate return MD07", "returned"
	}
	return "rent", "settled"
}

// TestKillAmidPaymentsLosesNothing kills the bank with signal 9 while customers pay and
// while it tells the rail, a process of its own that lives on and also says by itself
// what comes back. No payment that was acknowledged is lost, the rail has booked each
// once, and in the end nothing is in transit. It takes some seconds, for the bank tells
// its rail once a second.
func TestKillAmidPaymentsLosesNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRemittance(ctx, t)
	for round := range remittances() {
		r.round(ctx, round)
	}
	r.judge(ctx)
}

func newRemittance(ctx context.Context, t *testing.T) *remittance {
	t.Helper()
	path, environ := program(t)
	work := t.TempDir()
	place, err := freeAddress()
	require.NoError(t, err)
	dir := filepath.Join(work, "bank")
	bank, base, err := newChild(path, dir, filepath.Join(work, "bank.log"), childEnvironment(environ),
		"--rate-per-second", "100000", "--rate-burst", "100000", "--log-level", "warn", "--risk-policy", amountsPolicy, "--rail", "http://"+place)
	require.NoError(t, err)
	r := &remittance{t: t, dir: dir, bank: bank, people: make([]*person, 3), acks: newAcks(), orders: map[string]int{}}
	require.NoError(t, bank.start(ctx))
	t.Cleanup(func() { _ = errors.Join(bank.kill(), bank.close()) })
	require.NoError(t, inParallel(len(r.people), len(r.people), func(i int) (err error) {
		if r.people[i], err = newPerson(ctx, base, fmt.Sprintf("payer%d", i), newHTTPClient()); err == nil {
			err = r.people[i].openFunded(ctx, "500.00")
		}
		return err
	}))
	require.NoError(t, bank.stop())
	key := filepath.Join(work, "rail.pem")
	code, out, says := florin(t, childEnvironment(environ), "operator", "create", "--dir", dir, "--name", "Rail", "--scopes", "payments.operate", "--key-file", key, "--json")
	require.Equal(t, exitDone, code, says)
	machine := read[struct {
		ClientID string `json:"client_id"`
	}](t, out)
	r.rail = newRailway(t, "--listen", place, "--bank", base, "--client", machine.ClientID, "--key-file", key)
	require.NoError(t, bank.start(ctx))
	return r
}

// order is the i-th payment: who makes it, and of what.
func (r *remittance) order(i int) (*person, map[string]string) {
	who := r.people[i%len(r.people)]
	reference, _ := becomes(i)
	return who, map[string]string{"from": who.accounts[0], "to": "DE89370400440532013000", "name": "Bob Builder", "amount": fmt.Sprintf("0.%02d", 1+i%99), "currency": "EUR", "reference": reference}
}

func (r *remittance) take(key string, answer phone.Answer) error {
	var made struct {
		ID       string `json:"payment"`
		Position uint64 `json:"position"`
	}
	if err := errors.Join(answer.OK(), json.Unmarshal(answer.Body, &made)); err != nil {
		return err
	}
	r.acks.add(key, phone.Transfer{ID: made.ID, Position: made.Position, Replayed: answer.Header.Get("Idempotency-Replayed") == "true"})
	return nil
}

// round pays, and kills the bank among the payments or, every other time, once it has
// told the rail of some of them; then everything is asked for again.
func (r *remittance) round(ctx context.Context, round int) {
	t, keys := r.t, make([]string, remittanceOrders)
	for i := range keys {
		keys[i] = r.people[0].phone.NewID()
		r.orders[keys[i]] = round*remittanceOrders + i
	}
	before, mark := len(r.rail.told().Payments), 1+rand.Intn(remittanceOrders-remittanceWorkers)
	killed, reached := make(chan error, 1), make(chan struct{})
	go func() { <-reached; killed <- r.bank.kill() }()
	require.NoError(t, inParallel(remittanceOrders, remittanceWorkers, func(i int) error {
		if round%2 == 1 && i == mark {
			close(reached)
		}
		who, order := r.order(r.orders[keys[i]])
		answer, err := who.phone.Command(ctx, http.MethodPost, "/v1/payments", order, keys[i])
		if err != nil { // the bank is gone
			return nil
		}
		return r.take(keys[i], answer)
	}), "round %d", round)
	if round%2 == 0 {
		require.Eventually(t, func() bool {
			told, err := r.rail.report()
			return err == nil && len(told.Payments) >= before+mark/2
		}, 20*time.Second, 5*time.Millisecond)
		close(reached)
	}
	require.NoError(t, <-killed, "round %d", round)
	require.NoError(t, r.bank.start(ctx), "round %d", round)
	require.NoError(t, inParallel(remittanceOrders, remittanceWorkers, func(i int) error {
		who, order := r.order(r.orders[keys[i]])
		answer, err := who.phone.Insist(ctx, http.MethodPost, "/v1/payments", order, keys[i])
		if err == nil {
			err = r.take(keys[i], answer)
		}
		return err
	}), "round %d", round)
	require.Zero(t, r.acks.lost, "acknowledged and lost, round %d", round)
	require.Zero(t, r.acks.twice, "made twice, round %d", round)
	if round%8 == 7 { // access tokens live 300 s
		for _, who := range r.people {
			require.NoError(t, who.phone.Refresh(ctx), "round %d", round)
		}
	}
}

// judge waits until the rail has answered everything, and looks at the books.
func (r *remittance) judge(ctx context.Context) {
	t, want, settled := r.t, map[string]string{}, int64(0)
	for key, i := range r.orders {
		who, _ := r.order(i)
		_, status := becomes(i)
		id := r.acks.byKey[key].transfer
		require.Eventually(t, func() bool {
			var is struct{ Status string }
			answer, err := who.phone.Get(ctx, "/v1/payments/"+id)
			return errors.Join(err, json.Unmarshal(answer.Body, &is)) == nil && is.Status == status
		}, 60*time.Second, 10*time.Millisecond, "%s is not %s", id, status)
		if status == "settled" {
			settled += int64(1 + i%99)
		}
		want[strings.ReplaceAll(strings.TrimPrefix(id, "pay_"), "-", "")] = map[string]string{"rejected": "RJCT", "returned": "returned", "settled": "ACSC"}[status]
	}
	told := r.rail.told()
	got := map[string]string{}
	for _, one := range told.Payments {
		got[one.Message] = one.Status
	}
	require.Equal(t, want, got, "the rail has what was acknowledged, and nothing else")
	require.Len(t, told.Payments, len(got), "each once")

	require.NoError(t, r.bank.stop())
	a, err := openArchive(t.Context(), config{Dir: r.dir})
	require.NoError(t, err)
	defer func() { require.NoError(t, a.close()) }()
	books, initiated := projections.NewLedger(), 0
	for record, err := range a.log.ReadAll(ctx, 0) {
		require.NoError(t, err)
		require.NoError(t, books.Read(record, a.treaty))
		for _, e := range record.Events {
			if e.Kind == "payment.initiated" {
				initiated++
			}
		}
	}
	require.Empty(t, books.Findings())
	require.Zero(t, books.Summary().Sum)
	require.Equal(t, len(r.orders), initiated, "the log holds exactly what was asked for")
	for chart, minor := range map[account.Chart]int64{account.InTransit(account.SEPA): 0, account.Nostro(account.SEPA): settled, account.Suspense: 0} {
		balance, _, _ := books.Balance(chart.In("EUR"))
		require.Equal(t, minor, balance.Minor, "%s", chart)
	}
	t.Logf("%d kills, %d payments acknowledged, %d of them told twice and booked once", remittances(), len(r.orders), told.Doubles)
}
