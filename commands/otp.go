package commands

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"florin/domain"
	"florin/domain/attempt"
	"florin/domain/customer"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/eventbus"
)

// RFC 6238 with what every authenticator app has: SHA-1, six digits, 30 seconds,
// and one step either way for clocks that differ.
const (
	totpPeriod = 30 * time.Second
	totpDigits = 6
	totpSkew   = 1
	totpBytes  = 20
)

// totpSecret is a factor's seed in base32: derived, never kept.
func (b *Bank) totpSecret(factor id.Factor) (string, error) {
	u := factor.UUID()
	seed, err := b.mac(keyTOTP, u[:])
	if err != nil {
		return "", err
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(seed[:totpBytes]), nil
}

// totpOffer is a factor's secret and the URI that an app reads as a QR code.
func (b *Bank) totpOffer(factor id.Factor, label string) (secret, uri string, err error) {
	secret, err = b.totpSecret(factor)
	if err != nil {
		return "", "", err
	}
	issuer := b.settings.Identity.Issuer
	if issuer == "" {
		issuer = "Florin"
	}
	issuer = strings.ReplaceAll(issuer, ":", " ") // the label's separator
	query := url.Values{"secret": {secret}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {fmt.Sprint(totpDigits)}, "period": {fmt.Sprint(int(totpPeriod.Seconds()))}}
	label = strings.ReplaceAll(label, ":", " ")
	offer := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + label, RawQuery: strings.ReplaceAll(query.Encode(), "+", "%20")}
	return secret, offer.String(), nil
}

// totpFor is the offer of a factor to a customer who is enrolled.
func (b *Bank) totpFor(ctx context.Context, factor id.Factor, of id.Customer) (secret, uri string, err error) {
	label, err := b.labelOf(ctx, of)
	if err != nil {
		return "", "", err
	}
	return b.totpOffer(factor, label)
}

// labelOf is what a customer knows the account by: the name to log in with, so that
// an authenticator app shows which of several it is. Of an erased person: the id.
func (b *Bank) labelOf(ctx context.Context, of id.Customer) (string, error) {
	if err := b.log.Durable(ctx); err != nil {
		return "", err
	}
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return "", fmt.Errorf("commands: read %s: %w", of, err)
		}
		event, err := b.treaty.Customers.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return "", fmt.Errorf("commands: read %s: %w", of, err)
		}
		if e, ok := event.(customer.Enrolled); ok {
			return enrolledAs(e), nil
		}
		break
	}
	return of.String(), nil
}

func enrolledAs(e customer.Enrolled) string {
	for _, name := range []domain.Profile{e.UserName, e.Email, e.Phone} {
		if text := name.Reveal(); text != "" {
			return text
		}
	}
	return e.Customer.String()
}

// matchTOTP finds the step whose one-time password this is. All steps are tried,
// whichever fits. An authenticator goes by the world's time, in a sandbox too.
func (b *Bank) matchTOTP(factor id.Factor, code string, at time.Time) (step int64, ok bool, err error) {
	secret, err := b.totpSecret(factor)
	if err != nil {
		return 0, false, err
	}
	now := b.clock.world(at).Unix() / int64(totpPeriod.Seconds())
	for candidate := now - totpSkew; candidate <= now+totpSkew; candidate++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(candidate), hotp.ValidateOpts{Digits: totpDigits, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, false, fmt.Errorf("commands: one-time password: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = candidate, true
		}
	}
	return step, ok, nil
}

// matchOTP finds which of a customer's factors a one-time password is of. One that
// is nobody's is held against the factor that was made up for the name.
func (b *Bank) matchOTP(person customer.State, madeUp id.Factor, code string, at time.Time) (spent customer.UseOTP, ok bool, err error) {
	factors := person.TOTPs()
	if len(factors) == 0 {
		_, _, err = b.matchTOTP(madeUp, code, at)
		return spent, false, err
	}
	for _, factor := range factors {
		step, fits, err := b.matchTOTP(factor.Factor, code, at)
		if err != nil {
			return spent, false, err
		}
		if fits {
			spent, ok = customer.UseOTP{Factor: factor.Factor, Step: step, At: at}, true
		}
	}
	return spent, ok, nil
}

// proveOTP checks a one-time password that is to authorise a payment, as part of
// that command: the attempt is counted, and the step spent, in the same commit. A
// wrong or spent one is false, and so is one of a factor that is too new;
// *attempt.Throttled ends the command.
func (b *Bank) proveOTP(w *work, of id.Customer, code string) (bool, error) {
	budget, lanes := budgetOf(of), otpLanes(w.order.Caller.Device)
	if err := b.attempts.decide(w, budget, attempt.Count{Lanes: lanes, Customer: of, Device: w.order.Caller.Device, At: w.order.At}); err != nil {
		return false, err
	}
	state, err := b.customers.load(w, of)
	if err != nil {
		return false, err
	}
	if !state.MayLogIn() {
		return false, nil
	}
	spent, ok, err := b.matchOTP(state, id.Factor{}, code, w.order.At)
	if err != nil || !ok {
		return false, err
	}
	spent.Payment = true
	if err := b.customers.decide(w, of, spent); refused(err) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return true, b.attempts.decide(w, budget, attempt.Succeed{Lanes: lanes, At: w.order.At})
}

// sentOTP is the one-time password of a request in a login. It is derived by
// whoever sends it and by whoever checks it, and stands nowhere.
func (b *Bank) sentOTP(of id.Grant, request grant.OTPRequested) (string, error) {
	u := of.UUID()
	return b.derivedOTP(u[:], []byte(request.Method), binary.BigEndian.AppendUint64(nil, uint64(request.Step)), []byte(request.Salt))
}

// derivedOTP is six digits out of 64 bits of a keyed hash: the remainder's bias is
// far below what one could guess.
func (b *Bank) derivedOTP(parts ...[]byte) (string, error) {
	digest, err := b.mac(keyOTP, parts...)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(digest)%1_000_000), nil
}

// matchSent compares a one-time password with the one that was sent.
func (b *Bank) matchSent(of id.Grant, request grant.OTPRequested, code string) (bool, error) {
	want, err := b.sentOTP(of, request)
	return err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1, err
}
