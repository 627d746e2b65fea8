package id

// Product is a kind of account that the bank offers, in one currency.
type Product = ID[product]

type product struct{}

func (product) name() (string, string) { return "prd", "product" }
