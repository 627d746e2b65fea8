package commands

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// nowhere is a log that takes everything at once and keeps nothing: what is left
// is the cost of the funnel itself.
type nowhere struct {
	eventbus.Log
	last eventbus.Position
}

func (n *nowhere) Generation() eventbus.Generation { return 1 }
func (n *nowhere) Find(context.Context, uuid.UUID) (eventbus.Ticket, bool, error) {
	return nil, false, nil
}
func (n *nowhere) Version(context.Context, eventbus.Stream) (eventbus.Version, error) { return 0, nil }
func (n *nowhere) Durable(context.Context) error                                      { return nil }
func (n *nowhere) Enqueue(c eventbus.Commit) (eventbus.Ticket, error) {
	n.last++
	return &taken{eventbus.Receipt{ID: c.ID, First: n.last, Last: n.last}}, nil
}

type taken struct{ receipt eventbus.Receipt }

func (t *taken) Receipt() eventbus.Receipt                      { return t.receipt }
func (t *taken) Repeated() bool                                 { return false }
func (t *taken) Wait(context.Context) (eventbus.Receipt, error) { return t.receipt, nil }

// BenchmarkFunnel is Transfers.Initiate without a log: decide, check legs, seal
// and encode five events.
func BenchmarkFunnel(b *testing.B) {
	ring, err := seal.Memory(rand.Reader)
	require.NoError(b, err)
	terms := DefaultTerms()
	terms.Products = []Product{{Name: "current", OverdraftUnits: 1 << 40}}
	bank, err := Open(background, &nowhere{}, schemas.New(ring), ring,
		Sources{Now: time.Now, Random: rand.Reader}, Settings{Money: terms, Policy: amountsPolicy(b)})
	require.NoError(b, err)
	benchTransfers(b, bank, 1000, 1)
}
