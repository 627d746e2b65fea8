package gateway

import (
	"florin/gateway/service"
	"florin/schemas"
)

// paymentFiles: many payments to other banks in one file, confirmed once.
func paymentFiles(desk service.Desk) []Route {
	files := service.PaymentFiles{Desk: desk}
	return []Route{
		{Method: post, Path: "/v1/payment-files", Handle: files.Submit, Acts: true, Share: shareOutside, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Takes: service.MediaXML, Request: of[schemas.SubmitPaymentFile](), Response: of[service.PaymentFileAnswer]()},
		{Method: get, Path: "/v1/payment-files", Handle: files.List, OwnApp: true, Scopes: scopes("payments.read", "payments.transfer"), Response: of[service.PaymentFileList]()},
		{Method: get, Path: "/v1/payment-files/{id}", Handle: files.Get, OwnApp: true, Share: shareTables, Scopes: scopes("payments.read", "payments.transfer"),
			Gives: []string{"application/json", service.MediaXML}, Response: of[service.PaymentFileAnswer]()},
		{Method: post, Path: "/v1/payment-files/{id}/authorization", Handle: files.Authorise, Acts: true, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.AuthorisePaymentFile](), Response: of[service.PaymentFileAnswer]()},
		{Method: post, Path: "/v1/payment-files/{id}/cancellation", Handle: files.Cancel, Scopes: scopes("payments.transfer"), Keyed: true, Signed: true,
			Request: of[schemas.CancelPaymentFile](), Response: of[service.PaymentFileAnswer]()},
	}
}
