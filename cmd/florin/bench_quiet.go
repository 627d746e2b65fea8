package main

import (
	"context"
	"fmt"
	"time"

	"florin/gateway/phone"
)

// quiet is something that is asked for by a name, and whose answer and time are not
// to tell whether it is anybody's.
type quiet struct {
	figure, what string
	ask          func(ctx context.Context, name string) error
}

// quietly lists what a stranger's phone may ask for by a name, beside logins.
func quietly(stranger *phone.Phone) []quiet {
	return []quiet{
		{"identity-reset", "requests for a forgotten password",
			func(ctx context.Context, name string) error {
				_, err := stranger.Recover(ctx, name, "password")
				return err
			}},
	}
}

// pair times n askings for customers and for nobody, in turns of which each is the
// first as often as the other.
func (q quiet) pair(ctx context.Context, n int) ([]figure, error) {
	kinds := []struct{ figure, name string }{{q.figure, "known"}, {q.figure + "-unknown", "nobody"}}
	took := map[string][]float64{}
	for i := range n {
		for at := range kinds {
			kind := kinds[(at+i)%len(kinds)]
			name := fmt.Sprint(kind.name, i)
			began := time.Now()
			if err := q.ask(ctx, name); err != nil {
				return nil, fmt.Errorf("%s: %w", kind.figure, err)
			}
			took[kind.figure] = append(took[kind.figure], float64(time.Since(began))/float64(time.Millisecond))
		}
	}
	conditions := func(figure string) string {
		return fmt.Sprintf("median of %d %s over HTTP, known and unknown names in turn; p10 %.2f, p90 %.2f",
			n, q.what, percentile(took[figure], 10), percentile(took[figure], 90))
	}
	known, unknown := kinds[0].figure, kinds[1].figure
	floor := percentile(took[known], 50)
	return []figure{
		beside(known, "ms", floor, 0, conditions(known)),
		beside(unknown, "ms", percentile(took[unknown], 50), floor, conditions(unknown)+"; floor: "+known+", which it must not be told apart from"),
	}, nil
}
