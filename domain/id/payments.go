package id

// What files of payments, and collections by other banks, are made of.
type (
	Creditor    = ID[creditor] // one creditor as one account knows it
	DirectDebit = ID[directDebit]
	Mandate     = ID[mandate]
	PaymentFile = ID[paymentFile]
)

type (
	creditor    struct{}
	directDebit struct{}
	mandate     struct{}
	paymentFile struct{}
)

func (creditor) name() (string, string)    { return "cdt", "creditor" }
func (directDebit) name() (string, string) { return "ddb", "directdebit" }
func (paymentFile) name() (string, string) { return "pfl", "paymentfile" }
func (mandate) name() (string, string)     { return "mdt", "mandate" }
