package gateway

import (
	"florin/gateway/service"
	"florin/schemas"
)

// payments: money to and from other banks. The rail's machine, and who operates it,
// have a scope of their own.
func payments(desk service.Desk) []Route {
	payments, incoming := service.Payments{Desk: desk}, service.Incoming{Desk: desk}
	see := scopes("payments.read", "payments.operate")
	return []Route{
		{Method: post, Path: "/v1/payee-verifications", Handle: payments.Verify, Acts: true, Share: shareOutside, Scopes: scopes("payments.transfer"), Response: of[service.VerifiedAnswer]()},
		{Method: post, Path: "/v1/payments", Handle: payments.Initiate, Acts: true, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.InitiatePayment](), Response: of[service.PaymentAnswer]()},
		{Method: get, Path: "/v1/payments", Handle: payments.List, Scopes: see, Response: of[service.PaymentList]()},
		{Method: get, Path: "/v1/payments/{id}", Handle: payments.Get, Scopes: see, Response: of[service.PaymentAnswer]()},
		{Method: post, Path: "/v1/payments/{id}/authorization", Handle: payments.Authorise, Acts: true, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.AuthorisePayment](), Response: of[service.PaymentAnswer]()},
		{Method: post, Path: "/v1/payments/{id}/cancellation", Handle: payments.Cancel, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.CancelPayment](), Response: of[service.PaymentAnswer]()},
		{Method: post, Path: "/v1/payments/{id}/return", Handle: payments.Return, Scopes: scopes("payments.operate"), Keyed: true, Signed: true,
			Request: of[schemas.ReturnPayment](), Response: of[service.PaymentAnswer]()},
		{Method: post, Path: "/v1/payment-returns", Handle: payments.TakeReturn, Scopes: scopes("payments.operate"), Keyed: true, Signed: true,
			Takes: service.MediaXML, Request: of[schemas.TakeReturn](), Response: of[service.PaymentAnswer]()},
		{Method: post, Path: "/v1/payments/{id}/recall", Handle: payments.Recall, OwnApp: true, Scopes: scopes("payments.transfer", "payments.operate"), Keyed: true, Signed: true,
			Request: of[schemas.RecallOwnPayment](), Response: of[service.PaymentAnswer]()},
		{Method: post, Path: "/v1/incoming-payments", Handle: incoming.Receive, Scopes: scopes("payments.operate"), Keyed: true, Signed: true,
			Request: of[schemas.ReceivePayment](), Response: of[service.IncomingAnswer]()},
		{Method: get, Path: "/v1/incoming-payments", Handle: incoming.List, Scopes: scopes("payments.operate"), Response: of[service.IncomingList]()},
		{Method: get, Path: "/v1/incoming-payments/{id}", Handle: incoming.Get, Scopes: scopes("payments.operate"), Response: of[service.IncomingAnswer]()},
		{Method: post, Path: "/v1/incoming-payments/{id}/recall", Handle: incoming.Recall, Scopes: scopes("payments.operate"), Keyed: true, Signed: true,
			Request: of[schemas.RecallPayment](), Response: of[service.IncomingAnswer]()},
	}
}
