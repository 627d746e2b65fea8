package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// rotation is one family as its phone knows it.
type rotation struct {
	phone   *phone.Phone
	old     string // shown in the latest attempt
	key     string // of the latest attempt
	current string // what its answer held; "" while it is not known
	done    int
}

// refresh shows a token once, anew only where another nonce is wanted.
func (r *rotation) refresh(ctx context.Context, token, key string) (next, refused string, err error) {
	for {
		request, err := r.phone.PrepareForm("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {phone.ClientID}, "refresh_token": {token}})
		if err != nil {
			return "", "", err
		}
		request.Header.Set("Idempotency-Key", key)
		answer, err := r.phone.Send(ctx, request)
		if err != nil {
			return "", "", err
		}
		var body struct {
			Error   string `json:"error"`
			Refresh string `json:"refresh_token"`
		}
		if err := json.Unmarshal(answer.Body, &body); err != nil {
			return "", "", err
		}
		if answer.Status >= http.StatusInternalServerError {
			return "", "", fmt.Errorf("the bank could not say: %d", answer.Status)
		}
		if body.Error != "use_dpop_nonce" {
			return body.Refresh, body.Error, nil
		}
	}
}

// chain rotates so many times, or until the bank is gone, and remembers what it
// does not know.
func (r *rotation) chain(ctx context.Context, times int) {
	for range times {
		r.old, r.key, r.current = r.current, r.phone.NewID(), ""
		next, refused, err := r.refresh(ctx, r.old, r.key)
		if err != nil || refused != "" {
			return
		}
		r.current, r.done = next, r.done+1
	}
}

// TestKillDuringRefreshesKeepsTheRotation kills the bank with signal 9 while
// families are refreshed in parallel. After the restart every phone asks once
// more for its latest answer and gets the very same successor; a token and its
// successor's successor are never both good, and showing the old one ends the
// family (Keycloak CVE-2026-9802: a restart forgot the rotation).
func TestKillDuringRefreshesKeepsTheRotation(t *testing.T) {
	t.Parallel()
	rounds := 4
	if testing.Short() {
		rounds = 2
	}
	ctx := context.Background()
	path, environ := program(t)
	bank, base, err := newChild(path, filepath.Join(t.TempDir(), "bank"), filepath.Join(t.TempDir(), "bank.log"), childEnvironment(environ),
		"--rate-per-second", "100000", "--rate-burst", "100000", "--log-level", "warn")
	require.NoError(t, err)
	require.NoError(t, bank.start(ctx))
	t.Cleanup(func() { ends(t, bank) })
	families := rotations(ctx, t, base, rounds+4)
	underWay, known, rotated := 0, 0, 0
	for round := range rounds {
		refreshUntilKilled(ctx, t, bank, families)
		for _, family := range families {
			next, refused, err := family.refresh(ctx, family.old, family.key)
			require.NoError(t, err)
			require.Empty(t, refused, "the same token under the same key: its answer was lost")
			if family.current == "" {
				underWay++
			} else {
				known++
				require.Equal(t, family.current, next, "the successor that was acknowledged before the kill")
			}
			family.current = next
		}
		victim := families[0]
		families = families[1:]
		victim.reuse(ctx, t, round)
		rotated += victim.done
	}
	for _, family := range families {
		rotated += family.done
	}
	require.NotZero(t, rotated)
	require.NotZero(t, known, "families whose latest answer had come")
	require.NotZero(t, underWay, "families that were asking in a kill")
	t.Logf("%d kills, %d rotations acknowledged; asked again after a kill: %d that were under way, %d whose answer had come (the same successor)", rounds, rotated, underWay, known)
}

// rotations are families of token, each on a phone of its own.
func rotations(ctx context.Context, t *testing.T, base string, count int) []*rotation {
	families := make([]*rotation, count)
	require.NoError(t, inParallel(count, 2, func(i int) error {
		p, err := newPerson(ctx, base, fmt.Sprintf("chain%d", i), newHTTPClient())
		if err == nil {
			families[i] = &rotation{phone: p.phone, current: p.phone.Tokens().Refresh}
		}
		return err
	}))
	return families
}

// refreshUntilKilled has all families rotate at once, kills the bank meanwhile,
// and starts it again.
func refreshUntilKilled(ctx context.Context, t *testing.T, bank *child, families []*rotation) {
	var all sync.WaitGroup
	for i, family := range families {
		times := 1_000_000 // one answer is under way in the kill
		if i%2 == 1 {
			times = 2 // the last answer has come, or is under way
		}
		all.Go(func() { family.chain(ctx, times) })
	}
	killed := make(chan error, 1)
	time.AfterFunc(time.Duration(50+rand.Intn(200))*time.Millisecond, func() { killed <- bank.kill() })
	all.Wait()
	require.NoError(t, <-killed)
	require.NoError(t, bank.start(ctx))
}

// reuse shows the old token once more, which ends the family.
func (r *rotation) reuse(ctx context.Context, t *testing.T, round int) {
	third, refused, err := r.refresh(ctx, r.current, r.phone.NewID())
	require.NoError(t, err)
	require.Empty(t, refused, "the successor is alive")
	for _, dead := range []struct{ name, token, key string }{
		{"the old token, under the key of before", r.old, r.key}, {"the successor that was used", r.current, r.phone.NewID()},
		{"the newest, for reuse ended the family", third, r.phone.NewID()},
	} {
		_, refused, err := r.refresh(ctx, dead.token, dead.key)
		require.NoError(t, err)
		require.Equal(t, "invalid_grant", refused, "round %d: %s", round, dead.name)
	}
}
