package identity

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"florin/commands"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// AccountPath is the page for a customer whose phone is gone: they log in with a
// password and another factor in hand, see their devices and sessions, and end
// them. It is one visit of grant.LoginTTL, in one browser:
//
//	GET -> login, by the same steps as everywhere -> GET -> list -> sure? -> ended
const AccountPath = "/account/devices"

// What the page can be asked to do.
const (
	actLost   = "lost"
	actRevoke = "revoke"
	actEnd    = "end"
	actLeave  = "leave"
)

// account is what the pages of a visit show.
type account struct {
	Devices, Sessions    []thing
	Title, Words, Button string
	Done                 string // the title once it is done
	Act, Thing           string
	Out                  bool // the visit is over
	devices              []projections.Device
	sessions             []projections.Session
}

// thing is a device or a session, as a person knows it.
type thing struct{ ID, Name, Words string }

// Account is GET /account/devices.
func (p *Provider) Account(w http.ResponseWriter, r *http.Request) error {
	if r.URL.RawQuery != "" {
		return problem.BadRequest
	}
	browser, session := p.visitor(r)
	if browser == "" {
		browser = base64.RawURLEncoding.EncodeToString(p.settings.Bank.Sources().Secret(browserBytes))
	}
	order, _, err := p.settings.Bank.Grants().Visit(r.Context(), p.order(r, nil), session, browser, grant.LoginTTL)
	switch {
	case errors.Is(err, grant.ErrSession):
		http.SetCookie(w, p.visitCookie(browser, ""))
		return p.show(w, r, p.login(p.own(browser)), nil)
	case err != nil:
		return err
	}
	s := p.own(browser).sheet.showing(formAccount)
	if s.Account, err = p.account(r.Context(), order.Caller.Customer); err != nil {
		return err
	}
	return p.show(w, r, s, nil)
}

// EndFromPage is POST /account/devices: the forms of the page.
func (p *Provider) EndFromPage(w http.ResponseWriter, r *http.Request) error {
	values, err := formOf[schemas.EndFromPage](r)
	if err != nil {
		return problem.BadRequest
	}
	browser, session := p.visitor(r)
	if browser == "" || subtle.ConstantTimeCompare([]byte(values.Get("csrf")), []byte(antiForgery(browser, AccountPath))) != 1 {
		return problem.FormForeign.With("The form was not made for this browser, or its cookie is gone. Load this page again and log in.")
	}
	defer p.turns.wait(browser)() // a button that is pressed twice
	v := p.own(browser)
	switch values.Get("act") {
	case "":
		return p.factor(w, r, v, values)
	case actLeave:
		order := p.order(r, nil)
		order.Caller.Reason = "logged-out"
		if _, err := p.settings.Bank.Grants().LogOut(r.Context(), order, session, browser); err != nil {
			return err
		}
		http.SetCookie(w, p.visitCookie("", ""))
		return p.ended(w, r, v, account{Title: "You are logged out", Words: "This browser can no longer see your devices.", Out: true})
	case actLost, actRevoke, actEnd:
	default:
		return problem.BadRequest
	}
	order, login, err := p.settings.Bank.Grants().Visit(r.Context(), p.order(r, nil), session, browser, problem.Fresh)
	if err != nil {
		return p.again(w, r, v, err)
	}
	asked, err := p.askedOf(r.Context(), order.Caller.Customer, values)
	if err != nil {
		return err
	}
	if !values.Has("sure") {
		s := v.sheet.showing(formSure)
		s.Account = asked
		return p.show(w, r, s, nil)
	}
	order.ID = commands.CommandID("page", login.UUID(), asked.Act+" "+asked.Thing)
	order.Caller.Reason = "account-page"
	outcome, err := p.end(r.Context(), order, asked)
	if err != nil {
		return err
	}
	if position := outcome.Receipt.Last; position > 0 {
		if err := p.settings.Settled(r.Context(), position); err != nil {
			return err
		}
		p.shown(r.Context(), position)
	}
	return p.ended(w, r, v, account{Title: asked.Done, Words: endedWords[asked.Act]})
}

// own is the visit of a browser to the bank's own page.
func (p *Provider) own(browser string) visit {
	v := visit{consent: grant.OwnPages(), browser: browser, sheet: sheet{Action: AccountPath, CSRF: antiForgery(browser, AccountPath)}}
	v.done = func(w http.ResponseWriter, r *http.Request, session string) error {
		http.SetCookie(w, p.visitCookie(browser, session))
		return wire.SeeOther(w, AccountPath)
	}
	return v
}

func (p *Provider) end(ctx context.Context, order commands.Order, asked account) (commands.Outcome, error) {
	if asked.Act == actEnd {
		return p.settings.Bank.Sessions().Revoke(ctx, order, asked.sessions[0].Session, "ended-by-customer")
	}
	device := asked.devices[0].Device
	if asked.Act == actLost {
		return p.settings.Bank.Devices().ReportLost(ctx, order, device)
	}
	return p.settings.Bank.Devices().Revoke(ctx, order, device, "removed-by-customer")
}

var endedWords = map[string]string{
	actLost: "It is logged out everywhere and can confirm nothing any more. Have your SIM card blocked as well, " +
		"and log in on your next phone with a code of your authenticator app, a passkey or a recovery code. If money is missing, call us at once.",
	actRevoke: "It is logged out, and has to be set up anew to be used again.",
	actEnd:    "It is logged out.",
}

