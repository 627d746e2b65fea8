package id

// What collections by other banks are made of.
type (
	Creditor    = ID[creditor] // one creditor as one account knows it
	DirectDebit = ID[directDebit]
	Mandate     = ID[mandate]
)

type (
	creditor    struct{}
	directDebit struct{}
	mandate     struct{}
)

func (creditor) name() (string, string)    { return "cdt", "creditor" }
func (directDebit) name() (string, string) { return "ddb", "directdebit" }
func (mandate) name() (string, string)     { return "mdt", "mandate" }
