package risk_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain/risk"
)

var start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func named(name string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)) }

func pays(customer, payee string, amount int64, after time.Duration) risk.Attempt {
	a := risk.Attempt{At: start.Add(after), Customer: named(customer), Amount: amount}
	if payee != "" {
		a.Payee = named(payee)
	}
	return a
}

func value(t *testing.T, v risk.Vector, f risk.Feature) int64 {
	t.Helper()
	x, known := v.Get(f)
	require.True(t, known, f)
	return x
}

func TestAHistoryKnowsWhoHasPaidWhomHowOften(t *testing.T) {
	t.Parallel()
	h := risk.NewHistory()
	first := h.Look(pays("ada", "shop", 5000, 0))
	require.EqualValues(t, -1, value(t, first, risk.PayeeAge))
	require.EqualValues(t, 0, value(t, first, risk.CountDay))
	for _, f := range []risk.Feature{risk.AmountUnusual, risk.PayeeFraudShare, risk.BalanceShare, risk.DeviceAge, risk.Speed} {
		_, known := first.Get(f)
		require.False(t, known, "%s: nobody can know", f)
	}
	again := h.Look(pays("ada", "shop", 5000, 0))
	require.Equal(t, first, again, "looking changes nothing")
	h.Take(pays("ada", "shop", 5000, 0))
	h.Take(pays("ada", "", 0, time.Minute)) // a login
	h.Take(pays("bob", "shop", 700, 2*time.Minute))
	h.Take(pays("eve", "shop", 700, 3*time.Minute))
	v := h.Look(pays("ada", "shop", 5000, 5*time.Hour))
	require.EqualValues(t, 5, value(t, v, risk.PayeeAge))
	require.EqualValues(t, 5, value(t, v, risk.CustomerAge))
	require.EqualValues(t, 2, value(t, v, risk.CountDay))
	require.EqualValues(t, 0, value(t, v, risk.CountHour))
	require.EqualValues(t, 5000, value(t, v, risk.SumDay))
	require.EqualValues(t, 2, value(t, v, risk.PayeeFanIn), "others, not herself")
	require.EqualValues(t, 3, value(t, v, risk.PayeePayments))
	v = h.Look(pays("ada", "shop", 5000, 30*time.Hour))
	require.EqualValues(t, 0, value(t, v, risk.PayeeFanIn))
	require.EqualValues(t, 0, value(t, v, risk.SumDay))
	require.EqualValues(t, 2, value(t, v, risk.CountMonth))
	v = h.Look(pays("ada", "", 0, 30*time.Hour))
	for _, f := range []risk.Feature{risk.PayeeAge, risk.Amount, risk.AmountUnusual, risk.PayeeFrauds} {
		_, known := v.Get(f)
		require.False(t, known, f)
	}
	known := pays("ada", "", 0, 0)
	known.Known.Set(risk.FailedLogins, 3)
	require.EqualValues(t, 3, value(t, h.Look(known), risk.FailedLogins), "what the bank knows is kept")
}

func TestAFraudCountsFromWhenItIsFound(t *testing.T) {
	t.Parallel()
	h := risk.NewHistory()
	h.Take(pays("ada", "mule", 5000, 0))
	h.Take(pays("bob", "mule", 5000, time.Hour))
	h.Confirm(named("ada"), named("mule"), start.Add(24*time.Hour))
	h.Confirm(named("nobody"), named("nowhere"), start) // of a customer of whom nothing is known nothing is kept
	require.EqualValues(t, 1, value(t, h.Look(pays("ada", "nowhere", 5000, time.Hour)), risk.PayeeFrauds), "a mule is known before the first victim pays")
	v := h.Look(pays("bob", "mule", 5000, 25*time.Hour))
	require.EqualValues(t, 1, value(t, v, risk.PayeeFrauds))
	require.EqualValues(t, 500, value(t, v, risk.PayeeFraudShare))
	require.EqualValues(t, 0, value(t, v, risk.CustomerFrauds))
	require.EqualValues(t, 1, value(t, h.Look(pays("ada", "shop", 5000, 25*time.Hour)), risk.CustomerFrauds))
	require.EqualValues(t, 0, value(t, h.Look(pays("bob", "mule", 5000, 40*24*time.Hour)), risk.PayeeFrauds), "a month later it is forgotten")
}

