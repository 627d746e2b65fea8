package gateway

import (
	"net/http"
	"reflect"

	"florin/domain/proposal"
	"florin/gateway/identity"
	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/schemas"
)

const (
	get  = http.MethodGet
	post = http.MethodPost
	put  = http.MethodPut
	del  = http.MethodDelete
)

// of names a type of the table.
func of[T any]() reflect.Type { return reflect.TypeFor[T]() }

func scopes(any ...string) []string { return any }

// Routes is the table of everything that the public listener answers. A test
// fails for a row that the bad inputs are not tried on.
func Routes(p *identity.Provider, desk service.Desk) []Route {
	rows := provider(p)
	rows = append(rows, persons(p, desk)...)
	rows = append(rows, factors(desk)...)
	rows = append(rows, recoveries(p, desk)...)
	rows = append(rows, accounts(desk)...)
	rows = append(rows, products(desk)...)
	rows = append(rows, money(desk)...)
	rows = append(rows, cards(desk)...)
	rows = append(rows, transfers(desk)...)
	rows = append(rows, notifications(desk)...)
	rows = append(rows, payments(desk)...)
	rows = append(rows, directDebits(desk)...)
	rows = append(rows, paymentFiles(desk)...)
	rows = append(rows, webhooks(desk)...)
	rows = append(rows, riskPolicies(desk)...)
	rows = append(rows, riskDecisions(desk)...)
	rows = append(rows, reviews(desk)...)
	rows = append(rows, dataSets(desk)...)
	rows = append(rows, frauds(desk)...)
	rows = append(rows, fraudCases(desk)...)
	rows = append(rows, operators(desk)...)
	rows = append(rows, sandbox(desk)...)
	rows = append(rows, readers(desk)...)
	return documented(rows, desk.Issuer)
}

// provider: discovery and the OAuth endpoints.
func provider(p *identity.Provider) []Route {
	page := []string{"text/html"}
	return []Route{
		{Method: get, Path: "/.well-known/openid-configuration", Handle: p.Discover, Open: true, Response: of[identity.Metadata]()},
		{Method: get, Path: "/.well-known/oauth-authorization-server", Handle: p.Discover, Open: true, Response: of[identity.Metadata]()},
		{Method: get, Path: "/.well-known/oauth-protected-resource", Handle: p.DiscoverResource, Open: true, Response: of[identity.ResourceMetadata]()},
		{Method: get, Path: identity.JWKSPath, Handle: p.JWKS, Open: true, Response: of[identity.Keys]()},
		{Method: post, Path: "/oauth2/challenge", Handle: p.Challenge, Open: true, OAuth: true, Request: of[schemas.LogIn]()},
		{Method: post, Path: "/oauth2/par", Handle: p.Push, Open: true, OAuth: true, Request: of[schemas.RequestConsent](), Response: of[identity.PushedAnswer]()},
		{Method: post, Path: identity.AskPath, Handle: p.Ask, Open: true, OAuth: true, Request: of[schemas.AskConsent](), Response: of[identity.AskedAnswer]()},
		{Method: get, Path: identity.AuthorizePath, Handle: p.Authorize, Open: true, Page: p.Apologise, Gives: page},
		{Method: get, Path: identity.AccountPath, Handle: p.Account, Open: true, Page: p.Apologise, Gives: page},
		{Method: post, Path: identity.AccountPath, Handle: p.EndFromPage, Open: true, Page: p.Apologise, Gives: page, Request: of[schemas.EndFromPage]()},
		{Method: get, Path: "/pages/{file}", Handle: p.Script, Open: true, Gives: []string{"text/javascript"}},
		{Method: post, Path: identity.AuthorizePath, Handle: p.Answer, Open: true, Page: p.Apologise, Gives: page, Request: of[schemas.AnswerConsent]()},
		{Method: get, Path: identity.LogoutPath, Handle: p.LogOut, Open: true, Page: p.Apologise, Gives: page},
		{Method: post, Path: identity.LogoutPath, Handle: p.LogOut, Open: true, Page: p.Apologise, Gives: page, Request: of[schemas.LogOut]()},
		{Method: post, Path: "/oauth2/token", Handle: p.Token, Open: true, OAuth: true, Request: of[schemas.IssueToken](), Response: of[identity.TokenAnswer]()},
		{Method: post, Path: "/oauth2/revoke", Handle: p.Revoke, Open: true, OAuth: true, Request: of[schemas.RevokeToken]()},
		{Method: post, Path: "/oauth2/introspect", Handle: p.Introspect, Open: true, OAuth: true, Response: of[identity.Introspection]()},
	}
}

