package gateway

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain/id"
	"florin/gateway/phone"
	"florin/schemas/seal"
)

// Group 13: the four of whom nobody may learn anything: nobody at all, a customer
// whose password was wrong, one who is none any more, and each of them with a budget
// that is used up. The medians of their times are figures of 'florin bench identity'.
func TestGroup13UnknownWrongDisabledAndExhaustedAreOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.customer("anna")
	gone := h.customer("gone")
	of, err := id.Parse[id.Customer](gone.Profile().Customer)
	require.NoError(t, err)
	order := commands.SystemOrder("test", uuid.New(), "close", h.now(), seal.Subject{Kind: "customer", ID: of.UUID()})
	_, err = h.bank.Customers().Close(t.Context(), order, of, "wish")
	require.NoError(t, err)
	nobody := h.nobody([]string{"otp", "push"}) // whose made-up factors are like theirs
	stranger := h.stranger()
	type seen struct {
		status, size         int
		code, headers, retry string
		hashes, written      uint64
	}
	observe := func(send func() phone.Answer) (seen, phone.Answer) {
		hashes, written := h.bank.PasswordHashes(), h.written()
		answer := send()
		var names []string
		for header := range answer.Header {
			names = append(names, header)
		}
		slices.Sort(names)
		return seen{answer.Status, len(answer.Body), code(answer), strings.Join(names, " "), answer.Header.Get("Retry-After"),
			h.bank.PasswordHashes() - hashes, h.written() - written}, answer
	}
	tried := []struct{ why, name, password string }{
		{"a wrong password", "anna", "wrong password entirely"}, {"nobody", nobody, password}, {"a customer no more, and the right password", "gone", password},
	}
	for attempt := range 6 {
		var first, last seen
		for i, one := range tried {
			at, answer := observe(func() phone.Answer { return h.form(stranger, "/oauth2/challenge", begin(one.name, one.password)) })
			end := seen{}
			if at.status != http.StatusTooManyRequests {
				session := field[string](t, answer, "auth_session")
				end, _ = observe(func() phone.Answer {
					return h.form(stranger, "/oauth2/challenge", map[string][]string{"auth_session": {session}, "otp": {"000000"}})
				})
				require.Equal(t, "access_denied", end.code)
			}
			if i == 0 {
				first, last = at, end
			}
			require.Equal(t, first, at, "attempt %d, %s: the first step", attempt, one.why)
			require.Equal(t, last, end, "attempt %d, %s: the last step", attempt, one.why)
		}
		if attempt < 5 {
			require.Equal(t, http.StatusBadRequest, first.status)
			require.EqualValues(t, 1, first.hashes)
			continue
		}
		require.Equal(t, http.StatusTooManyRequests, first.status, "exhausted")
		require.NotEmpty(t, first.retry)
		require.Zero(t, first.hashes, "the budget is asked before the hash")
		require.Zero(t, first.written)
	}
}
