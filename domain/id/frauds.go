package id

// Fraud is the record of what the bank found of one thing: fraud, or none. FraudCase is
// the work on what a thing is suspected of.
type (
	Fraud     = ID[fraud]
	FraudCase = ID[fraudCase]
)

type (
	fraud     struct{}
	fraudCase struct{}
)

func (fraud) name() (string, string)     { return "frd", "fraud" }
func (fraudCase) name() (string, string) { return "fcs", "fraudcase" }
