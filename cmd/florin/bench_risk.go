package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"time"

	"github.com/google/uuid"

	"florin/commands"
	"florin/domain/risk"
	"florin/schemas"
)

func riskExperiments() []experiment {
	return []experiment{
		{name: "risk decisions", figures: []string{"risk-decision", "risk-state", "risk-rules"},
			run: func(ctx context.Context, b *bench) ([]figure, error) { return b.riskDecisions(ctx) }},
		{name: "risk back-test", figures: []string{"risk-backtest"},
			run: func(ctx context.Context, b *bench) ([]figure, error) { return b.riskBacktest(ctx) }},
	}
}

// Limits of the figures of risk.
const (
	limitDecisionMicros    = 50
	limitStateBytes        = 1024
	limitRulesNanos        = 500
	limitBacktestPerSecond = 30_000
)

// known is what risk knows of many customers: who they are, what they have, and what
// they did of late.
type known struct {
	history   *risk.History
	customers []uuid.UUID
	source    *rand.Rand
	at        time.Time
}

const (
	riskPayees      = 20_000
	riskPayeesOfOne = 8  // whom one customer pays
	riskAttempts    = 12 // of each customer's so far
)

func knownCustomers(n int) *known {
	k := &known{history: risk.NewHistory(), customers: make([]uuid.UUID, n), source: rand.New(rand.NewPCG(1, 2)), at: time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC)}
	for i := range k.customers {
		k.customers[i] = k.named("customer", i)
		k.history.Meet(k.customers[i], k.at)
		k.history.Bind(k.named("device", i), k.customers[i], k.at)
		k.history.Attest(k.named("device", i), 2)
		k.history.Own(k.named("account", i), k.customers[i])
		k.history.Move(k.named("account", i), 500_000)
		k.history.Receive(k.customers[i], 250_000, k.at)
	}
	for range riskAttempts {
		for i := range k.customers {
			k.at = k.at.Add(20 * time.Second)
			k.history.Take(k.attempt(i))
		}
	}
	return k
}

// named is an identifier, without a hash of its own to be measured.
func (k *known) named(kind string, i int) (of uuid.UUID) {
	copy(of[:], kind)
	for b := range 8 {
		of[15-b] = byte((uint64(i) * 0x9E3779B97F4A7C15) >> (8 * b))
	}
	return of
}

func (k *known) attempt(i int) risk.Attempt {
	a := risk.Attempt{Action: risk.Transfer, At: k.at, Customer: k.customers[i], Device: k.named("device", i), Account: k.named("account", i),
		Payee: k.named("payee", (i*7+k.source.IntN(riskPayeesOfOne))%riskPayees), Amount: 100 + k.source.Int64N(90_000)}
	a.Known.Set(risk.SessionStrength, 2)
	a.Known.Set(risk.ToOwn, 0)
	return a
}

