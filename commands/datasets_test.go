package commands

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/attempt"
	"florin/domain/dataset"
	"florin/domain/grant"
	"florin/domain/risk"
)

// dataSetFiles are what lies in the bank's directory of data sets, by digest.
type dataSetFiles map[string]DataSetFile

func (f dataSetFiles) open(_, digest string) (DataSetFile, error) {
	if file, is := f[digest]; is {
		return file, nil
	}
	return nil, errors.New("there is no file " + digest)
}

// put puts a file there, and in force.
func (b *branch) put(name, digest string, file DataSetFile) {
	b.t.Helper()
	digest = strings.Repeat(digest, 64)
	b.files[digest] = file
	order := b.system()
	order.Caller.Reason = "monthly"
	_, _, err := b.bank.DataSets().Change(background, order, DataSetChange{Name: name, Digest: digest})
	require.NoError(b.t, err)
}

// globe has home in Berlin, abroad in Auckland, and one network of both.
func globe(of netip.Addr, facts *dataset.Facts) {
	switch of.String() {
	case home:
		facts.Place = dataset.At(52.5, 13.4, 10)
	case abroad:
		facts.Place = dataset.At(-36.9, 174.8, 10)
	}
}

const proxyHome = "203.0.113.77"

func listed(of netip.Addr, facts *dataset.Facts) {
	if of.String() == proxyHome {
		facts.Flags |= dataset.Anonymiser
	}
}

// travelPolicy lets nobody in who cannot have come so far, and wants more of who hides.
const travelPolicy = `{name: travel, base: -1000, scorecard: [], rules: [{when: speed_kmh > 900, actions: [login], outcome: block, reason: travel-impossible}],
thresholds: {login: [{from: 0, at: {}}], enrolment: [{from: 0, at: {}}], payee: [{from: 0, at: {}}], payment: [{from: 0, at: {}}], transfer: [{from: 0, at: {}}]},
examples: [{name: at home, action: login, given: {speed_kmh: 90}, outcome: allow}]}`

// logins are the decisions of logins, and stored is all that the log holds of places.
func (b *branch) logins() (all []risk.Assessed, stored []string) { return b.scored(risk.Login) }

func (b *branch) scored(action risk.Action) (all []risk.Assessed, stored []string) {
	b.t.Helper()
	for record, err := range b.log.ReadAll(background, 0) {
		require.NoError(b.t, err)
		for _, recorded := range record.Events {
			if !strings.HasPrefix(recorded.Kind, "risk.") {
				continue
			}
			event, err := b.bank.treaty.Risk.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
			require.NoError(b.t, err)
			if said, is := event.(risk.Assessed); is && said.Action == action {
				all = append(all, said)
			} else if !is {
				stored = append(stored, string(recorded.Data))
			}
		}
	}
	return all, stored
}

func shown(of risk.Assessed, f risk.Feature) any {
	v := of.Vector()
	if value, known := v.Get(f); known {
		return value
	}
	return nil
}

