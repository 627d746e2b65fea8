package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/gateway/phone"
	"florin/schemas/seal"
)

func namesExperiments() []experiment {
	return []experiment{{
		name: "names", figures: []string{"identity-wrong", "identity-unknown", "identity-disabled", "identity-exhausted", "identity-exhausted-unknown", "identity-gap", "identity-reset", "identity-reset-unknown"},
		run: func(ctx context.Context, b *bench) ([]figure, error) { return b.names(ctx) },
	}}
}

// How many failed logins of each kind are timed.
const (
	nameSamples      = 100
	nameSamplesQuick = 30
)

// failing is one kind of login that fails: whom the n-th is for, and the status of
// its first step's answer.
type failing struct {
	figure string
	name   func(n int) string
	status int
	floor  string // the kind that it must not be told apart from
}

var failings = []failing{
	{"identity-wrong", func(n int) string { return fmt.Sprint("known", n) }, http.StatusBadRequest, ""},
	{"identity-unknown", func(n int) string { return fmt.Sprint("nobody", n) }, http.StatusBadRequest, "identity-wrong"},
	{"identity-disabled", func(n int) string { return fmt.Sprint("closed", n) }, http.StatusBadRequest, "identity-wrong"},
	{"identity-exhausted", func(int) string { return "tried" }, http.StatusTooManyRequests, "identity-exhausted-unknown"},
	{"identity-exhausted-unknown", func(int) string { return "tried-nobody" }, http.StatusTooManyRequests, ""},
}

// names measures whether time tells whose name somebody tries: failed logins over
// HTTP from a strange phone, up to the last answer, one of each kind in turn. That
// the work is equal (hashes, appends) is a test's; what is left shows here.
//
// Why those with a used-up budget are by themselves: they are quick, and one that
// comes just after a password hash is slower, whosever name it is. In turns with the
// slow ones, each kind is as slow as what goes before it, and the medians tell that.
func (b *bench) names(ctx context.Context) (_ []figure, err error) {
	served, err := serveBench(ctx, filepath.Join(b.dir, "names"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, served.close()) }()
	n := nameSamples
	if b.quick {
		n = nameSamplesQuick
	}
	stranger, err := served.peopleWhoFail(ctx, n)
	if err != nil {
		return nil, err
	}
	took := map[string][]float64{}
	hashing := slices.IndexFunc(failings, func(f failing) bool { return f.status == http.StatusTooManyRequests })
	if err := tryInTurns(ctx, stranger, failings[:hashing], n, took); err != nil {
		return nil, err
	}
	if err := useUp(ctx, stranger); err != nil { // now, for a budget fills again
		return nil, err
	}
	if err := tryInTurns(ctx, stranger, failings[hashing:], n, took); err != nil {
		return nil, err
	}
	figures := namesFigures(took, n)
	for _, quiet := range quietly(stranger) {
		pair, err := quiet.pair(ctx, n)
		if err != nil {
			return nil, err
		}
		figures = append(figures, pair...)
	}
	return figures, nil
}

// tryInTurns times n logins of each kind; none is always first, or always after the
// same other.
func tryInTurns(ctx context.Context, stranger *phone.Phone, kinds []failing, n int, took map[string][]float64) error {
	for i := range n {
		for at := range kinds {
			if i%2 == 1 {
				at = len(kinds) - 1 - at
			}
			kind := kinds[(at+i/2)%len(kinds)]
			var length time.Duration
			err := errNoCode
			for again := 0; errors.Is(err, errNoCode) && again < 100; again++ {
				began := time.Now()
				err = tryName(ctx, stranger, kind.name(i+again*n), kind.status)
				length = time.Since(began)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", kind.figure, err)
			}
			took[kind.figure] = append(took[kind.figure], float64(length)/float64(time.Millisecond))
		}
	}
	return nil
}

