package projections

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain/id"
)

// BenchmarkRebuild rebuilds everything from a log of transfers of five events
// each, between 1,000 accounts.
func BenchmarkRebuild(b *testing.B) {
	const transfers = 40_000
	bank, tape := newTapeBank(b, 1)
	bank.checked = false
	accounts := make([]id.Account, 1000)
	for i := range accounts {
		accounts[i] = bank.open(id.From[id.Customer](uuid.UUID{1, byte(i / 4), byte(i % 4)}))
		bank.deposit(accounts[i], 1_000_000)
	}
	for i := range transfers {
		bank.transfer(accounts[i*7%1000], accounts[(i*13+1)%1000], int64(i%900+100))
	}
	head, err := tape.Head(context.Background())
	require.NoError(b, err)
	r := bank.reads("")
	b.ResetTimer()
	before := cpu(b)
	for range b.N {
		require.NoError(b, r.Rebuild(context.Background(), All, nil))
	}
	b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/float64(head.Position)/float64(b.N), "cpu-ns/event") // on a shared machine the truer figure
	b.ReportMetric(float64(head.Position)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func cpu(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkVisible is the time from a commit's being in the log to its being in
// every read model, one at a time.
func BenchmarkVisible(b *testing.B) {
	bank, _ := newTapeBank(b, 1)
	bank.checked = false
	from, to := bank.open(id.Customer{}), bank.open(id.Customer{})
	r := bank.reads("")
	run(b, r)
	bank.settle(r)
	for range b.N {
		_, receipt := bank.transfer(from, to, 1)
		require.NoError(b, r.WaitFor(context.Background(), "audit", receipt.Last))
	}
}
