package gateway

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

func TestPollingTooFastSlowsDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.customer("anna")
	h.pass(time.Second)
	login := h.push("anna", password)
	require.Equal(t, "slow_down", code(login.step("push", "poll")), "at once")
	h.pass(5 * time.Second)
	slowed := login.step("push", "poll")
	require.Equal(t, "slow_down", code(slowed), "the interval has grown")
	require.EqualValues(t, 15, field[int](t, slowed, "interval"))
	h.pass(15 * time.Second)
	require.Equal(t, "authorization_pending", code(login.step("push", "poll")))
	require.Equal(t, "invalid_session", code(h.form(h.stranger(), "/oauth2/challenge", url.Values{"auth_session": {login.session}, "push": {"poll"}})), "another's auth_session")
	require.Equal(t, "invalid_request", code(login.step("push", "now")))
	require.Equal(t, "invalid_request", code(h.form(login.p, "/oauth2/challenge", url.Values{"auth_session": {login.session}, "push": {"poll"}, "otp": {"000000"}})), "one factor at a time")
}

// Push fatigue: a place that asks again and again waits ever longer, whether or not
// the name is anybody's; and the customer is left in peace.
func TestPushesAreNotEndless(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.customer("anna")
	h.pass(time.Second)
	tries := func(name string) (asked int, last phone.Answer) {
		for asked = 0; asked < 10; asked++ {
			half := h.half(name)
			if last = half.step("push", "start"); last.Status == 429 {
				return asked, last
			}
			require.Equal(t, "authorization_pending", code(last), "%s", last.Body)
		}
		return asked, last
	}
	known, refused := tries("anna")
	require.Equal(t, 4, known)
	h.pass(25 * time.Hour)
	nobody, unknown := tries(h.nobody([]string{"otp", "push"}))
	require.Equal(t, known, nobody)
	require.Equal(t, string(refused.Body), string(unknown.Body))
	require.Equal(t, refused.Header.Get("Retry-After"), unknown.Header.Get("Retry-After"))
}

// Group 13: nothing tells a name that is nobody's, or a wrong password, apart, as
// long as the customer does not answer.
func TestGroup13PushTellsNobodyApart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	h.customer("bert")
	h.pass(time.Second)
	made := h.nobody([]string{"otp", "push"})
	type seen struct {
		status, size int
		code         string
		headers      []string
		commits      uint64
	}
	look := func(name, secret string) (all []seen) {
		p := h.stranger()
		session := ""
		for _, values := range []url.Values{begin(name, secret), {"push": {"start"}}, {"push": {"poll"}}, {"push": {"poll"}}} {
			if session != "" {
				values.Set("auth_session", session)
				h.pass(70 * time.Second)
			}
			before := h.written()
			answer := h.form(p, "/oauth2/challenge", values)
			all = append(all, seen{answer.Status, len(answer.Body), code(answer), slices.Sorted(maps.Keys(answer.Header)), h.written() - before})
			if answer.Status == 400 && code(answer) != "access_denied" {
				session = field[string](t, answer, "auth_session")
			}
		}
		h.pass(25 * time.Hour)
		return all
	}
	right := look("anna", password)
	require.Equal(t, []string{"insufficient_authorization", "authorization_pending", "authorization_pending", "access_denied"}, []string{right[0].code, right[1].code, right[2].code, right[3].code})
	wrong, nobody := look("bert", "wrong password entirely"), look(made, password)
	require.Equal(t, right, wrong)
	require.Equal(t, right, nobody)

	h.login(anna)
	h.push("anna", "wrong password entirely")
	waiting, err := anna.Approvals(context.Background())
	require.NoError(t, err)
	require.Empty(t, waiting, "who does not know the password asks nobody anything")
}

func TestApprovalIdentifiersCannotBeGuessed(t *testing.T) { // CVE-2022-39222
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	seen, numbers := map[string]bool{}, map[string]bool{}
	for range 5 {
		h.pass(25 * time.Hour)
		h.login(anna)
		h.pass(time.Second)
		login := h.push("anna", password)
		id := h.waiting(anna).ID
		for i, other := 0, fmt.Sprint(id[4:]); i < 4; i++ {
			require.False(t, seen[other[i*8:i*8+8]], "nothing repeats from one to the next")
			seen[other[i*8:i*8+8]] = true
		}
		numbers[login.number] = true
	}
	require.NotEmpty(t, numbers)
}
