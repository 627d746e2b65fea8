package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"florin/gateway/phone"
)

// person is a customer with a phone and accounts.
type person struct {
	phone    *phone.Phone
	accounts []string
}

// acks is what the client holds: which idempotency key was acknowledged as
// which transfer at which position. It is the evidence that the bank is judged by.
type acks struct {
	mu    sync.Mutex
	byKey map[string]ack
	lost  int // acknowledged, and later answered as if it were new
	twice int // one key, two transfers
}

type ack struct {
	transfer string
	position uint64
}

func newAcks() *acks { return &acks{byKey: map[string]ack{}} }

// add takes in an answer. An answer to a key that was acknowledged before must
// be that first answer again, and say so.
func (a *acks) add(key string, t phone.Transfer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, known := a.byKey[key]
	switch {
	case known && before.transfer != t.ID:
		a.twice++
	case known && (!t.Replayed || before.position != t.Position):
		a.lost++
	}
	if !known {
		a.byKey[key] = ack{t.ID, t.Position}
	}
}

func (a *acks) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.byKey)
}

// phoneSettings are those of a phone on this machine's clock.
func phoneSettings(base string, client *http.Client) phone.Settings {
	return phone.Settings{Base: base, Client: client, Now: time.Now, Random: rand.Reader}
}

// newPerson enrols a customer with a device that is bound by a first strong login.
func newPerson(ctx context.Context, base, name string, client *http.Client) (*person, error) {
	app, err := phone.New(phoneSettings(base, client))
	if err != nil {
		return nil, err
	}
	err = app.Enrol(ctx, phone.Person{
		UserName: name, Phone: randomPhone(), Email: name + "@example.org", Name: "Demo " + name, Password: "correct horse battery " + name,
	})
	if err != nil {
		return nil, err
	}
	if err := app.Register(ctx); err != nil {
		return nil, err
	}
	return &person{phone: app}, app.Login(ctx)
}

func randomPhone() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000_000))
	if err != nil {
		panic("no randomness: " + err.Error())
	}
	return fmt.Sprintf("+49151%09d", n)
}

// openFunded opens an account and pays in.
func (p *person) openFunded(ctx context.Context, amount string) error {
	account, err := p.phone.OpenAccount(ctx, "EUR")
	if err != nil {
		return err
	}
	p.accounts = append(p.accounts, account)
	return p.phone.Deposit(ctx, account, amount, "EUR")
}

func (d *demo) enrol(ctx context.Context) error {
	return d.scene("enrol people, register phones, fund accounts", demoAccounts, func(s *step) (string, error) {
		client := newHTTPClient()
		d.people = make([]*person, demoCustomers)
		err := inParallel(demoCustomers, demoCustomers, func(i int) error {
			p, err := newPerson(ctx, d.base, fmt.Sprintf("customer%d", i), client)
			if err != nil {
				return err
			}
			for range demoAccounts / demoCustomers {
				if err := p.openFunded(ctx, "1000.00"); err != nil {
					return err
				}
				s.add(1)
			}
			d.people[i] = p
			return nil
		})
		if err != nil {
			return "", err
		}
		for _, p := range d.people {
			d.facts.Accounts += len(p.accounts)
		}
		return fmt.Sprintf("%d customers by password and TOTP, %d accounts", demoCustomers, d.facts.Accounts), nil
	})
}

// newHTTPClient is one for many phones, with keep-alive.
func newHTTPClient() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256}}
}

// inParallel does n pieces of work, workers at a time, and gives the first error.
func inParallel(n, workers int, work func(int) error) error {
	var next atomic.Int64
	errs := make(chan error, workers)
	for range workers {
		go func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					errs <- nil
					return
				}
				if err := work(i); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	var first error
	for range workers {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// order is the i-th transfer: from one of somebody's accounts to somebody else's.
func (d *demo) order(i int) (*person, phone.Order) {
	debtor := d.people[i%len(d.people)]
	creditor := d.people[(i+1+i/len(d.people)%(len(d.people)-1))%len(d.people)]
	return debtor, phone.Order{
		From: debtor.accounts[i%len(debtor.accounts)], To: creditor.accounts[(i*7)%len(creditor.accounts)],
		Amount: fmt.Sprintf("%d.%02d", 1+i%3, i%100), Currency: "EUR", Reference: fmt.Sprintf("demo %d", i),
	}
}

func (d *demo) move(ctx context.Context) error {
	return d.scene("1,000 signed transfers, 3 % sent twice", demoTransfers, func(s *step) (string, error) {
		var posted, repeated atomic.Int64
		took := make([]time.Duration, demoTransfers)
		began := time.Now()
		err := inParallel(demoTransfers, demoWorkers, func(i int) error {
			who, order := d.order(i)
			key := who.phone.NewID()
			sent := time.Now()
			transfer, err := who.phone.Transfer(ctx, order, key)
			took[i] = time.Since(sent)
			if err != nil {
				return err
			}
			d.acks.add(key, transfer)
			if transfer.Status == "posted" {
				posted.Add(1)
			}
			if every := demoTransfers / demoRetried; i%every == 0 && i/every < demoRetried {
				again, err := who.phone.Transfer(ctx, order, key)
				if err != nil {
					return err
				}
				d.acks.add(key, again)
				if again.Replayed && again.ID == transfer.ID {
					repeated.Add(1)
				}
			}
			s.add(1)
			return nil
		})
		if err != nil {
			return "", err
		}
		elapsed := time.Since(began).Seconds()
		slices.Sort(took)
		d.facts.TransfersPosted, d.facts.Retried = int(posted.Load()), int(repeated.Load())
		d.facts.CommandsPerSecond = float64(demoTransfers+demoRetried) / elapsed
		d.facts.P50, d.facts.P99 = milliseconds(took[len(took)/2]), milliseconds(took[len(took)*99/100])
		return fmt.Sprintf("%d posted, %d retries answered once, %.0f/s, p50 %.1f ms, p99 %.1f ms",
			d.facts.TransfersPosted, d.facts.Retried, d.facts.CommandsPerSecond, d.facts.P50, d.facts.P99), nil
	})
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
