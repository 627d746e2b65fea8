package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEveryFigureHasOneName(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, name := range figureNames() {
		require.False(t, seen[name], name)
		seen[name] = true
		chosen, err := choose(name)
		require.NoError(t, err)
		require.NotEmpty(t, chosen)
	}
	all, err := choose("")
	require.NoError(t, err)
	require.Len(t, all, len(experiments()))
	_, err = choose("speed")
	require.ErrorIs(t, err, errUsage)
	require.ErrorContains(t, err, "log-128", "the names that there are stand in the error")
}

func TestSidesTakeTurnsAndTheFirstIsNotCounted(t *testing.T) {
	t.Parallel()
	b := &bench{slice: time.Millisecond, turns: 3}
	var order []string
	rates := []float64{1000, 5, 1, 9}
	taken := 0
	medians, err := b.inTurns(t.Context(),
		func(context.Context, time.Duration) (float64, error) {
			order = append(order, "a")
			taken++
			return rates[taken-1], nil
		},
		func(context.Context, time.Duration) (float64, error) {
			order = append(order, "b")
			return 2, nil
		})
	require.NoError(t, err)
	require.Equal(t, []float64{5, 2}, medians)
	require.Equal(t, []string{"a", "b", "a", "b", "a", "b", "a", "b"}, order)

	broken := errors.New("broken")
	_, err = b.inTurns(t.Context(), func(context.Context, time.Duration) (float64, error) { return 0, broken })
	require.ErrorIs(t, err, broken)
}

func TestFiguresArePrintedAndMarshalled(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	figures := []figure{beside("log-1", "commits/s", 900, 1000, "one writer"), beside("alone", "s", 0.1234, 0, "")}
	require.NoError(t, printFigures(&text, figures))
	require.Contains(t, text.String(), "0.90")
	require.Contains(t, text.String(), "0.123")
	require.Contains(t, text.String(), "hash chain", "the guarantees that were on")
	data, err := json.Marshal(figures[0])
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"log-1","value":900,"unit":"commits/s","floor":1000,"ratio":0.9,"conditions":"one writer"}`, string(data))
}

func TestTheFloorsKeepWhatTheyAreGiven(t *testing.T) {
	t.Parallel()
	record, err := sampleRecord()
	require.NoError(t, err)
	raw, err := openRawFile(filepath.Join(t.TempDir(), "raw"))
	require.NoError(t, err)
	rate, err := concurrently(4, 5*time.Millisecond, func(int) error { return raw.append(record) })
	require.NoError(t, err)
	require.Positive(t, rate)
	require.NoError(t, raw.close())
	bare, err := openBarePebble(filepath.Join(t.TempDir(), "pebble"))
	require.NoError(t, err)
	require.NoError(t, bare.append(record))
	require.NoError(t, bare.close())
	log, err := openBenchLog(t.Context(), filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	require.NoError(t, fillLog(t.Context(), log, 30))
	require.NoError(t, log.close())
}