func TestNobodyLogsInFromTwoEndsOfTheWorld(t *testing.T) {
	t.Parallel()
	b := newBranchUnder(t, []byte(travelPolicy))
	b.put(dataset.Places, "1", globe)
	b.put(dataset.Addresses, "2", listed)
	ada, own := b.enrol("ada"), b.phone(home)
	own.login(ada)
	all, stored := b.logins()
	require.Equal(t, []risk.DataSet{{Name: "addresses", Digest: strings.Repeat("2", 64)}, {Name: "places", Digest: strings.Repeat("1", 64)}}, all[0].Data)
	require.Equal(t, []any{nil, int64(0)}, []any{shown(all[0], risk.Speed), shown(all[0], risk.AddressFlags)}, "the first place is no travel")
	require.Len(t, stored, 1)
	require.NotContains(t, stored[0], "525", "a place is sealed")

	b.pass(30 * time.Minute)
	thief := b.phone(abroad)
	_, err := thief.try("ada", secret, b.otp(ada))
	require.ErrorIs(t, err, grant.ErrDenied)
	b.pass(time.Minute)
	b.restart() // what was known is in the log
	_, err = thief.try("ada", secret, b.otp(ada))
	require.ErrorIs(t, err, grant.ErrDenied)
	b.pass(time.Minute)
	own.login(ada)
	all, stored = b.logins()
	require.Equal(t, []string{"travel-impossible"}, all[1].Reasons)
	require.Greater(t, shown(all[1], risk.Speed), int64(30_000))
	require.Nil(t, shown(all[len(all)-1], risk.Speed), "who was not let in has been nowhere")
	require.Len(t, stored, 2)

	b.pass(time.Minute)
	own.ip = proxyHome
	own.login(ada)
	all, _ = b.logins()
	require.Equal(t, []any{nil, int64(dataset.Anonymiser)}, []any{shown(all[len(all)-1], risk.Speed), shown(all[len(all)-1], risk.AddressFlags)}, "who hides is nowhere")

	b.pass(36 * time.Hour)
	own.ip = abroad
	own.login(ada)
	all, _ = b.logins()
	require.InDelta(t, 480, shown(all[len(all)-1], risk.Speed), 40, "an aeroplane's")

	found, err := DecisionReplay{Log: b.log, Treaty: b.bank.treaty, Differs: func(d Difference) { require.Fail(t, "a decision differs", "%+v", d) }}.Run(background)
	require.NoError(t, err)
	require.Equal(t, len(all)+len(b.enrolments()), found.Equal)
}

func TestABankStartsWithAllThatItLooksInto(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	change := func(ask DataSetChange) error {
		order := b.system()
		order.Caller.Reason = "monthly"
		_, _, err := b.bank.DataSets().Change(background, order, ask)
		return err
	}
	gone := strings.Repeat("9", 64)
	require.ErrorIs(t, change(DataSetChange{Name: dataset.Places, Digest: gone}), dataset.ErrFile, "what nobody has is not put in force")
	sets, err := b.bank.DataSets().InForce(background)
	require.NoError(t, err)
	require.Empty(t, sets)
	b.put(dataset.Places, "1", globe)
	require.ErrorIs(t, change(DataSetChange{Name: dataset.Places, Digest: strings.Repeat("1", 64)}), dataset.ErrInForce)
	delete(b.files, strings.Repeat("1", 64))
	lost, err := Open(background, b.log, b.bank.treaty, b.ring, Sources{Now: b.now, Random: b.bank.sources.Random}, Settings{Money: DefaultTerms(), OpenDataSet: b.files.open})
	require.NoError(t, err)
	require.ErrorContains(t, lost.FirstStart(background), strings.Repeat("1", 64), "it says which file it lacks")
	require.NoError(t, change(DataSetChange{Name: dataset.Places}))
	again, err := Open(background, b.log, b.bank.treaty, b.ring, Sources{Now: b.now, Random: b.bank.sources.Random}, Settings{Money: DefaultTerms()})
	require.NoError(t, err)
	require.NoError(t, again.FirstStart(background), "and does without one that is in force no more")
}

func TestANetworkHasABudgetOfItsOwn(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	networks := func(digest string) {
		b.put(dataset.Networks, digest, func(of netip.Addr, facts *dataset.Facts) { facts.Network = 64_500 })
	}
	lanes := func() (found int) {
		for record, err := range b.log.ReadAll(background, 0) {
			require.NoError(t, err)
			for _, recorded := range record.Events {
				if recorded.Kind == (attempt.Taken{}).Kind() && strings.Contains(string(recorded.Data), `"`+attempt.Network+`"`) {
					require.NotContains(t, string(recorded.Data), "64500")
					found++
				}
			}
		}
		return found
	}
	require.NoError(t, b.tried("203.0.113.9", "nobody", "a guess"))
	require.Zero(t, lanes())
	networks("3")
	require.NoError(t, b.tried("203.0.113.9", "nobody", "another guess"))
	require.NoError(t, b.tried("198.51.100.200", "nobody", "a third guess"))
	require.Equal(t, 2, lanes(), "however far apart its addresses lie")
}
