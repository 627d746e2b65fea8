package gateway

import (
	"net/http"
	"reflect"

	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/schemas"
)

// accounts: what customers have at the bank, and what its operators do to it.
func accounts(desk service.Desk) []Route {
	accounts := service.Accounts{Desk: desk}
	act := func(path string, handle func(http.ResponseWriter, *http.Request) error, request, response reflect.Type, scope ...string) Route {
		return Route{Method: post, Path: "/v1/accounts/{id}/" + path, Handle: handle, Scopes: scope, Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Request: request, Response: response}
	}
	const write, manage, ledger = "accounts.write", "customers.manage", "ledger.post"
	invitation, holder, status, hold := of[service.InvitationAnswer](), of[service.HolderAnswer](), of[service.AccountStatusAnswer](), of[service.HoldAnswer]()
	invite := act("invitations", accounts.Invite, of[schemas.InviteHolder](), invitation, write)
	accept := act("holders", accounts.Accept, of[schemas.AcceptInvitation](), holder, write)
	invite.Acts, accept.Acts = true, true
	limits := act("limits", accounts.SetLimits, of[schemas.SetLimits](), of[service.LimitsAnswer](), write)
	limits.ACR, limits.MaxAge = "", 0 // which the service asks for, of whoever wants wider ones
	return []Route{
		{Method: get, Path: "/v1/accounts", Handle: accounts.List, Scopes: scopes("accounts.read"), Response: of[service.AccountList]()},
		{Method: post, Path: "/v1/accounts", Handle: accounts.Open, Acts: true, Scopes: scopes("accounts.write"), Keyed: true,
			Request: of[schemas.OpenAccount](), Response: of[service.AccountAnswer]()},
		{Method: get, Path: "/v1/accounts/{id}", Handle: accounts.Get, Scopes: scopes("accounts.read"), Response: of[service.AccountAnswer]()},
		{Method: get, Path: "/v1/accounts/{id}/balance", Handle: accounts.Balance, Scopes: scopes("accounts.read"), Response: of[service.BalanceAnswer]()},
		{Method: get, Path: "/v1/accounts/{id}/transactions", Handle: accounts.Transactions, Scopes: scopes("accounts.read"), Response: of[service.TransactionList]()},
		{Method: get, Path: "/v1/accounts/{id}/statement", Handle: accounts.Statement, Scopes: scopes("accounts.read"), Share: shareTables,
			Gives: []string{"application/json", "text/csv", service.MediaXML}, Response: of[service.StatementAnswer]()},
		{Method: get, Path: "/v1/accounts/{id}/periods", Handle: accounts.Periods, Scopes: scopes("accounts.read"), Response: of[service.PeriodList]()},
		{Method: get, Path: "/v1/accounts/{id}/holders", Handle: accounts.Holders, Scopes: scopes("accounts.read"), Response: of[service.HolderList]()},
		{Method: get, Path: "/v1/accounts/{id}/holds", Handle: accounts.Holds, Scopes: scopes("accounts.read"), Response: of[service.HoldList]()},
		{Method: get, Path: "/v1/invitations", Handle: accounts.Invitations, Scopes: scopes("accounts.read"), Response: of[service.InvitationList](), OwnApp: true},
		invite,
		act("invitations/end", accounts.EndInvitation, of[schemas.EndInvitation](), invitation, write),
		accept,
		act("holders/removal", accounts.RemoveHolder, of[schemas.RemoveHolder](), holder, write),
		limits,
		act("cap", accounts.SetCap, of[schemas.SetCap](), of[service.LimitsAnswer](), manage),
		act("terms", accounts.AnnounceTerms, of[schemas.AnnounceTerms](), of[service.TermsAnswer](), manage),
		act("closure", accounts.Close, of[schemas.CloseAccount](), status, write, manage),
		act("freeze", accounts.Freeze, of[schemas.FreezeAccount](), status, manage),
		act("unfreeze", accounts.Unfreeze, of[schemas.UnfreezeAccount](), status, manage),
		act("holds", accounts.PlaceHold, of[schemas.PlaceHold](), hold, ledger),
		act("holds/release", accounts.LiftHold, of[schemas.LiftHold](), hold, ledger),
	}
}
