package eventbustest_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
)

// tampered is a journal in which somebody has changed what is kept.
type tampered struct {
	eventbus.Journal
	change func(records [][]byte) [][]byte
}

func (j tampered) Read(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return func(yield func(eventbus.Entry, error) bool) {
		var records [][]byte
		for entry, err := range j.Journal.Read(ctx, eventbus.Mark{}) {
			if err != nil {
				yield(entry, err)
				return
			}
			records = append(records, entry.Record)
		}
		for _, r := range j.change(records) {
			if o, err := eventbus.Peek(r); err == nil && o.Last <= from.Position {
				continue
			}
			if !yield(eventbus.Entry{Record: r}, nil) {
				return
			}
		}
	}
}

// ledger is a journal of ten commits: positions 1, 2, then eight of two events.
func ledger(t testing.TB, journal eventbus.Journal, index eventbus.Index) {
	t.Helper()
	seq := start(t, journal, index)
	for i := range 8 {
		_, err := persist(t, seq, i, i%3, 5)
		require.NoError(t, err)
	}
	end(t, seq)
}

// Changed, removed, reordered: the chain shows it, and names where.
func TestTamperingIsFoundWithAPosition(t *testing.T) {
	t.Parallel()
	forge := func(r []byte) []byte { // a sound record with another past
		record, err := eventbus.Decode(r)
		require.NoError(t, err)
		record.Events[0].Data = []byte(`{"amount":"1000000.00"}`)
		forged, err := eventbus.Encode(record)
		require.NoError(t, err)
		return forged
	}
	cases := map[string]struct {
		change   func(r [][]byte) [][]byte
		position eventbus.Position
	}{
		"the first commit is removed":                {func(r [][]byte) [][]byte { return r[1:] }, 1},
		"one is removed":                             {func(r [][]byte) [][]byte { return append(append([][]byte{}, r[:4]...), r[5:]...) }, 7},
		"two are swapped":                            {func(r [][]byte) [][]byte { r[4], r[5] = r[5], r[4]; return r }, 0},
		"one is there twice":                         {func(r [][]byte) [][]byte { return append(append([][]byte{}, r[:5]...), r[4:]...) }, 0},
		"one is forged with a sound hash of its own": {func(r [][]byte) [][]byte { r[4] = forge(r[4]); return r }, 9},
		"a byte is changed":                          {func(r [][]byte) [][]byte { r[6][200] ^= 1; return r }, 11},
		"one is cut short":                           {func(r [][]byte) [][]byte { r[6] = r[6][:len(r[6])-1]; return r }, 11},
		"one is empty":                               {func(r [][]byte) [][]byte { r[3] = nil; return r }, 5},
		"the end is cut off":                         {func(r [][]byte) [][]byte { return r[:8] }, 15},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := eventbustest.NewStore()
			ledger(t, store.Journal(), &eventbustest.MemoryIndex{})
			journal := tampered{store.Journal(), c.change}
			_, err := eventbus.Verify(t.Context(), journal, eventbus.Mark{}, nil)
			var damage *eventbus.Damage
			if c.position == 0 && err == nil {
				return // all commits are there in their only order, junk between them passed over
			}
			require.ErrorAs(t, err, &damage)
			if c.position > 0 {
				require.Equal(t, c.position, damage.Position)
			}
			var reading error
			for _, err := range eventbus.ReadOnly(journal).ReadAll(t.Context(), 0) {
				reading = errors.Join(reading, err)
			}
			require.ErrorAs(t, reading, &damage, "readers find it too")
		})
	}
}

// In a journal that only one process can write there is nothing to pass over.
func TestALocalJournalHoldsNothingThatDoesNotExtendIt(t *testing.T) {
	t.Parallel()
	local := eventbustest.NewLocal()
	ledger(t, local, nil)
	for name, change := range map[string]func(r [][]byte) [][]byte{
		"swapped": func(r [][]byte) [][]byte { r[4], r[5] = r[5], r[4]; return r },
		"twice":   func(r [][]byte) [][]byte { return append(append([][]byte{}, r[:5]...), r[4:]...) },
		"removed": func(r [][]byte) [][]byte { return append(append([][]byte{}, r[:4]...), r[5:]...) },
	} {
		_, err := eventbus.Verify(t.Context(), tamperedLocal{local, change}, eventbus.Mark{}, nil)
		var damage *eventbus.Damage
		require.ErrorAs(t, err, &damage, name)
		require.Contains(t, []eventbus.Position{7, 9}, damage.Position, name)
	}
}

type tamperedLocal struct {
	*eventbustest.Local
	change func(records [][]byte) [][]byte
}

func (j tamperedLocal) Read(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return tampered{j.Local, j.change}.Read(ctx, from)
}

func TestADamagedJournalDoesNotOpen(t *testing.T) {
	t.Parallel()
	local := eventbustest.NewLocal()
	ledger(t, local, nil)
	o := eventbustest.Options(eventbustest.Ticking(founding))
	o.RebuildIndex = true
	for i := range 10 {
		journal := tamperedLocal{local, func(r [][]byte) [][]byte { r[i][len(r[i])/2] ^= 4; return r }}
		_, err := eventbus.Open(t.Context(), journal, o)
		var damage *eventbus.Damage
		require.ErrorAs(t, err, &damage, "commit %d", i)
	}
}

func TestVerifyGoesOnFromAMarkAndTellsItsProgress(t *testing.T) {
	t.Parallel()
	local := eventbustest.NewLocal()
	ledger(t, local, nil)
	head, err := local.Head(t.Context())
	require.NoError(t, err)
	var heard eventbus.Position
	var middle eventbus.Mark
	for entry := range local.Read(t.Context(), eventbus.Mark{Position: 6}) {
		o, err := eventbus.Peek(entry.Record)
		require.NoError(t, err)
		middle = eventbus.Mark{Position: o.Last, Hash: o.Hash}
		break
	}
	for _, from := range []eventbus.Mark{{}, middle, {Position: middle.Position}, {Position: 7}, head} {
		end, err := eventbus.Verify(t.Context(), local, from, func(p eventbus.Position) { heard = p })
		require.NoError(t, err)
		require.Equal(t, head.Position, end.Position)
		require.Equal(t, head.Position, heard)
	}
	middle.Hash[3]++
	_, err = eventbus.Verify(t.Context(), local, middle, nil)
	var damage *eventbus.Damage
	require.ErrorAs(t, err, &damage)
}
