package gateway

import (
	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/schemas"
)

// transfers: money between accounts of the bank, at once and on later days.
func transfers(desk service.Desk) []Route {
	transfers, orders, payees := service.Transfers{Desk: desk}, service.StandingOrders{Desk: desk}, service.Payees{Desk: desk}
	batches := service.Batches{Desk: desk}
	return []Route{
		{Method: post, Path: "/v1/transfers", Handle: transfers.Initiate, Acts: true, Agreed: true, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.InitiateTransfer](), Response: of[service.TransferAnswer]()},
		{Method: get, Path: "/v1/transfers/{id}", Handle: transfers.Get, Scopes: scopes("payments.read", "payments.transfer"), Response: of[service.TransferAnswer]()},
		{Method: post, Path: "/v1/transfers/{id}/authorization", Handle: transfers.Authorise, Acts: true, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.AuthoriseTransfer](), Response: of[service.TransferAnswer]()},
		{Method: post, Path: "/v1/transfers/{id}/cancellation", Handle: transfers.Cancel, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.CancelTransfer](), Response: of[service.TransferAnswer]()},
		{Method: post, Path: "/v1/transfers/{id}/reversal", Handle: transfers.Reverse, Scopes: scopes("ledger.reverse"), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Request: of[schemas.ReverseTransfer](), Response: of[service.TransferAnswer]()},
		{Method: get, Path: "/v1/scheduled-transfers", Handle: transfers.Scheduled, OwnApp: true, Scopes: scopes("payments.read", "payments.transfer"), Response: of[service.TransferList]()},
		{Method: post, Path: "/v1/batches", Handle: batches.Submit, Acts: true, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.SubmitBatch](), Response: of[service.BatchAnswer]()},
		{Method: get, Path: "/v1/batches/{id}", Handle: batches.Get, OwnApp: true, Scopes: scopes("payments.read", "payments.transfer"), Response: of[service.BatchAnswer]()},
		{Method: post, Path: "/v1/batches/{id}/authorization", Handle: batches.Authorise, Acts: true, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.AuthoriseBatch](), Response: of[service.BatchAnswer]()},
		{Method: post, Path: "/v1/batches/{id}/cancellation", Handle: batches.Cancel, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.CancelBatch](), Response: of[service.BatchAnswer]()},
		{Method: post, Path: "/v1/payees", Handle: payees.Save, Acts: true, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Request: of[schemas.SavePayee](), Response: of[service.PayeeAnswer]()},
		{Method: get, Path: "/v1/payees", Handle: payees.List, OwnApp: true, Scopes: scopes("payments.transfer"), Response: of[service.PayeeList]()},
		{Method: del, Path: "/v1/payees/{id}", Handle: payees.Remove, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Request: of[schemas.RemovePayee](), Response: of[service.RemovedPayee]()},
		{Method: post, Path: "/v1/standing-orders", Handle: orders.Place, Acts: true, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.PlaceStandingOrder](), Response: of[service.OrderAnswer]()},
		{Method: get, Path: "/v1/standing-orders", Handle: orders.List, OwnApp: true, Scopes: scopes("payments.read", "payments.transfer"), Response: of[service.OrderList]()},
		{Method: get, Path: "/v1/standing-orders/{id}", Handle: orders.Get, OwnApp: true, Scopes: scopes("payments.read", "payments.transfer"), Response: of[service.OrderAnswer]()},
		{Method: post, Path: "/v1/standing-orders/{id}/authorization", Handle: orders.Authorise, Acts: true, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.AuthoriseStandingOrder](), Response: of[service.OrderAnswer]()},
		{Method: del, Path: "/v1/standing-orders/{id}", Handle: orders.Cancel, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.CancelStandingOrder](), Response: of[service.OrderAnswer]()},
	}
}
