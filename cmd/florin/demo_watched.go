package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"florin/domain/dataset"
	"florin/gateway/phone"
)

// watched is the demo's second bank: it judges by the policy that Florin comes with,
// which would stop the crowd of the first one. It stands behind a proxy, which says
// where its callers are.
type watched struct {
	d    *demo
	bank *child
	base string
	desk *phone.Phone // an operator's, who reads why risk has said what
}

func (d *demo) watchedDir() string { return filepath.Join(d.dir, "watched") }

// from is the proxy: it says who has asked it.
type from string

func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", string(f))
	return http.DefaultTransport.RoundTrip(r)
}

// callerAt is the client of somebody at an address.
func callerAt(address string) *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: from(address)}
}

// frauds opens the second bank, and shows it one fraudster after the other.
func (d *demo) frauds(ctx context.Context) (err error) {
	w := &watched{d: d}
	w.bank, w.base, err = newChild(d.program, d.watchedDir(), filepath.Join(d.dir, "watched.log"), d.environ, "--log-level", "warn",
		"--trusted-proxies", "127.0.0.0/8", "--rate-per-second", "100000", "--rate-burst", "100000")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.bank.kill()) }()
	for _, scene := range []func(context.Context) error{w.open, w.stolen, w.burst} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	return w.bank.stop()
}

// open has an operator put a database of places in force.
func (w *watched) open(ctx context.Context) error {
	return w.d.scene("a bank with the policy that Florin comes with", 1, func(*step) (string, error) {
		if err := w.bank.start(ctx); err != nil { // begins the bank: operators are made beside it
			return "", err
		}
		if err := w.bank.stop(); err != nil {
			return "", err
		}
		code, err := w.appoint(ctx)
		if err != nil {
			return "", err
		}
		digest, err := w.places()
		if err != nil {
			return "", err
		}
		if err := w.bank.start(ctx); err != nil {
			return "", err
		}
		if w.desk, err = phone.New(phoneSettings(w.base, callerAt("192.0.2.1"))); err != nil {
			return "", err
		}
		if err := w.desk.EnrolOperator(ctx, "rita", code, "correct horse battery rita"); err != nil {
			return "", err
		}
		if err := w.desk.Login(ctx); err != nil {
			return "", err
		}
		answer, err := w.desk.Insist(ctx, http.MethodPut, "/v1/risk/data-sets",
			map[string]string{"name": dataset.Places, "digest": digest, "reason": "demo"}, w.desk.NewID())
		if err == nil {
			err = answer.OK()
		}
		return "an operator has put a map of addresses in force", err
	})
}

// appoint makes the operator on the host, and gives the code to enrol with.
func (w *watched) appoint(ctx context.Context) (code string, err error) {
	create := exec.CommandContext(ctx, w.d.program, "operator", "create", "--name", "Rita", "--person", "--user", "rita", "--roles", "risk",
		"--json", "--dir", w.d.watchedDir())
	create.Env, create.Stderr = w.d.environ, w.bank.log
	out, err := create.Output()
	if err != nil {
		return "", fmt.Errorf("make an operator: %w; see %s", err, w.bank.log.Name())
	}
	var made struct {
		Code string `json:"enrolment_code"`
	}
	return made.Code, json.Unmarshal(out, &made)
}

// places lays the map of addresses where the bank finds it.
func (w *watched) places() (digest string, err error) {
	data, err := mintPlaces(demoHome, demoAbroad)
	if err != nil {
		return "", err
	}
	file := filepath.Join(w.d.dir, "places.mmdb")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return "", err
	}
	done, err := config{Dir: w.d.watchedDir()}.putDataSet(dataset.Places, file)
	return done.Digest, err
}

// decided is a decision of risk, as an operator reads it.
type decided struct {
	Decision string `json:"decision"`
	Outcome  string `json:"outcome"`
	Because  []struct {
		Code  string `json:"code"`
		Words string `json:"words"`
	} `json:"because"`
}

// decidedWithin bounds how long the list of decisions may lag behind the log.
const decidedWithin = 10 * time.Second

// why asks the bank for its latest decision of a kind, and what was behind it.
func (w *watched) why(ctx context.Context, query url.Values) (decided, error) {
	query.Set("limit", "1")
	for until := time.Now().Add(decidedWithin); ; time.Sleep(20 * time.Millisecond) {
		var list struct {
			Decisions []decided `json:"decisions"`
		}
		answer, err := w.desk.Get(ctx, "/v1/risk/decisions?"+query.Encode())
		if err == nil {
			err = answer.Decode(&list)
		}
		switch {
		case err != nil:
			return decided{}, err
		case len(list.Decisions) > 0:
			var said decided
			answer, err := w.desk.Get(ctx, "/v1/risk/decisions/"+list.Decisions[0].Decision)
			if err == nil {
				err = answer.Decode(&said)
			}
			return said, err
		case time.Now().After(until):
			return decided{}, fmt.Errorf("the bank has no decision with %s", query.Encode())
		}
	}
}

// stoppedFor notes that a fraud was stopped, by what outcome, and for which of the reasons
// that the bank gives; without that reason it was stopped by chance.
func (w *watched) stoppedFor(ctx context.Context, name, reason string, query url.Values) (string, error) {
	query.Set("reason", reason)
	said, err := w.why(ctx, query)
	if err != nil {
		return "", err
	}
	for _, because := range said.Because {
		if because.Code == reason {
			w.d.facts.Frauds = append(w.d.facts.Frauds, fraud{name, said.Outcome, because.Code, because.Words})
			return fmt.Sprintf("%s: %q", because.Code, because.Words), nil
		}
	}
	return "", fmt.Errorf("%s: %s is not among the reasons of %s", name, reason, said.Decision)
}
