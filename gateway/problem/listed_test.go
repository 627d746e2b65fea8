package problem_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/problem"
	"florin/schemas"
)

func TestEveryFaultIsListed(t *testing.T) {
	t.Parallel()
	listed, err := schemas.Problems()
	require.NoError(t, err)
	byCode := map[string]schemas.Problem{}
	for _, p := range listed {
		byCode[p.Code] = p
	}
	faults := problem.Faults()
	require.NotEmpty(t, faults)
	for _, fault := range faults {
		p, ok := byCode[fault.Code]
		require.True(t, ok, "%s is not in schemas/problems.json", fault.Code)
		require.True(t, slices.Contains(p.Status, fault.Status), "%s: %d is not among %v", fault.Code, fault.Status, p.Status)
	}
}
