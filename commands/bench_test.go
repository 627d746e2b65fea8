package commands

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/eventbus/embedded"
	"florin/schemas"
	"florin/schemas/seal"
)

// durably opens a sequencer on the embedded engine in dir, on the disk.
func durably(t testing.TB, dir string) *eventbus.Sequencer {
	t.Helper()
	journal, err := embedded.Open(filepath.Join(dir, "log"), embedded.Options{CreateIfMissing: true})
	require.NoError(t, err)
	log, err := eventbus.Open(context.Background(), journal, eventbus.Options{
		Clock: time.Now, BuildVersion: "test", Writer: uuid.New(),
		Genesis: eventbus.Genesis{Ledger: uuid.New(), LegalEntity: "Test", Mode: "sandbox", At: noon},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, log.Close(background))
		require.NoError(t, journal.Close())
	})
	return log
}

func benchBank(b *testing.B) *Bank {
	ring, err := seal.Memory(rand.Reader)
	require.NoError(b, err)
	terms := DefaultTerms()
	terms.Products = []Product{{Name: "current", OverdraftUnits: 1 << 40}}
	bank, err := Open(background, durably(b, b.TempDir()), schemas.New(ring), ring,
		Sources{Now: time.Now, Random: rand.Reader}, Settings{Money: terms, Policy: amountsPolicy(b)})
	require.NoError(b, err)
	return bank
}

func benchCaller(n int) Caller {
	customer := id.Named[id.Customer]("bench", fmt.Sprint(n))
	return Caller{ActorType: ActorCustomer, Actor: customer.UUID(), Customer: customer, ACR: "urn:florin:acr:sca",
		AMR: []string{"pwd", "otp"}, TokenID: "0198f2a0-0000-7000-8000-000000000001", Session: id.Named[id.Session]("s"), Device: id.Named[id.Device]("d")}
}

// BenchmarkTransfer is Transfers.Initiate in process, durable, nothing left out:
// five events in three streams. The figure transfers/s is what ledger-* of
// florin bench reports.
func BenchmarkTransfer(b *testing.B) {
	for _, accounts := range []int{1000, 1} {
		for _, flights := range []int{1, 64, 1024} {
			b.Run(fmt.Sprintf("debtors=%d/flights=%d", accounts, flights), func(b *testing.B) {
				benchTransfers(b, benchBank(b), accounts, flights)
			})
		}
	}
}

func benchTransfers(b *testing.B, bank *Bank, accounts, flights int) {
	const creditors = 1000
	opened := make([]id.Account, accounts+creditors)
	var wg sync.WaitGroup
	for lane := range 16 {
		wg.Go(func() {
			for n := lane; n < len(opened); n += 16 {
				caller := benchCaller(n)
				known(b, bank, caller.Customer)
				answer, _, err := bank.Accounts().Open(background, benchOrder(bank, caller, fmt.Sprint("open", n)), OpenAccount{Customer: caller.Customer, Currency: "EUR"})
				require.NoError(b, err)
				opened[n] = answer.Account
			}
		})
	}
	wg.Wait()
	body := `{"from":"acc_...","to":"acc_...","amount":"100.00","currency":"EUR","reference":"rent"}`
	evidence := transfer.Signed{Proof: domain.NewEvidence(fmt.Sprintf("%0600d", 1)), Body: domain.NewEvidence(body)}
	var next atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	for range flights {
		wg.Go(func() {
			for {
				n := int(next.Add(1))
				if n > b.N {
					return
				}
				caller := benchCaller(n % accounts)
				_, _, err := bank.Transfers().Initiate(background, benchOrder(bank, caller, fmt.Sprint(n)), InitiateTransfer{
					From: opened[n%accounts], To: opened[accounts+n*7%creditors], Amount: money.Amount{Minor: 1, Currency: "EUR"},
					Reference: domain.NewEvidence("rent"), Evidence: evidence,
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "transfers/s")
	state, err := bank.accounts.look(background, opened[0])
	require.NoError(b, err)
	require.Equal(b, account.Active, state.Status)
}

func benchOrder(bank *Bank, caller Caller, key string) Order {
	return Order{
		ID: CommandID(ActorCustomer, caller.Actor, key), Caller: caller, Intent: []byte("POST /v1/transfers " + key),
		At: bank.sources.Time(), Subject: seal.Subject{Kind: ActorCustomer, ID: caller.Actor},
	}
}