// persons: customers, their devices and sessions. Ending another device than
// one's own needs a fresh strong authentication, which the service asks for.
func persons(p *identity.Provider, desk service.Desk) []Route {
	customers, devices, sessions, approvals := service.Customers{Desk: desk}, service.Devices{Desk: desk}, service.Sessions{Desk: desk}, service.Approvals{Desk: desk}
	consents, ends := service.Consents{Desk: desk}, scopes("devices.manage", "customers.manage") // the phone may be gone, and its owner at the desk
	enrol := Route{Method: post, Path: "/v1/customers", Handle: customers.Enrol, Keyed: true,
		Request: of[schemas.EnrolCustomer](), Response: of[service.EnrolAnswer]()}
	if enrol.Open, enrol.Share = desk.Sandbox, shareBegin; !enrol.Open {
		enrol.Scopes, enrol.Signed, enrol.Share = scopes("customers.manage"), true, 0
	}
	standing := func(act, scope string, handle func(http.ResponseWriter, *http.Request) error, request reflect.Type) Route {
		return Route{Method: post, Path: "/v1/customers/{id}/" + act, Handle: handle, Scopes: scopes(scope), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Request: request, Response: of[service.StandingAnswer]()}
	}
	return []Route{
		enrol,
		{Method: get, Path: "/oauth2/userinfo", Handle: customers.UserInfo, Scopes: scopes("openid"), Response: of[service.UserInfoAnswer]()},
		{Method: post, Path: "/oauth2/userinfo", Handle: customers.UserInfo, Scopes: scopes("openid"), Response: of[service.UserInfoAnswer]()},
		standing("restriction", "customers.manage", customers.Restrict, of[schemas.RestrictCustomer]()),
		standing("activation", "customers.manage", customers.Activate, of[schemas.ActivateCustomer]()),
		standing("sending-limit/lifting", "risk.write", customers.LiftSendingLimit, of[schemas.LiftSendingLimit]()),
		standing("erasure", "privacy.manage", customers.Erase, of[schemas.EraseCustomer]()),
		{Method: get, Path: "/v1/customers/me", Handle: customers.Me, Scopes: scopes("profile"), Response: of[service.CustomerAnswer]()},
		{Method: get, Path: "/v1/customers/me/acts", Handle: customers.Acts, OwnApp: true, Scopes: scopes("profile"), Response: of[service.ActList]()},
		{Method: http.MethodPatch, Path: "/v1/customers/me", Handle: customers.ChangeContact, Scopes: scopes("profile"), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Request: of[schemas.ChangeContact](), Response: of[service.ContactAnswer]()},
		{Method: del, Path: "/v1/customers/me/contacts/{kind}", Handle: customers.RemoveContact, Scopes: scopes("profile"), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Request: of[schemas.RemoveContact](), Response: of[service.RemovedAnswer]()},
		{Method: post, Path: "/v1/customers/me/password", Handle: customers.ChangePassword, Scopes: scopes("factors.manage"), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Share: shareSecrets, Request: of[schemas.ChangePassword](), Response: of[service.PasswordAnswer]()},
		{Method: post, Path: "/v1/devices/challenge", Handle: p.ChallengeDevice, Open: true, Share: shareBegin, Response: of[identity.DeviceChallenge]()},
		{Method: post, Path: "/v1/devices/expected", Handle: devices.Expect, OwnApp: true, Scopes: scopes("devices.manage"), Share: shareSecrets, Response: of[service.ExpectedAnswer]()},
		{Method: post, Path: "/v1/devices", Handle: p.RegisterDevice, Open: true, Share: shareBegin, Request: of[schemas.RegisterDevice](), Response: of[identity.Device]()},
		{Method: post, Path: "/v1/operators/enrolment", Handle: p.EnrolOperator, Open: true, Share: shareBegin, Request: of[schemas.EnrolOperator](), Response: of[identity.EnrolmentAnswer]()},
		{Method: get, Path: "/v1/devices", Handle: devices.List, Scopes: ends, Response: of[service.DeviceList]()},
		{Method: http.MethodPatch, Path: "/v1/devices/{id}", Handle: devices.Rename, Scopes: scopes("devices.manage"), Keyed: true, Signed: true,
			Request: of[schemas.RenameDevice](), Response: of[service.RenamedAnswer]()},
		{Method: del, Path: "/v1/devices/{id}", Handle: devices.Revoke, Scopes: ends, Keyed: true, Signed: true,
			Request: of[schemas.RevokeDevice](), Response: of[service.EndedAnswer]()},
		{Method: post, Path: "/v1/devices/{id}/lost", Handle: devices.ReportLost, Scopes: ends, Keyed: true, Signed: true,
			Request: of[schemas.ReportDeviceLost](), Response: of[service.EndedAnswer]()},
		{Method: get, Path: "/v1/approvals", Handle: approvals.List, OwnApp: true, Scopes: scopes("openid"), Response: of[service.ApprovalList]()},
		{Method: post, Path: "/v1/approvals/{id}", Handle: approvals.Answer, Scopes: scopes("openid"), Keyed: true, Signed: true,
			Request: of[schemas.AnswerApproval](), Response: of[service.ApprovalAnswer]()},
		{Method: get, Path: "/v1/sessions", Handle: sessions.List, OwnApp: true, Scopes: scopes("openid"), Response: of[service.SessionList]()},
		{Method: del, Path: "/v1/sessions/{id}", Handle: sessions.End, OwnApp: true, Scopes: scopes("openid"), Request: of[schemas.EndSession](), Response: of[service.EndedAnswer]()},
		{Method: get, Path: "/v1/consents", Handle: consents.List, OwnApp: true, Scopes: scopes("openid"), Response: of[service.ConsentList]()},
		{Method: del, Path: "/v1/consents/{id}", Handle: consents.Revoke, OwnApp: true, Scopes: scopes("openid"), Request: of[schemas.RevokeConsent](), Response: of[service.EndedAnswer]()},
	}
}

