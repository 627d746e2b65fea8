package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

// A bank that is told to end while a tick waits for the log ends in order: whether
// that commit was kept is found out at the next start.
func TestWorkThatIsCutOffIsNoFailure(t *testing.T) {
	t.Parallel()
	unknown := fmt.Errorf("do what is due: %w", &eventbus.UnknownOutcome{})
	ctx, end := context.WithCancel(t.Context())
	require.ErrorIs(t, serious([]error{cutOff(ctx, unknown)}), unknown, "while it runs it is one")
	end()
	require.NoError(t, serious([]error{cutOff(ctx, unknown)}))
	require.Error(t, serious([]error{cutOff(ctx, unknown), errors.New("disk full")}))
}