func TestWhatIsClearedCountsNoMore(t *testing.T) {
	t.Parallel()
	h := risk.NewHistory()
	h.Bind(named("phone"), named("ada"), start)
	h.Take(pays("ada", "mule", 5000, 0))
	by := pays("ada", "mule", 5000, 50*time.Hour)
	by.Device = named("phone")
	counted := func() []int64 {
		v := h.Look(by)
		return []int64{value(t, v, risk.CustomerFrauds), value(t, v, risk.PayeeFrauds), value(t, v, risk.PayeeFraudShare)}
	}
	_, known := func() (int64, bool) { v := h.Look(by); return v.Get(risk.DeviceFrauds) }()
	require.False(t, known, "decisions of before there were findings come out as they did")
	first, second := start.Add(24*time.Hour), start.Add(48*time.Hour)
	h.Confirm(named("ada"), named("mule"), first)
	h.Confirm(named("ada"), named("mule"), second)
	h.ConfirmDevice(named("phone"), first)
	require.Equal(t, []int64{2, 2, 1000}, counted())
	require.EqualValues(t, 1, value(t, h.Look(by), risk.DeviceFrauds))
	h.Clear(named("ada"), named("mule"), first)
	h.ClearDevice(named("phone"), first)
	require.Equal(t, []int64{1, 1, 1000}, counted())
	require.EqualValues(t, 0, value(t, h.Look(by), risk.DeviceFrauds))
	h.Clear(named("ada"), named("mule"), first) // nothing is left of that day
	h.ClearDevice(named("tablet"), first)
	h.Clear(named("nobody"), named("nowhere"), first)
	require.Equal(t, []int64{1, 1, 1000}, counted())
	h.Confirm(named("ada"), named("mule"), start.Add(40*24*time.Hour))
	h.Clear(named("ada"), named("mule"), start.Add(10*24*time.Hour)) // its day is long forgotten, and another's in its place
	by.At = start.Add(41 * 24 * time.Hour)
	require.EqualValues(t, 1, value(t, h.Look(by), risk.CustomerFrauds))
}

func TestWhatIsUnusualFollowsTheCustomer(t *testing.T) {
	t.Parallel()
	h := risk.NewHistory()
	for i := range 40 {
		h.Take(pays("rich", "shop", 500_000+int64(i), time.Duration(i)*24*time.Hour))
		h.Take(pays("poor", "shop", 2_000+int64(i), time.Duration(i)*24*time.Hour+time.Hour))
	}
	at := 41 * 24 * time.Hour
	poor := value(t, h.Look(pays("poor", "shop", 500_000, at)), risk.AmountUnusual)
	rich := value(t, h.Look(pays("rich", "shop", 500_000, at)), risk.AmountUnusual)
	require.Greater(t, poor, rich+2000)
	require.Less(t, value(t, h.Look(pays("rich", "shop", 2_000, at)), risk.AmountUnusual), int64(-1000))
	stranger := value(t, h.Look(pays("new", "shop", 500_000, at)), risk.AmountUnusual)
	require.Less(t, stranger, poor, "of a stranger is usual what everybody does")
	noon, night := h.Look(pays("poor", "shop", 1, at+time.Hour)), h.Look(pays("poor", "shop", 1, at-9*time.Hour))
	require.Less(t, value(t, noon, risk.HourUnusual), value(t, night, risk.HourUnusual))
}

// A customer's memory of payees and a payee's of customers are bounded: what was
// longest ago is forgotten first.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	h := risk.NewHistory()
	for i := range risk.OwnPayeesMax + 1 {
		h.Take(pays("ada", fmt.Sprint("shop", i), 100, time.Duration(i)*time.Hour))
	}
	at := time.Duration(risk.OwnPayeesMax+1) * time.Hour
	require.EqualValues(t, -1, value(t, h.Look(pays("ada", "shop0", 100, at)), risk.PayeeAge))
	require.EqualValues(t, risk.OwnPayeesMax, value(t, h.Look(pays("ada", "shop1", 100, at)), risk.PayeeAge))
	for i := range 3 * risk.FanInMax {
		h.Take(pays(fmt.Sprint("customer", i), "mule", 100, at))
	}
	require.EqualValues(t, risk.FanInMax, value(t, h.Look(pays("ada", "mule", 100, at)), risk.PayeeFanIn))
}

// Two who take in the same have the same, to the bit.
func TestHistoriesReplay(t *testing.T) {
	t.Parallel()
	one, other := risk.NewHistory(), risk.NewHistory()
	source := rand.New(rand.NewPCG(3, 4))
	at := time.Duration(0)
	for range 5000 {
		at += time.Duration(source.IntN(3600)) * time.Second
		a := pays(fmt.Sprint("c", source.IntN(50)), fmt.Sprint("p", source.IntN(80)), source.Int64N(1_000_000), at)
		require.Equal(t, one.Look(a), other.Look(a))
		one.Take(a)
		other.Take(a)
		if source.IntN(100) == 0 {
			one.Confirm(a.Customer, a.Payee, a.At)
			other.Confirm(a.Customer, a.Payee, a.At)
		}
	}
}

func TestWhoSavesAPayeeHasPaidNobodyAndAnEnrolmentIsPartOfItsLogin(t *testing.T) {
	t.Parallel()
	h := risk.NewHistory()
	saves, enrols := pays("ada", "shop", 0, 0), pays("bob", "", 0, 0)
	saves.Action, enrols.Action = risk.NewPayee, risk.Enrolment
	h.Take(saves)
	h.Take(enrols)
	ada := h.Look(pays("ada", "shop", 5000, time.Minute))
	require.EqualValues(t, -1, value(t, ada, risk.PayeeAge))
	require.EqualValues(t, 1, value(t, ada, risk.Count10Minutes), "but it was an attempt")
	bob := h.Look(pays("bob", "shop", 5000, time.Minute))
	require.EqualValues(t, 0, value(t, bob, risk.Count10Minutes))
	require.EqualValues(t, 0, value(t, bob, risk.PayeeFanIn))
	require.EqualValues(t, 0, value(t, bob, risk.PayeePayments))
	require.Equal(t, value(t, h.Look(pays("eve", "shop", 1, 0)), risk.HourUnusual), value(t, bob, risk.HourUnusual))
}