// riskDecisions measures single decisions by the bank's own policy, with the state of
// many customers in memory: what is known of the attempt, the score, and the fact.
func (b *bench) riskDecisions(ctx context.Context) ([]figure, error) {
	customers, samples := 100_000, 200_000
	if b.quick {
		customers, samples = 20_000, 40_000
	}
	engine, digest, err := schemas.ReadPolicy(schemas.DefaultPolicy())
	if err != nil {
		return nil, err
	}
	before := heap()
	k := knownCustomers(customers)
	state := float64(heap()-before) / float64(customers)
	kilobytes, places := make([]byte, customers<<10), make(map[uuid.UUID]int, customers)
	for i, of := range k.customers {
		places[of] = i << 10
	}
	decided, read := make([]float64, 0, samples), make([]float64, 0, samples)
	var touched int
	for n := range samples {
		if n%1000 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		i := k.source.IntN(customers)
		attempt := k.attempt(i)
		began := time.Now()
		v := k.history.Look(attempt)
		said := risk.Assessed{Action: attempt.Action, Policy: digest, At: attempt.At}.With(&v, engine.Decide(attempt.Action, &v))
		decided = append(decided, float64(time.Since(began).Nanoseconds())/1000)
		touched += len(said.Features)
		began = time.Now()
		at := places[k.customers[k.source.IntN(customers)]]
		for _, one := range kilobytes[at : at+1024] {
			touched += int(one)
		}
		read = append(read, float64(time.Since(began).Nanoseconds())/1000)
	}
	rules, floor, err := b.riskRules(ctx)
	if err != nil || touched == 0 {
		return nil, errors.Join(err, ctx.Err())
	}
	return []figure{
		beside("risk-decision", "us", percentile(decided, 99), percentile(read, 99), fmt.Sprintf("p99 (p50 %.1f) of %d decisions of one core, state of %d customers in memory: the features, the score of the bank's own policy, and the fact; "+
			"floor: a kilobyte of a customer's found by its identifier and read; limit: %d", percentile(decided, 50), samples, customers, limitDecisionMicros)),
		beside("risk-state", "bytes", state, 0, fmt.Sprintf("of heap for each of %d active customers who pay %d payees each, with device, account, and the %d payees of all; limit: %d", customers, riskPayeesOfOne, riskPayees, limitStateBytes)),
		beside("risk-rules", "ns", rules, floor, fmt.Sprintf("ten rules on a vector, none holds; floor: the same comparisons written in Go; limit: %d", limitRulesNanos)),
	}, nil
}

// heap is what is in use once all else is collected.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// tenRules compare two features each.
const tenRules = `{name: ten, base: 0, scorecard: [], rules: [
{when: amount > 9000000 && payee_age_h < 1, outcome: hold, reason: r0}, {when: amount > 8000000 && count_10m > 90, outcome: hold, reason: r1},
{when: payee_fan_in_24h > 12 && payee_age_h < 2, outcome: hold, reason: r2}, {when: count_24h > 900 || count_10m > 80, outcome: hold, reason: r3},
{when: device_age_h < 0 && amount > 7000000, outcome: hold, reason: r4}, {when: failed_logins_1h > 40 && known(device_age_h), outcome: hold, reason: r5},
{when: pass_through_24h > 2000 || balance_share > 2000, outcome: hold, reason: r6}, {when: "payee_frauds_30d > 3 && !(to_own_account > 0)", outcome: hold, reason: r7},
{when: customer_frauds_30d > 9 || device_customers > 9, outcome: hold, reason: r8}, {when: sum_24h > 900000000 && amount_unusual > 3000, outcome: hold, reason: r9}],
thresholds: {login: [{from: 0, at: {}}], enrolment: [{from: 0, at: {}}], payee: [{from: 0, at: {}}], payment: [{from: 0, at: {}}], transfer: [{from: 0, at: {}}]},
examples: [{name: idle, action: transfer, given: {amount: 0}, outcome: allow}]}`

// riskRules measures ten rules, in nanoseconds, beside the same in Go.
func (b *bench) riskRules(ctx context.Context) (rules, floor float64, err error) {
	engine, _, err := schemas.ReadPolicy([]byte(tenRules))
	if err != nil {
		return 0, 0, err
	}
	vectors := make([]risk.Vector, 256)
	source := rand.New(rand.NewPCG(3, 4))
	for i := range vectors {
		for _, f := range risk.Features() {
			if f != risk.ToOwn {
				vectors[i].Set(f, source.Int64N(3))
			}
		}
	}
	held := 0
	rates, err := b.inTurns(ctx,
		rate(func(i int) {
			if engine.Decide(risk.Transfer, &vectors[i%len(vectors)]).Outcome != risk.Allow {
				held++
			}
		}),
		rate(func(i int) {
			if tenInGo(&vectors[i%len(vectors)]) {
				held++
			}
		}))
	if err == nil && held > 0 {
		err = fmt.Errorf("rules that shall not hold did so %d times", held)
	}
	if err != nil {
		return 0, 0, err
	}
	return 1e9 / rates[0], 1e9 / rates[1], nil
}

