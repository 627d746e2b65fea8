package gateway

import (
	"net/http"
	"reflect"

	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/schemas"
)

// directDebits: who may collect from customers' accounts, and what was collected.
// What widens a creditor's means takes strong authentication that is fresh; what
// narrows them never does.
func directDebits(desk service.Desk) []Route {
	mandates, debits := service.Mandates{Desk: desk}, service.DirectDebits{Desk: desk}
	widen := func(path string, handle func(http.ResponseWriter, *http.Request) error, request reflect.Type) Route {
		return Route{Method: post, Path: "/v1/mandates" + path, Handle: handle, Acts: true, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Request: request, Response: of[service.MandateAnswer]()}
	}
	narrow := func(path string, handle func(http.ResponseWriter, *http.Request) error, request reflect.Type) Route {
		return Route{Method: post, Path: "/v1/mandates/{id}" + path, Handle: handle, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: request, Response: of[service.MandateAnswer]()}
	}
	see := scopes("payments.read", "payments.operate")
	return []Route{
		widen("", mandates.Grant, of[schemas.GrantMandate]()),
		{Method: get, Path: "/v1/mandates", Handle: mandates.List, OwnApp: true, Scopes: scopes("payments.read"), Response: of[service.MandateList]()},
		{Method: get, Path: "/v1/mandates/{id}", Handle: mandates.Get, OwnApp: true, Scopes: scopes("payments.read"), Response: of[service.MandateAnswer]()},
		widen("/{id}/limit", mandates.SetLimit, of[schemas.SetMandateLimit]()),
		widen("/{id}/resumption", mandates.Resume, of[schemas.ResumeMandate]()),
		widen("/{id}/allowance", mandates.Allow, of[schemas.AllowCreditor]()),
		narrow("/suspension", mandates.Suspend, of[schemas.SuspendMandate]()),
		narrow("/cancellation", mandates.Cancel, of[schemas.CancelMandate]()),
		narrow("/block", mandates.Block, of[schemas.BlockCreditor]()),
		{Method: post, Path: "/v1/accounts/{id}/direct-debit-block", Handle: debits.Block, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.BlockDirectDebits](), Response: of[service.AccountDebitsAnswer]()},
		{Method: post, Path: "/v1/accounts/{id}/direct-debit-allowance", Handle: debits.Allow, Acts: true, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Request: of[schemas.AllowDirectDebits](), Response: of[service.AccountDebitsAnswer]()},
		{Method: post, Path: "/v1/direct-debits", Handle: debits.Collect, Scopes: scopes("payments.operate"), Keyed: true, Signed: true,
			Request: of[schemas.CollectDirectDebit](), Response: of[service.DirectDebitAnswer]()},
		{Method: get, Path: "/v1/direct-debits", Handle: debits.List, OwnApp: true, Scopes: see, Response: of[service.DirectDebitList]()},
		{Method: get, Path: "/v1/direct-debits/{id}", Handle: debits.Get, OwnApp: true, Scopes: see, Response: of[service.DirectDebitAnswer]()},
		{Method: post, Path: "/v1/direct-debits/{id}/refund", Handle: debits.Refund, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.RefundDirectDebit](), Response: of[service.DirectDebitAnswer]()},
	}
}
