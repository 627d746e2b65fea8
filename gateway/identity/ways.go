package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"florin/commands"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/gateway/passkey"
	"florin/gateway/problem"
)

// visit is one browser on its way through a login: what the login is for, what
// every form of it holds, and what follows on it.
type visit struct {
	consent id.Consent
	browser string
	sheet   sheet
	done    func(w http.ResponseWriter, r *http.Request, session string) error
}

// Bounds of what a person types.
const (
	userNameBytesMax = 320
	passwordBytesMax = 1024
	otpBytesMax      = 16
	recoveryBytesMax = 64
)

// login is the first form of a visit. What it holds once makes the same form sent
// twice one login, and the same words typed again another.
func (p *Provider) login(v visit) sheet {
	s := v.sheet.showing(formLogin)
	s.Once = base64.RawURLEncoding.EncodeToString(p.settings.Bank.Sources().Secret(16))
	return s
}

// factor takes one step of a login, by the same verb as an app's. Choosing another
// way is no step.
func (p *Provider) factor(w http.ResponseWriter, r *http.Request, v visit, values url.Values) error {
	step := stepOf(v, values)
	switch {
	case len(step.UserName) > userNameBytesMax || len(step.Password) > passwordBytesMax || len(step.OTP) > otpBytesMax ||
		len(step.RecoveryCode) > recoveryBytesMax || len(values.Get("webauthn")) > passkey.ResponseBytesMax ||
		!oneOf(step.OTPMethod, "", "email", "sms") || !oneOf(step.OTPSend, "", "email", "sms") || !oneOf(step.Push, "", commands.PushStart, commands.PushPoll):
		return problem.BadRequest
	case step.AuthSession == "" && (step.UserName == "" || step.Password == ""):
		return p.show(w, r, p.login(v).saying("Enter your user name and your password."), problem.BadRequest)
	case step.AuthSession != "" && (values.Has("way") || step.OTP == "" && step.OTPSend == "" && step.RecoveryCode == "" && step.Push == "" && !values.Has("webauthn")):
		return p.other(w, r, v, step, values)
	}
	if raw := values.Get("webauthn"); raw != "" && step.AuthSession != "" {
		var err error
		if step.Passkey, err = p.passkey(r, step, raw); err != nil {
			return p.again(w, r, v, err)
		}
	}
	order := p.order(r, nil)
	order.ID = commands.CommandID("page", v.consent.UUID(), digestOf(v.browser, values))
	answer, _, err := p.settings.Bank.Grants().Challenge(r.Context(), order, step)
	switch {
	case err != nil:
		return p.again(w, r, v, err)
	case answer.Done:
		return v.done(w, r, answer.AuthSession)
	}
	form := firstForm(answer.Next)
	switch step.AuthSession = answer.AuthSession; {
	case step.OTPSend != "":
		form = formSent
	case step.Push != "":
		form = formPush
	}
	return p.ask(w, r, v, step, form, nil)
}

// stepOf reads a form: a login's first, or one of a factor.
func stepOf(v visit, values url.Values) commands.LoginStep {
	step := commands.LoginStep{AuthSession: values.Get("auth_session"), Consent: v.consent, Browser: v.browser, MaxAge: -1}
	if step.AuthSession == "" {
		step.UserName, step.Password = values.Get("username"), values.Get("password")
		return step
	}
	step.OTP, step.OTPMethod, step.OTPSend = strings.ReplaceAll(values.Get("otp"), " ", ""), values.Get("otp_method"), values.Get("otp_send")
	step.RecoveryCode, step.Push = values.Get("recovery_code"), values.Get("push")
	return step
}

// other shows the form of another way, or the same one again if it came empty.
func (p *Provider) other(w http.ResponseWriter, r *http.Request, v visit, step commands.LoginStep, values url.Values) error {
	if values.Has("way") {
		chosen, known := ways[values.Get("way")]
		if !known {
			return problem.BadRequest
		}
		return p.ask(w, r, v, step, chosen.form, nil)
	}
	shown := values.Get("shown")
	if emptyWords[shown] == "" {
		return problem.BadRequest
	}
	return p.ask(w, r, v, step, shown, problem.BadRequest)
}

