package schemas

import (
	"florin/domain/id"
	"florin/domain/paymentfile"
)

// PaymentFiles lists every kind of record that the stream of a payment file may hold.
var PaymentFiles = newTable(
	Event(1, func(e paymentfile.Submitted) paymentfile.Event { return e }),
	Event(1, func(e paymentfile.Challenged) paymentfile.Event { return e }),
	Event(1, func(e paymentfile.AuthorisationFailed) paymentfile.Event { return e }),
	Event(1, func(e paymentfile.Authorised) paymentfile.Event { return e }),
	Event(1, func(e paymentfile.Completed) paymentfile.Event { return e }),
	Event(1, func(e paymentfile.Rejected) paymentfile.Event { return e }),
	Event(1, func(e paymentfile.Expired) paymentfile.Event { return e }),
	Event(1, func(e paymentfile.Cancelled) paymentfile.Event { return e }),
)

// paymentFileCommands are the rows of payment files.
func paymentFileCommands() []Command {
	return []Command{
		body[SubmitPaymentFile]("paymentfile.submit"),
		body[AuthorisePaymentFile]("paymentfile.authorise"),
		body[CancelPaymentFile]("paymentfile.cancel"),
		asked[ExpirePaymentFile]("paymentfile.expire"),
		asked[PayFiled]("payment.initiate_filed"),
		asked[CompletePaymentFile]("paymentfile.complete"),
	}
}

type (
	// SubmitPaymentFile is POST /v1/payment-files. Its body is no JSON but a pain.001 of
	// ISO 20022, whose own schema says what it holds.
	SubmitPaymentFile struct{}
	// AuthorisePaymentFile is POST /v1/payment-files/{id}/authorization, as a transfer's.
	AuthorisePaymentFile struct {
		Authorization string `json:"authorization"`
		OTP           string `json:"otp,omitzero"`
		Assertion     Object `json:"assertion,omitzero"`
	}
	// CancelPaymentFile is POST /v1/payment-files/{id}/cancellation.
	CancelPaymentFile struct{}
	// ExpirePaymentFile ends the challenge of a file that nobody has confirmed.
	ExpirePaymentFile struct {
		File id.PaymentFile `json:"payment_file"`
	}
	// CompletePaymentFile says that each payment of a file has come to its end.
	CompletePaymentFile struct {
		File id.PaymentFile `json:"payment_file"`
	}
	// PayFiled makes one payment of a confirmed file.
	PayFiled struct {
		File id.PaymentFile `json:"payment_file"`
		Item int64          `json:"item"` // the first being 0
	}
)