// rate has one core do something for so long, and gives how often a second.
func rate(do func(i int)) side {
	return func(ctx context.Context, length time.Duration) (float64, error) {
		began, n := time.Now(), 0
		for time.Since(began) < length {
			for range 1024 {
				do(n)
				n++
			}
		}
		return float64(n) / time.Since(began).Seconds(), ctx.Err()
	}
}

// tenInGo are tenRules.
func tenInGo(v *risk.Vector) bool {
	over := func(f risk.Feature, than int64) bool { x, known := v.Get(f); return known && x > than }
	below := func(f risk.Feature, than int64) bool { x, known := v.Get(f); return known && x < than }
	_, bound := v.Get(risk.DeviceAge)
	return over(risk.Amount, 9_000_000) && below(risk.PayeeAge, 1) || over(risk.Amount, 8_000_000) && over(risk.Count10Minutes, 90) ||
		over(risk.PayeeFanIn, 12) && below(risk.PayeeAge, 2) || over(risk.CountDay, 900) || over(risk.Count10Minutes, 80) ||
		below(risk.DeviceAge, 0) && over(risk.Amount, 7_000_000) || over(risk.FailedLogins, 40) && bound ||
		over(risk.PassThrough, 2000) || over(risk.BalanceShare, 2000) || over(risk.PayeeFrauds, 3) && !over(risk.ToOwn, 0) ||
		over(risk.CustomerFrauds, 9) || over(risk.DeviceCustomers, 9) || over(risk.SumDay, 900_000_000) && over(risk.AmountUnusual, 3000)
}

// perCore gives units for each second of processor time, whoever else has the machine.
func perCore(work func() (units float64, err error)) (float64, error) {
	before, err := cpuTime()
	if err != nil {
		return 0, err
	}
	units, err := work()
	after, errAfter := cpuTime()
	return units / max((after-before).Seconds(), 1e-9), errors.Join(err, errAfter)
}

// riskBacktest has a bank decide on transfers, and then its log tried on the bank's own
// policy, beside a bare reading of the same log.
func (b *bench) riskBacktest(ctx context.Context) (_ []figure, err error) {
	transfers := 40_000
	if b.quick {
		transfers = 4_000
	}
	l, err := openLedger(ctx, benchConfig(filepath.Join(b.dir, "risk")), true, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	t, err := openTeller(ctx, l, 2000, nil)
	if err != nil {
		return nil, err
	}
	if err := inParallel(transfers, 512, func(int) error { return t.transfer(ctx, 1000) }); err != nil {
		return nil, err
	}
	engine, _, err := schemas.ReadPolicy(schemas.DefaultPolicy())
	if err != nil {
		return nil, err
	}
	live, _, err := schemas.ReadPolicy(benchPolicy())
	if err != nil {
		return nil, err
	}
	var decisions int64
	rates, err := b.inTurns(ctx,
		func(ctx context.Context, _ time.Duration) (float64, error) {
			return perCore(func() (float64, error) {
				found, err := commands.RiskBacktest{Log: l.log, Treaty: l.treaty, Policy: engine, Live: live}.Run(ctx)
				decisions = found.Decisions
				return float64(found.Decisions), err
			})
		},
		func(ctx context.Context, _ time.Duration) (float64, error) {
			return perCore(func() (float64, error) {
				for _, err := range l.log.ReadAll(ctx, 0) {
					if err != nil {
						return 0, err
					}
				}
				return float64(decisions), nil
			})
		})
	if err != nil {
		return nil, err
	}
	return []figure{beside("risk-backtest", "decisions/s", rates[0], rates[1], fmt.Sprintf("for each second that a core works on it, a log of %d decisions among all else that their transfers wrote, each made again by two policies; "+
		"floor: the same log read and no more; limit: %d", decisions, limitBacktestPerSecond))}, nil
}
