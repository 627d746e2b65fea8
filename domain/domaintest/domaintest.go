// Package domaintest runs given/when/then tables against an aggregate.
package domaintest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain"
)

// Case is one sentence about an aggregate: given these facts, when this is
// asked, then these facts follow, or it is refused.
type Case[C any, E domain.Event] struct {
	Name    string
	Given   []E
	When    C
	Then    []E
	Refused error
}

// Run checks every case on a fresh S. What was decided is taken in too, so a
// table also shows that Evolve accepts all that Decide can say.
func Run[S domain.Aggregate[S, C, E], C any, E domain.Event](t *testing.T, cases []Case[C, E]) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.Name, func(t *testing.T) {
			var state S
			for _, event := range tc.Given {
				state = state.Evolve(event)
			}
			got, err := state.Decide(tc.When)
			if tc.Refused != nil {
				require.ErrorIs(t, err, tc.Refused)
				require.Empty(t, got, "a refusal must not decide facts")
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.Then, got)
			for _, event := range got {
				state = state.Evolve(event)
			}
		})
	}
}
