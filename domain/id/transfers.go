package id

// What transfers are made of beside transfers themselves.
type (
	Batch         = ID[batch]
	Payee         = ID[payee]
	Payees        = ID[payees] // of one customer
	StandingOrder = ID[standingOrder]
)

type (
	batch         struct{}
	payee         struct{}
	payees        struct{}
	standingOrder struct{}
)

func (batch) name() (string, string)         { return "bat", "batch" }
func (payee) name() (string, string)         { return "pye", "payee" }
func (payees) name() (string, string)        { return "pys", "payees" }
func (standingOrder) name() (string, string) { return "sto", "standing" }
