package id

// Decision is one assessment by the risk engine.
type Decision = ID[decision]

type decision struct{}

func (decision) name() (string, string) { return "rsk", "risk" }