// factors: a customer's means of authentication. Changing them takes strong
// authentication that is fresh, by a factor that is there already.
func factors(desk service.Desk) []Route {
	factors := service.Factors{Desk: desk}
	change := func(method, path string, handle func(http.ResponseWriter, *http.Request) error, request reflect.Type) Route {
		return Route{Method: method, Path: path, Handle: handle, Scopes: scopes("factors.manage"), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Share: shareSecrets, Request: request, Response: of[service.FactorAnswer]()}
	}
	return []Route{
		{Method: get, Path: "/v1/factors", Handle: factors.List, Scopes: scopes("factors.manage"), Response: of[service.FactorList]()},
		change(post, "/v1/factors/totp", factors.OfferTOTP, of[schemas.OfferTOTP]()),
		change(post, "/v1/factors/passkeys", factors.OfferPasskey, of[schemas.OfferPasskey]()),
		change(post, "/v1/factors/recovery-codes", factors.MakeRecoveryCodes, of[schemas.MakeRecoveryCodes]()),
		change(post, "/v1/factors/{id}/attestation", factors.AddPasskey, of[schemas.AddPasskey]()),
		change(post, "/v1/factors/{id}/confirmation", factors.Confirm, of[schemas.ConfirmFactor]()),
		change(post, "/v1/factors/{id}/approval", factors.Approve, of[schemas.ApproveFactor]()),
		change(del, "/v1/factors/{id}", factors.Remove, of[schemas.RemoveFactor]()),
	}
}

