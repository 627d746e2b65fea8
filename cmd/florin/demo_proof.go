package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"florin/gateway/phone"
)

// demoStorm is how many transfers are under way around the kill, and how many
// are acknowledged before it.
const (
	demoStorm     = 600
	demoKillAfter = 200
)

func (d *demo) attack(ctx context.Context) error {
	return d.scene("attacks over HTTP", 1, func(s *step) (string, error) {
		victim, thief := d.people[0], d.people[1]
		challenged, err := victim.phone.Transfer(ctx, d.big(victim), victim.phone.NewID())
		if err != nil {
			return "", err
		}
		if challenged.Status != "challenged" {
			return "", fmt.Errorf("a large transfer was %q, not challenged", challenged.Status)
		}
		sc := scene{victim: victim.phone, thief: thief.phone, from: victim.accounts[0], to: victim.accounts[1],
			thiefs: thief.accounts[0], challenged: challenged}
		var errs []error
		for _, a := range sc.attacks() {
			d.facts.AttacksTried++
			answer, err := a.try(ctx)
			switch {
			case err != nil:
				return "", fmt.Errorf("%s: %w", a.name, err)
			case answer.Status != a.want:
				errs = append(errs, fmt.Errorf("%s: answered %d %s, not %d", a.name, answer.Status, answer.Body, a.want))
			default:
				d.facts.AttacksRefused++
			}
		}
		d.facts.AttacksTried++
		if err := sc.forgedHeaders(ctx); err != nil {
			errs = append(errs, err)
		} else {
			d.facts.AttacksRefused++
		}
		return fmt.Sprintf("%d of %d refused", d.facts.AttacksRefused, d.facts.AttacksTried), errors.Join(errs...)
	})
}

// big is a transfer over the amount that needs strong authentication.
func (d *demo) big(debtor *person) phone.Order {
	creditor := d.people[2]
	return phone.Order{From: debtor.accounts[0], To: creditor.accounts[0], Amount: "600.00", Currency: "EUR", Reference: "a car"}
}

func (d *demo) challenge(ctx context.Context) error {
	return d.scene("a large transfer, confirmed by the SCA key", 1, func(*step) (string, error) {
		debtor := d.people[3]
		key := debtor.phone.NewID()
		transfer, err := debtor.phone.Transfer(ctx, d.big(debtor), key)
		if err != nil {
			return "", err
		}
		if transfer.Status != "challenged" {
			return "", fmt.Errorf("it was %q, not challenged", transfer.Status)
		}
		authorised, err := debtor.phone.AuthoriseBySCAKey(ctx, transfer)
		if err != nil {
			return "", err
		}
		d.acks.add(key, transfer)
		d.facts.Challenged = authorised.Status
		return "challenged, signed as displayed, " + authorised.Status, nil
	})
}

// crash kills the bank in mid-write and holds it to every acknowledgement.
func (d *demo) crash(ctx context.Context) error {
	return d.scene("kill -9 in mid-write, restart, ask again", 2*demoStorm, func(s *step) (string, error) {
		keys := make([]string, demoStorm)
		for i := range keys {
			keys[i] = d.people[0].phone.NewID()
		}
		unanswered, err := d.storm(ctx, keys, s)
		if err != nil {
			return "", err
		}
		began := time.Now()
		if err := d.bank.start(ctx); err != nil {
			return "", err
		}
		back := time.Since(began)
		if err := d.askAgain(ctx, keys, s); err != nil {
			return "", err
		}
		d.facts.Duplicates, d.facts.AcknowledgedLost = d.acks.twice, d.acks.lost
		d.facts.Acknowledged = d.acks.count()
		return fmt.Sprintf("%d answers lost with the process, back in %d ms, %d lost, %d doubled",
			unanswered, back.Milliseconds(), d.facts.AcknowledgedLost, d.facts.Duplicates), nil
	})
}

// storm sends transfers until the bank dies; it tells how many had no answer.
func (d *demo) storm(ctx context.Context, keys []string, s *step) (unanswered int64, err error) {
	var answered, failed atomic.Int64
	killed := make(chan error, 1)
	go func() {
		for answered.Load() < demoKillAfter && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		killed <- d.bank.kill()
	}()
	err = inParallel(len(keys), demoWorkers, func(i int) error {
		who, order := d.order(i)
		answer, err := who.phone.Command(ctx, http.MethodPost, "/v1/transfers", order, keys[i])
		if err != nil {
			failed.Add(1) // the bank is gone: it is asked again later
			return nil
		}
		transfer, err := phone.ReadTransfer(answer)
		if err != nil {
			return err
		}
		d.acks.add(keys[i], transfer)
		answered.Add(1)
		s.add(1)
		return nil
	})
	return failed.Load(), errors.Join(err, <-killed)
}

// askAgain sends every transfer of the storm once more under its key: what was
// acknowledged must be answered by its first answer, what was not is done now.
func (d *demo) askAgain(ctx context.Context, keys []string, s *step) error {
	return inParallel(len(keys), demoWorkers, func(i int) error {
		who, order := d.order(i)
		transfer, err := who.phone.Transfer(ctx, order, keys[i])
		if err != nil {
			return err
		}
		d.acks.add(keys[i], transfer)
		s.add(1)
		return nil
	})
}

// serveOn starts the bank again after the story and leaves it to the user.
func (d *demo) serveOn(ctx context.Context, out io.Writer) error {
	if err := d.bank.start(ctx); err != nil {
		return err
	}
	who := d.people[0]
	state := filepath.Join(d.dir, "phone.json")
	if err := savePhone(state, d.base, who.phone); err != nil {
		return err
	}
	fmt.Fprintf(out, `
The bank is serving %[1]s (health and metrics: %[2]s). Data: %[3]s
The phone of customer0 is in %[4]s. Try:

  curl -s %[1]s/.well-known/openid-configuration
  florin phone --state %[4]s get /v1/accounts
  florin phone --state %[4]s transfer --from %[5]s --to %[6]s --amount 12.50
  florin phone --state %[4]s transfer --from %[5]s --to %[6]s --amount 600.00 --confirm
  florin audit verify --dir %[3]s        (after the bank has stopped)

Press Ctrl-C to stop it.
`, d.base, d.bank.admin, d.bankDir(), state, who.accounts[0], d.people[1].accounts[0])
	select {
	case <-ctx.Done():
		return d.bank.stop()
	case err := <-d.bank.gone:
		d.bank.cmd = nil
		return fmt.Errorf("the bank ended by itself: %v; see %s", err, d.bank.log.Name())
	}
}
