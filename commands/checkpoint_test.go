package commands

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"florin/eventbus"
)

// A bank that stops saves while its last tick may still be saving.
func TestCheckpointsAreSavedOneAfterTheOther(t *testing.T) {
	t.Parallel()
	f := newFollower(t)
	r := f.bank.runners[0]
	var savers errgroup.Group
	for saver := range 4 {
		savers.Go(func() error {
			for i := range 50 {
				r.note(&Agenda{set: []Alarm{{Note: strconv.Itoa(saver), Position: eventbus.Position(i + 1)}}})
				if err := r.save(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, savers.Wait())
	kept, err := r.file.read()
	require.NoError(t, err)
	require.Len(t, kept.Alarms, len(r.sorted()), "the last one is whole")
}

// What could not be saved is saved when the disk allows it again.
func TestACheckpointThatFailedIsSavedLater(t *testing.T) {
	t.Parallel()
	f := newFollower(t)
	r := f.bank.runners[0]
	require.NoError(t, os.Mkdir(r.file.path+".new", 0o700))
	r.note(&Agenda{set: []Alarm{{Note: "thaw"}}})
	require.ErrorContains(t, r.save(), "commands: checkpoint")
	require.NoError(t, os.Remove(r.file.path+".new"))
	require.NoError(t, r.save())
	kept, err := r.file.read()
	require.NoError(t, err)
	require.Len(t, kept.Alarms, 1)
}
