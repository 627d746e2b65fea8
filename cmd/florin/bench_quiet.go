package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"florin/gateway/phone"
)

// quiet is something that is asked for by a name, and whose answer and time are not
// to tell whether it is anybody's.
type quiet struct {
	figure, what string
	prepare      func(ctx context.Context, name string) (then string, err error) // not timed
	ask          func(ctx context.Context, name, then string) error
}

// quietly lists what a stranger's phone may ask for by a name, beside logins.
func quietly(stranger *phone.Phone) []quiet {
	return []quiet{
		{"identity-reset", "requests for a forgotten password",
			func(context.Context, string) (string, error) { return "", nil },
			func(ctx context.Context, name, _ string) error {
				_, err := stranger.Recover(ctx, name, "password")
				return err
			}},
		{"identity-otp-send", "requests for a code by e-mail, after a wrong password",
			func(ctx context.Context, name string) (string, error) {
				return goesOn(stranger.Challenge(ctx, firstStep(name)))
			},
			func(ctx context.Context, _, session string) error {
				_, err := goesOn(stranger.Challenge(ctx, url.Values{"auth_session": {session}, "otp_send": {"email"}}))
				return err
			}},
	}
}

// goesOn wants a login to ask for more.
func goesOn(_ string, err error) (session string, _ error) {
	if step, ok := errors.AsType[*phone.Refused](err); ok && step.AuthSession != "" {
		return step.AuthSession, nil
	}
	return "", fmt.Errorf("a login that goes on: %w", err)
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
			then, err := q.prepare(ctx, name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", kind.figure, err)
			}
			began := time.Now()
			if err := q.ask(ctx, name, then); err != nil {
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