func namesFigures(took map[string][]float64, n int) []figure {
	figures := make([]figure, 0, len(failings)+1)
	var slow []float64 // medians of those that look at a password
	for _, kind := range failings {
		samples := took[kind.figure]
		median := percentile(samples, 50)
		if kind.status == http.StatusBadRequest {
			slow = append(slow, median)
		}
		floor, conditions := 0.0, fmt.Sprintf("median of %d logins that fail, over HTTP from a phone that is nobody's, kinds in turn; p10 %.2f, p90 %.2f", n, percentile(samples, 10), percentile(samples, 90))
		if kind.floor != "" {
			floor = percentile(took[kind.floor], 50)
			conditions += "; floor: " + kind.floor + ", which it must not be told apart from"
		}
		figures = append(figures, beside(kind.figure, "ms", median, floor, conditions))
	}
	wrong := took["identity-wrong"]
	spread := percentile(wrong, 75) - percentile(wrong, 25)
	return append(figures, beside("identity-gap", "ms", slices.Max(slow)-slices.Min(slow), spread,
		"largest difference between the medians of wrong, unknown and disabled; floor: the interquartile range of identity-wrong, in which it has to drown"))
}

// peopleWhoFail makes customers with budgets of their own, those who are customers
// no more, and a stranger's phone.
func (s *servedBank) peopleWhoFail(ctx context.Context, n int) (*phone.Phone, error) {
	client := newHTTPClient()
	if err := inParallel(2*n+1, 2, func(i int) error {
		name := fmt.Sprint("known", i/2)
		switch {
		case i == 2*n:
			name = "tried"
		case i%2 == 1:
			name = fmt.Sprint("closed", i/2)
		}
		app, err := phone.New(phoneSettings(s.base, client))
		if err != nil {
			return err
		}
		if err := app.Enrol(ctx, phone.Person{UserName: name, Phone: randomPhone(), Email: name + "@example.org", Name: name, Password: "correct horse battery " + name}); err != nil || i%2 == 0 {
			return err
		}
		return s.closes(ctx, app.Profile().Customer)
	}); err != nil {
		return nil, err
	}
	stranger, err := phone.New(phoneSettings(s.base, client))
	if err == nil {
		err = stranger.Register(ctx)
	}
	return stranger, err
}

// useUp takes all that there is of two budgets: a customer's, and nobody's.
func useUp(ctx context.Context, stranger *phone.Phone) error {
	for range 5 {
		for _, name := range []string{"tried", "tried-nobody"} {
			if err := tryName(ctx, stranger, name, http.StatusBadRequest); err != nil && !errors.Is(err, errNoCode) {
				return fmt.Errorf("use up a budget: %w", err)
			}
		}
	}
	return nil
}

func (s *servedBank) closes(ctx context.Context, who string) error {
	of, err := id.Parse[id.Customer](who)
	if err != nil {
		return err
	}
	sources := s.bank.write.Sources()
	order := commands.Order{ID: sources.NewID(), At: sources.Time(), Subject: seal.Subject{Kind: "customer", ID: of.UUID()},
		Caller: commands.Caller{ActorType: commands.ActorSystem, Actor: of.UUID(), Reason: "bench"}}
	_, err = s.bank.write.Customers().Close(ctx, order, of, "bench")
	return err
}

// errNoCode: the factors that were made up for nobody hold no authenticator app, so
// this name is none to compare with customers who have one.
var errNoCode = errors.New("the login asks for no code")

// firstStep begins a login with the wrong password. The challenge is RFC 7636's own.
func firstStep(name string) url.Values {
	return url.Values{
		"client_id": {phone.ClientID}, "response_type": {"code"}, "scope": {"openid"}, "code_challenge_method": {"S256"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "username": {name}, "password": {"a wrong password"},
	}
}

// tryName is one login with the wrong password and a wrong code, to its end.
func tryName(ctx context.Context, p *phone.Phone, name string, status int) error {
	_, err := p.Challenge(ctx, firstStep(name))
	step, ok := errors.AsType[*phone.Refused](err)
	if !ok || step.Status != status {
		return fmt.Errorf("a first step that answers %d: %w", status, err)
	}
	if status != http.StatusBadRequest {
		return nil
	}
	if !slices.Contains(step.Next, "otp") {
		return errNoCode
	}
	_, err = p.Challenge(ctx, url.Values{"auth_session": {step.AuthSession}, "otp": {"000000"}})
	if !phone.IsRefused(err, "access_denied") {
		return fmt.Errorf("a last step that is denied: %w", err)
	}
	return nil
}