// recoveries: ways back into an account. Who recovers is known by the phone's key
// alone, which signs; only the bank's own app sees and stops what an operator has
// permitted.
func recoveries(p *identity.Provider, desk service.Desk) []Route {
	recoveries := service.Recoveries{Desk: desk}
	return []Route{
		{Method: post, Path: "/v1/recovery", Handle: p.BeginRecovery, Open: true, Share: shareBegin, Keyed: true, Request: of[schemas.BeginRecovery](), Response: of[identity.Recovery]()},
		{Method: post, Path: "/v1/recovery/completion", Handle: p.CompleteRecovery, Open: true, Share: shareBegin, Keyed: true,
			Request: of[schemas.CompleteRecovery](), Response: of[identity.Recovered]()},
		{Method: post, Path: "/v1/recovery/objection", Handle: recoveries.Stop, Open: true, Share: shareBegin, Request: of[schemas.StopRecovery](), Response: of[service.ObjectedAnswer]()},
		{Method: get, Path: "/v1/recovery", Handle: recoveries.List, Scopes: scopes("devices.manage"), Response: of[service.PermittedList]()},
		{Method: del, Path: "/v1/recovery/{id}", Handle: recoveries.Object, Scopes: scopes("devices.manage"), Keyed: true, Signed: true,
			Request: of[schemas.ObjectToRecovery](), Response: of[service.ObjectedAnswer]()},
		{Method: post, Path: "/v1/customers/{id}/recovery/objection", Handle: recoveries.ObjectFor, Scopes: scopes("customers.manage"), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Request: of[schemas.ObjectForCustomer](), Response: of[service.ObjectedAnswer]()},
		{Method: post, Path: "/v1/customers/{id}/recovery", Handle: recoveries.Permit, Scopes: scopes("customers.manage"), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Request: of[schemas.PermitRecovery](), Response: of[service.PermitAnswer]()},
	}
}

// money: deposits.
func money(desk service.Desk) []Route {
	deposits := service.Deposits{Desk: desk}
	deposit := Route{Method: post, Path: "/v1/deposits", Handle: deposits.Make, Acts: true, Scopes: scopes("ledger.post"), Keyed: true, Signed: true,
		Request: of[schemas.Deposit](), Response: of[service.DepositAnswer]()}
	if desk.Sandbox {
		deposit.Scopes = scopes("ledger.post", "payments.transfer")
	}
	return []Route{deposit}
}

// operators: what takes two of them. Which scope a proposal needs is its kind's to
// say; a decision asks for it again.
func operators(desk service.Desk) []Route {
	proposals := service.Proposals{Desk: desk}
	decide := func(act string, handle func(http.ResponseWriter, *http.Request) error, request reflect.Type) Route {
		return Route{Method: post, Path: "/v1/operators/proposals" + act, Handle: handle, Scopes: proposal.Scopes(), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Request: request, Response: of[service.ProposalAnswer]()}
	}
	see := append(proposal.Scopes(), "audit.read")
	return []Route{
		decide("", proposals.Make, of[schemas.MakeProposal]()),
		{Method: get, Path: "/v1/operators/proposals", Handle: proposals.List, Scopes: see, Response: of[service.ProposalList]()},
		{Method: get, Path: "/v1/operators/proposals/{id}", Handle: proposals.Get, Scopes: see, Response: of[service.ProposalAnswer]()},
		decide("/{id}/approval", proposals.Approve, of[schemas.ApproveProposal]()),
		decide("/{id}/rejection", proposals.Reject, of[schemas.RejectProposal]()),
		decide("/{id}/withdrawal", proposals.Withdraw, of[schemas.WithdrawProposal]()),
	}
}

// readers: auditors and analysts.
func readers(desk service.Desk) []Route {
	audit, analytics := service.Audit{Desk: desk}, service.Analytics{Desk: desk}
	tables := []string{"application/json", "application/x-ndjson", "text/csv"}
	return []Route{
		{Method: get, Path: "/v1/audit/events", Handle: audit.Events, Scopes: scopes("audit.read"), Response: of[service.EventList](),
			Query: []string{"stream", "kind", "correlation", "customer", "actor", "device", "session", "from", "to"}},
		{Method: get, Path: "/v1/audit/streams/{context}/{id}", Handle: audit.Stream, Scopes: scopes("audit.read"), Response: of[service.EventList]()},
		{Method: get, Path: "/v1/audit/timeline/{correlation}", Handle: audit.Timeline, Scopes: scopes("audit.read"), Response: of[service.EventList]()},
		{Method: get, Path: "/v1/audit/follow", Handle: audit.Follow, Scopes: scopes("audit.read"), Share: shareStreams, Gives: []string{eventStream}},
		{Method: get, Path: "/v1/analytics", Handle: analytics.List, Scopes: scopes("analytics.read"), Response: of[service.ViewList]()},
		{Method: get, Path: "/v1/analytics/{view}", Handle: analytics.View, Scopes: scopes("analytics.read"), Share: shareTables, Gives: tables, Query: []string{"columns", "order", "limit", "as_of"}},
	}
}
