package gateway

import (
	"net/http"
	"reflect"

	"florin/gateway/service"
	"florin/schemas"
)

// sandbox: what comes from outside, made by hand, and the bank's time. None of it is
// there in production, where asking for it is asking for nothing.
func sandbox(desk service.Desk) []Route {
	if !desk.Sandbox {
		return nil
	}
	sandbox, simulate := service.Sandbox{Desk: desk}, service.Simulate{Desk: desk}
	outside := func(path string, handle func(http.ResponseWriter, *http.Request) error, request, response reflect.Type) Route {
		return Route{Method: post, Path: "/v1/sandbox" + path, Handle: handle, Scopes: scopes("payments.transfer"), Keyed: true, OwnApp: true, Request: request, Response: response}
	}
	return []Route{
		{Method: get, Path: "/v1/sandbox/clock", Handle: sandbox.Clock, Open: true, Response: of[service.ClockAnswer]()},
		{Method: post, Path: "/v1/sandbox/clock", Handle: sandbox.MoveClock, Scopes: scopes("payments.transfer", "ledger.post"), Keyed: true, OwnApp: true,
			Request: of[schemas.MoveClock](), Response: of[service.ClockAnswer]()},
		outside("/card-authorisations", simulate.Request, of[schemas.RequestAuthorisation](), of[service.AuthorisationAnswer]()),
		outside("/card-authorisations/{id}/capture", simulate.Capture, of[schemas.CaptureAuthorisation](), of[service.AuthorisationAnswer]()),
		outside("/card-authorisations/{id}/reverse", simulate.Reverse, of[schemas.ReverseAuthorisation](), of[service.AuthorisationAnswer]()),
		outside("/card-authorisations/{id}/refund", simulate.Refund, of[schemas.RefundAuthorisation](), of[service.AuthorisationAnswer]()),
		outside("/direct-debits", simulate.Collect, of[schemas.CollectDirectDebit](), of[service.DirectDebitAnswer]()),
		outside("/incoming-payments", simulate.Receive, of[schemas.ReceivePayment](), of[service.IncomingAnswer]()),
		outside("/payments/{id}/answer", simulate.Answer, of[schemas.SimulateRail](), of[service.PaymentAnswer]()),
		outside("/payments/{id}/recall-denial", simulate.DenyRecall, of[schemas.SimulateDenial](), of[service.PaymentAnswer]()),
		outside("/payments/{id}/return", simulate.Return, of[schemas.ReturnPayment](), of[service.PaymentAnswer]()),
	}
}
