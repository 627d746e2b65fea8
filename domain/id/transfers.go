package id

// What transfers are made of beside transfers themselves.
type (
	StandingOrder = ID[standingOrder]
)

type (
	standingOrder struct{}
)

func (standingOrder) name() (string, string) { return "sto", "standing" }