func (p *Provider) ended(w http.ResponseWriter, r *http.Request, v visit, what account) error {
	s := v.sheet.showing(formEnded)
	s.Account = what
	return p.show(w, r, s, nil)
}

// askedOf finds what a form is about among the customer's own; anything else is
// not there.
func (p *Provider) askedOf(ctx context.Context, of id.Customer, values url.Values) (account, error) {
	asked := account{Act: values.Get("act"), Thing: values.Get("thing")}
	all, err := p.account(ctx, of)
	if err != nil {
		return asked, err
	}
	if asked.Act == actEnd {
		for _, session := range all.sessions {
			if session.Session.String() == asked.Thing {
				asked.sessions = append(asked.sessions, session)
				asked.Title, asked.Button, asked.Done = "End this session?", "End it", "The session was ended"
				asked.Words = "Whoever uses it is logged out at once."
				return asked, nil
			}
		}
		return asked, problem.NotFound
	}
	for _, device := range all.devices {
		if device.Device.String() != asked.Thing {
			continue
		}
		asked.devices = append(asked.devices, device)
		asked.Title, asked.Button, asked.Done = "Remove "+nameOf(device)+"?", "Remove it", nameOf(device)+" was removed"
		asked.Words = "It is logged out at once and can confirm nothing any more. To use it again you have to set it up anew."
		if asked.Act == actLost {
			asked.Title, asked.Button, asked.Done = "Report "+nameOf(device)+" lost?", "Report it lost", nameOf(device)+" was reported lost"
			asked.Words = "It is logged out at once and can confirm nothing any more, also if it is found. We note that it is in nobody knows whose hands."
		}
		return asked, nil
	}
	return asked, problem.NotFound
}

// account reads what is the customer's: every device that was ever theirs, and in
// the lists those that still count.
func (p *Provider) account(ctx context.Context, of id.Customer) (all account, err error) {
	const page, most = 200, 2000
	for after := (id.Device{}); len(all.devices) < most; {
		rows, err := p.settings.Reads.DevicesOf(ctx, of, after, page)
		if err != nil {
			return all, err
		}
		if all.devices = append(all.devices, rows...); len(rows) < page {
			break
		}
		after = rows[len(rows)-1].Device
	}
	for after := (id.Session{}); len(all.sessions) < most; {
		rows, err := p.settings.Reads.SessionsOf(ctx, of, after, page)
		if err != nil {
			return all, err
		}
		if all.sessions = append(all.sessions, rows...); len(rows) < page {
			break
		}
		after = rows[len(rows)-1].Session
	}
	names := map[id.Device]string{}
	for _, device := range all.devices {
		names[device.Device] = nameOf(device)
		if device.Status == projections.DeviceBound {
			all.Devices = append(all.Devices, thing{device.Device.String(), nameOf(device), "Added on " + day(device.BoundAt) + "."})
		}
	}
	now := p.settings.Bank.Sources().Now()
	for _, session := range all.sessions {
		if session.Revoked || !now.Before(session.ExpiresAt) {
			continue
		}
		name, known := names[session.Device]
		if !known {
			if name, err = p.settings.Bank.Clients().Name(ctx, session.Client); err != nil {
				return all, err
			}
		}
		all.Sessions = append(all.Sessions, thing{session.Session.String(), name, "Logged in on " + day(session.StartedAt) + ", last used on " + day(session.SeenAt) + "."})
	}
	return all, nil
}

// nameOf is what a person knows a device by.
func nameOf(device projections.Device) string {
	for _, name := range []string{device.Name.Reveal(), device.Model, device.Platform} {
		if name = strings.TrimSpace(name); name != "" {
			return name
		}
	}
	return "A device"
}

func day(at time.Time) string { return at.UTC().Format("2 January 2006, 15:04 UTC") }

// shown waits until the lists show a position. That they do not yet is no reason to
// call a thing undone that was done.
func (p *Provider) shown(ctx context.Context, position eventbus.Position) {
	for _, list := range []string{"devices", "sessions"} {
		_ = p.settings.Reads.WaitFor(ctx, list, position)
	}
}

// visitCookie holds one visit: the browser's secret, and once somebody has logged
// in the login's handle, which is good with that secret alone. No other site can
// have it sent (Strict). Without a browser it is taken away.
func (p *Provider) visitCookie(browser, session string) *http.Cookie {
	cookie := p.cookie(browser)
	cookie.Name, cookie.SameSite, cookie.MaxAge = p.cookieName()+"-account", http.SameSiteStrictMode, int(grant.LoginTTL.Seconds())
	if session != "" {
		cookie.Value += "." + session
	}
	if browser == "" {
		cookie.MaxAge = -1
	}
	return cookie
}

func (p *Provider) visitor(r *http.Request) (browser, session string) {
	cookies := r.CookiesNamed(p.cookieName() + "-account")
	if len(cookies) != 1 {
		return "", ""
	}
	browser, session, _ = strings.Cut(cookies[0].Value, ".")
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(browser); err != nil || len(raw) != browserBytes {
		return "", ""
	}
	return browser, session
}
