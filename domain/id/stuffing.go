package id

// Stuffing is where the ledger's rate of failed logins is followed.
type Stuffing = ID[stuffing]

type stuffing struct{}

func (stuffing) name() (string, string) { return "stu", "stuffing" }
