package commands

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/attempt"
	"florin/domain/stuffing"
	"florin/eventbus"
)

// tried is the first step of a login with a password, from an unknown phone.
func (b *branch) tried(ip, name, password string) error {
	b.t.Helper()
	h := b.phone(ip)
	_, err := h.challenge(h.first(name, password))
	return err
}

// Who tries one password after the other stays below no budget of the name alone; who
// tries many names stays below each of theirs, and meets that of the place. Names that
// are anybody's and names that are nobody's cost the same.
func TestAPlaceTriesFewNames(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada := b.enrol("ada")
	own := b.phone(abroad)
	own.login(ada)
	for n := range 8 {
		require.NoError(t, b.tried("203.0.113.9", fmt.Sprint("nobody-", n), fmt.Sprint("guess ", n)))
	}
	for _, name := range []string{"ada", "nobody-8"} {
		require.ErrorIs(t, b.tried("203.0.113.9", name, "another guess"), attempt.ErrThrottled, name)
	}
	require.NoError(t, b.tried("203.0.113.9", "nobody-3", "another guess"), "a name that was tried costs no other")
	require.NoError(t, b.tried("203.0.113.10", "ada", "another guess"), "another place has its own")
	require.NoError(t, b.tried("2001:db8:1:2::1", "ada", "another guess"))
	own.ip = "203.0.113.9"
	own.login(ada)
	b.pass(9 * time.Minute)
	require.NoError(t, b.tried("203.0.113.9", "nobody-8", "another guess"), "one has drained away")
	require.ErrorIs(t, b.tried("203.0.113.9", "nobody-9", "another guess"), attempt.ErrThrottled)
}

// An office full of people with new phones, each of whom logs in, fills nothing; and an
// attacker's own account washes nothing clean.
func TestALoginTakesBackWhatItCost(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	for n := range 9 { // more names than a place holds; fewer than one password may have
		of := b.enrol(fmt.Sprint("worker-", n))
		b.phone("203.0.113.20").login(of)
	}
	eve := b.enrol("eve")
	for n := range 7 {
		require.NoError(t, b.tried("203.0.113.20", fmt.Sprint("nobody-", n), fmt.Sprint("guess ", n)))
	}
	b.phone("203.0.113.20").login(eve)
	require.NoError(t, b.tried("203.0.113.20", "nobody-7", "another guess"))
	require.ErrorIs(t, b.tried("203.0.113.20", "nobody-8", "another guess"), attempt.ErrThrottled)
	require.ErrorIs(t, b.tried("203.0.113.20", "eve", "another guess"), attempt.ErrThrottled)
}

// One password for many names is told from anywhere; of the password the log has next
// to nothing.
func TestOnePasswordIsTriedForFewNames(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada := b.enrol("ada")
	for n := range 10 {
		require.NoError(t, b.tried(fmt.Sprintf("203.0.%d.1", n), fmt.Sprint("nobody-", n), "Winter 2026!"))
	}
	require.ErrorIs(t, b.tried("203.0.99.1", "nobody-10", "Winter 2026!"), attempt.ErrThrottled)
	require.ErrorIs(t, b.tried("203.0.99.1", "ada", "Winter 2026!"), attempt.ErrThrottled)
	require.NoError(t, b.tried("203.0.99.1", "ada", "Winter 2027!"))
	b.phone(home).login(ada)
	require.False(t, b.holds("Winter"))
}

// A proxy that nobody trusts to say where its visitors are is no place: one of them
// must not keep out all the others.
func TestAPrivateAddressIsNoPlace(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	for n := range 30 {
		ip := []string{"127.0.0.1", "10.1.2.3", "::1", "fd00::1", "169.254.1.1", ""}[n%6]
		require.NoError(t, b.tried(ip, fmt.Sprint("nobody-", n), fmt.Sprint("guess ", n)))
	}
}

// Recoveries are begun by name too.
func TestAPlaceRecoversFewNames(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	var err error
	for n := 0; err == nil && n < 100; n++ {
		_, err = b.phone("203.0.113.30").recover(fmt.Sprint("nobody-", n), "password")
		require.Less(t, n, 9)
	}
	require.ErrorIs(t, err, attempt.ErrThrottled)
}

// While far more logins fail than usual, places hold less; a restart knows it, and what
// the log says is what a replay says.
func TestAnAttackTightensPlaces(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada := b.enrol("ada")
	own := b.phone(home)
	own.login(ada)
	b.deliver()
	for n := range 40 {
		require.NoError(t, b.tried(fmt.Sprintf("203.%d.1.1", n), fmt.Sprint("nobody-", n), fmt.Sprint("guess ", n)))
	}
	b.deliver()
	b.restart() // in the middle of the minute
	b.pass(2 * time.Minute)
	b.deliver()
	state, err := b.bank.stuffing.look(background, stuffing.Stream())
	require.NoError(t, err)
	require.True(t, state.Suspects(b.now()))
	var seen []stuffing.Suspected
	for recorded, err := range b.log.ReadStream(background, eventbus.Stream(stuffing.Stream().Stream()), 0) {
		require.NoError(t, err)
		event, err := b.bank.treaty.Stuffing.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		require.NoError(t, err)
		if e, ok := event.(stuffing.Suspected); ok {
			seen = append(seen, e)
		}
	}
	require.Len(t, seen, 1)
	require.EqualValues(t, 975_609, seen[0].Rate, "40 of 41")

	require.NoError(t, b.tried("198.18.1.1", "nobody-100", "guess 100"))
	require.NoError(t, b.tried("198.18.1.1", "nobody-101", "guess 101"))
	require.ErrorIs(t, b.tried("198.18.1.1", "nobody-102", "guess 102"), attempt.ErrThrottled)
	own.login(ada)
	b.pass(stuffing.Lasts + time.Minute)
	require.NoError(t, b.tried("198.18.1.1", "nobody-102", "guess 102"))
}

// Two at once at the last place that is left: one gets it.
func TestPlacesAreTakenOnce(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	for n := range 7 {
		require.NoError(t, b.tried("203.0.113.9", fmt.Sprint("nobody-", n), fmt.Sprint("guess ", n)))
	}
	phones := make([]*handset, 10)
	for n := range phones {
		phones[n] = b.phone("203.0.113.9")
	}
	failures := together(len(phones), func(n int) error {
		_, err := phones[n].challenge(phones[n].first(fmt.Sprint("nobody-", 50+n), fmt.Sprint("guess ", 50+n)))
		return err
	})
	passed := 0
	for _, err := range failures {
		if err == nil {
			passed++
			continue
		}
		require.ErrorIs(t, err, attempt.ErrThrottled)
	}
	require.Equal(t, 1, passed)
}

// The count of a minute that is under way outlives a stop in the agenda's note.
func TestAMinuteUnderWayIsKept(t *testing.T) {
	t.Parallel()
	count, again := minuteCount{noon.Truncate(time.Minute), 41, 3}, measuring{}
	require.NoError(t, again.Resume(background, Alarm{Note: count.String()}))
	require.Equal(t, count, again.now)
	require.Error(t, again.Resume(background, Alarm{Note: "a few"}))
}
