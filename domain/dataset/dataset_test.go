package dataset_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/dataset"
	"florin/domain/domaintest"
	"florin/domain/id"
)

func TestDataSets(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	ada, bob := id.Named[id.Operator]("ada"), id.Named[id.Operator]("bob")
	first, second := strings.Repeat("1", 64), strings.Repeat("2", 64)
	change := func(name, digest, base string) dataset.Change {
		return dataset.Change{Name: name, Digest: digest, Base: base, Reason: "monthly", Proposer: ada, Approver: bob, At: noon}
	}
	activated := func(name, digest, replaced string) dataset.Event {
		return dataset.Activated{Name: name, Digest: digest, Replaced: replaced, Reason: "monthly", Proposer: ada, Approver: bob, At: noon}
	}
	withdrawn := dataset.Withdrawn{Name: dataset.Places, Digest: first, Reason: "monthly", Proposer: ada, Approver: bob, At: noon}
	bare := change(dataset.Places, first, "")
	bare.Reason = "Because"
	domaintest.Run[dataset.State](t, []domaintest.Case[dataset.Command, dataset.Event]{
		{Name: "the first file of a name", When: change(dataset.Places, first, ""), Then: []dataset.Event{activated(dataset.Places, first, "")}},
		{Name: "another one takes its place", Given: []dataset.Event{activated(dataset.Places, first, "")}, When: change(dataset.Places, second, first),
			Then: []dataset.Event{activated(dataset.Places, second, first)}},
		{Name: "of another name it stands beside", Given: []dataset.Event{activated(dataset.Places, first, "")}, When: change(dataset.Networks, second, ""),
			Then: []dataset.Event{activated(dataset.Networks, second, "")}},
		{Name: "none is in force any more", Given: []dataset.Event{activated(dataset.Places, first, "")}, When: change(dataset.Places, "", first), Then: []dataset.Event{withdrawn}},
		{Name: "one that was withdrawn comes back", Given: []dataset.Event{activated(dataset.Places, first, ""), withdrawn}, When: change(dataset.Places, first, ""),
			Then: []dataset.Event{activated(dataset.Places, first, "")}},
		{Name: "not twice", Given: []dataset.Event{activated(dataset.Places, first, "")}, When: change(dataset.Places, first, first), Refused: dataset.ErrInForce},
		{Name: "nothing is withdrawn where nothing is", When: change(dataset.Places, "", ""), Refused: dataset.ErrInForce},
		{Name: "a base that is over", Given: []dataset.Event{activated(dataset.Places, second, "")}, When: change(dataset.Places, first, ""), Refused: dataset.ErrStale},
		{Name: "a base that never was", When: change(dataset.Places, first, second), Refused: dataset.ErrStale},
		{Name: "a name that is none", When: change("karma", first, ""), Refused: dataset.ErrName},
		{Name: "a digest that is a path", When: change(dataset.Places, "../"+first[3:], ""), Refused: dataset.ErrName},
		{Name: "a digest in capitals", When: change(dataset.Places, strings.Repeat("A", 64), ""), Refused: dataset.ErrName},
		{Name: "no digest at all", When: change(dataset.Places, first[1:], ""), Refused: dataset.ErrName},
		{Name: "a story for a reason", When: bare, Refused: dataset.ErrReason},
	})
	both := dataset.State{}.Evolve(activated(dataset.Places, first, "")).Evolve(activated(dataset.Networks, second, ""))
	require.Equal(t, []string{first, second, ""}, []string{both.Of(dataset.Places), both.Of(dataset.Networks), both.Of(dataset.Addresses)})
	require.Equal(t, dataset.Networks, both.Sets[0].Name, "in the order of their names")
}

func TestNobodyTravelsFasterThanAnAeroplane(t *testing.T) {
	t.Parallel()
	berlin, paris, potsdam, auckland := dataset.At(52.52, 13.40, 20), dataset.At(48.86, 2.35, 20), dataset.At(52.40, 13.06, 20), dataset.At(-36.85, 174.76, 50)
	require.InDelta(t, 878-40, berlin.Apart(paris), 10)
	require.InDelta(t, 17_750-70, berlin.Apart(auckland), 60)
	require.Equal(t, berlin.Apart(auckland), auckland.Apart(berlin))
	for name, try := range map[string]struct {
		from, to dataset.Place
		seconds  int64
		kmh      int64
		known    bool
	}{
		"by train":               {berlin, paris, 8 * 3600, 104, true},
		"within minutes":         {berlin, paris, 600, 5010, true},
		"at once":                {berlin, auckland, 0, 1_058_000, true},
		"before they were there": {berlin, paris, -5, 50_100, true},
		"next door":              {berlin, potsdam, 60, 0, false},
		"from nowhere":           {dataset.Place{}, paris, 60, 0, false},
		"to nowhere":             {berlin, dataset.Place{}, 60, 0, false},
		"from what is no place":  {dataset.At(91, 0, 0), paris, 60, 0, false},
		"nor is this":            {dataset.At(math.NaN(), 0, 0), paris, 60, 0, false},
	} {
		kmh, known := dataset.Speed(try.from, try.to, try.seconds)
		require.Equal(t, try.known, known, name)
		require.InDelta(t, try.kmh, kmh, float64(try.kmh)/50, name)
	}
	require.Equal(t, dataset.At(52.5249, 13.4019, 1), dataset.At(52.4801, 13.3601, 1), "to ten kilometres")
}