// ask shows the form of a factor, as far as the login asks for it; empty says that
// it came back without an answer.
func (p *Provider) ask(w http.ResponseWriter, r *http.Request, v visit, step commands.LoginStep, form string, empty error) error {
	offer, err := p.settings.Bank.Grants().Offer(r.Context(), step)
	if err != nil {
		return p.again(w, r, v, err)
	}
	if form == formSend && offer.Sent != "" && !offer.More {
		form = formSent
	}
	s := v.sheet.showing(form)
	s.Session, s.Sends, s.Sent, s.More, s.Number, s.Polled = step.AuthSession, offer.Sends, offer.Sent, offer.More, offer.Number, step.Push == commands.PushPoll
	asked := false
	for _, factor := range offer.Next {
		choice, known := ways[factor]
		switch {
		case choice.form == form, choice.form == formSend && form == formSent && offer.Sent != "":
			asked = true
		case known:
			s.Ways = append(s.Ways, choice)
		}
	}
	if !asked {
		return p.again(w, r, v, grant.ErrFactor)
	}
	if form == formPasskey {
		if s.Options, err = p.passkeyOptions(r, step); err != nil {
			return p.again(w, r, v, err)
		}
	}
	if empty != nil {
		s = s.saying(emptyWords[form])
	}
	return p.show(w, r, s, empty)
}

// way is a factor as a person chooses it.
type way struct{ Name, Words, form string }

var ways = map[string]way{
	grant.OneTime:      {grant.OneTime, "Use your authenticator app", formOTP},
	grant.Passkey:      {grant.Passkey, "Use a passkey or security key", formPasskey},
	grant.Push:         {grant.Push, "Confirm on another device of yours", formPush},
	grant.RecoveryCode: {grant.RecoveryCode, "Use a recovery code", formRecovery},
	grant.OTPSend:      {grant.OTPSend, "Have a code sent to you", formSend},
}

var emptyWords = map[string]string{
	formOTP:      "Enter the six-digit code of your authenticator app.",
	formSent:     "Enter the six-digit code that was sent to you.",
	formRecovery: "Enter one of your recovery codes.",
}

// firstForm is that of the first factor that a browser can show.
func firstForm(next []string) string {
	for _, factor := range next {
		if choice, known := ways[factor]; known {
			return choice.form
		}
	}
	return formOTP
}

// again lets the login begin anew where that can help; the reasons are as few as
// an app's.
func (p *Provider) again(w http.ResponseWriter, r *http.Request, v visit, err error) error {
	sheet := p.login(v)
	switch {
	case errors.Is(err, grant.ErrDenied):
		return p.show(w, r, sheet.saying("The login failed. Check what you entered and try again."), problem.BadRequest.Named("access-denied"))
	case errors.Is(err, grant.ErrSession), errors.Is(err, grant.ErrFactor):
		return p.show(w, r, sheet.saying("This login cannot be continued. Log in again."), problem.BadRequest.Named("invalid-session"))
	}
	if fault := problem.Of(err); fault.Status == http.StatusTooManyRequests {
		return p.show(w, r, sheet.saying("Too many attempts. Wait "+waitOf(fault)+" and try again."), fault)
	}
	return err
}

// waitOf says in words how long to wait.
func waitOf(fault *problem.Fault) string {
	seconds, err := strconv.Atoi(fault.Header.Get("Retry-After"))
	switch {
	case err != nil:
		return "a moment"
	case seconds == 1:
		return "a second"
	case seconds <= 120:
		return strconv.Itoa(seconds) + " seconds"
	}
	return strconv.Itoa((seconds+59)/60) + " minutes"
}

// digestOf is the same for the same form of the same browser, and tells nothing of
// what was typed: it is keyed with the browser's secret.
func digestOf(browser string, values url.Values) string {
	digest := hmac.New(sha256.New, []byte(browser))
	digest.Write([]byte(values.Encode()))
	return base64.RawURLEncoding.EncodeToString(digest.Sum(nil))
}

// turns lets one form of a kind be answered at a time, so that the second press of
// a button finds what the first has done. It holds as many as are being answered.
type turns struct {
	mu   sync.Mutex
	held map[string]*turn
}

type turn struct {
	mu      sync.Mutex
	waiting int
}

// wait takes the turn; what it returns gives it back.
func (t *turns) wait(name string) (done func()) {
	t.mu.Lock()
	if t.held == nil {
		t.held = map[string]*turn{}
	}
	mine := t.held[name]
	if mine == nil {
		mine = &turn{}
		t.held[name] = mine
	}
	mine.waiting++
	t.mu.Unlock()
	mine.mu.Lock()
	return func() {
		mine.mu.Unlock()
		t.mu.Lock()
		defer t.mu.Unlock()
		if mine.waiting--; mine.waiting == 0 {
			delete(t.held, name)
		}
	}
}
