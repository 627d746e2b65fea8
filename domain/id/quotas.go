package id

// Quota bounds how many things of a kind a customer has open at once.
type Quota = ID[quota]

type quota struct{}

func (quota) name() (string, string) { return "quo", "quota" }
