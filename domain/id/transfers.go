package id

// What transfers are made of beside transfers themselves.
type (
	Payee         = ID[payee]
	Payees        = ID[payees] // of one customer
	StandingOrder = ID[standingOrder]
)

type (
	payee         struct{}
	payees        struct{}
	standingOrder struct{}
)

func (payee) name() (string, string)         { return "pye", "payee" }
func (payees) name() (string, string)        { return "pys", "payees" }
func (standingOrder) name() (string, string) { return "sto", "standing" }
