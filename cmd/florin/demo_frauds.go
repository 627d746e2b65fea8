package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"florin/gateway/phone"
)

// fraud is one that was stopped, and what the bank says of it.
type fraud struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
	Words   string `json:"words"`
}

// demoFrauds is how many are tried.
const demoFrauds = 2

// demoBurst is how many payments at most, until one is blocked.
const demoBurst = 30

// customer enrols somebody at home, with an account.
func (w *watched) customer(ctx context.Context, name string, host int, funds string) (*person, error) {
	p, err := newPerson(ctx, w.base, name, callerAt(fmt.Sprintf("192.0.2.%d", host)))
	if err != nil {
		return nil, err
	}
	return p, p.openFunded(ctx, funds)
}

// stolen has a thief and an honest traveller come from the other end of the world, both
// with the right password. The bank asks both for more, and one of them has it.
func (w *watched) stolen(ctx context.Context) error {
	var victim *person
	err := w.d.scene("stolen password, from another country", 1, func(*step) (_ string, err error) {
		if victim, err = w.customer(ctx, "vera", 10, "1000.00"); err != nil {
			return "", err
		}
		thief, err := phone.New(phoneSettings(w.base, callerAt("203.0.113.66")))
		if err != nil {
			return "", err
		}
		known := victim.phone.Profile()
		thief.Remember(phone.Profile{UserName: known.UserName, Password: known.Password, TOTPSecret: "KRUGKIDUNBUWKZRAONSWG4TF"}) // of an app of the thief's
		if err := thief.Register(ctx); err != nil {
			return "", err
		}
		err = thief.Login(ctx)
		if refused, is := errors.AsType[*phone.Refused](err); !is || refused.Status >= http.StatusInternalServerError {
			return "", fmt.Errorf("the thief was not refused: %w", err)
		}
		why, err := w.stoppedFor(ctx, "stolen-password", "travel-impossible", url.Values{"customer": {known.Customer}, "action": {"login"}})
		return "asked for a second factor and had none; " + why, err
	})
	if err != nil {
		return err
	}
	return w.d.scene("an honest traveller, from that country", 1, func(*step) (string, error) {
		traveller, err := w.customer(ctx, "theo", 11, "1000.00")
		if err != nil {
			return "", err
		}
		abroad, err := moved(traveller.phone, w.base, "203.0.113.20")
		if err != nil {
			return "", err
		}
		if err := abroad.Login(ctx); err != nil {
			return "", err
		}
		said, err := w.why(ctx, url.Values{"customer": {traveller.phone.Profile().Customer}, "action": {"login"}, "reason": {"travel-impossible"}})
		if err != nil {
			return "", err
		}
		answer, err := abroad.Get(ctx, "/v1/accounts")
		if err == nil {
			err = answer.OK()
		}
		w.d.facts.Traveller = said.Outcome + ", let in"
		return "asked for the same reason, gave a fingerprint, let in", err
	})
}

// moved is the same phone at another address.
func moved(p *phone.Phone, base, address string) (*phone.Phone, error) {
	state, err := p.Save()
	if err != nil {
		return nil, err
	}
	return phone.Load(phoneSettings(base, callerAt(address)), state)
}

// burst empties an account in small sums, one right after the other.
func (w *watched) burst(ctx context.Context) error {
	return w.d.scene("a burst of small payments", demoBurst, func(s *step) (string, error) {
		payer, err := w.customer(ctx, "bert", 12, "1000.00")
		if err != nil {
			return "", err
		}
		payee, err := w.customer(ctx, "paula", 13, "1.00")
		if err != nil {
			return "", err
		}
		came := map[string]int{}
		for i := range demoBurst {
			s.add(1)
			order := phone.Order{From: payer.accounts[0], To: payee.accounts[0], Amount: fmt.Sprintf("9.%02d", i), Currency: "EUR", Reference: "burst"}
			made, err := payer.phone.Transfer(ctx, order, payer.phone.NewID())
			if refused, is := errors.AsType[*phone.Refused](err); is && refused.Status == http.StatusForbidden {
				why, err := w.stoppedFor(ctx, "burst", "velocity", url.Values{"customer": {payer.phone.Profile().Customer}, "outcome": {"block"}})
				return fmt.Sprintf("%d posted, %d to be confirmed, then blocked; %s", came["posted"], came["challenged"], why), err
			}
			if err != nil {
				return "", err
			}
			came[made.Status]++
		}
		return "", fmt.Errorf("none of %d payments was blocked: %v", demoBurst, came)
	})
}
