package id

// Fraud is the record of what the bank found of one thing: fraud, or none.
type Fraud = ID[fraud]

type fraud struct{}

func (fraud) name() (string, string) { return "frd", "fraud" }
