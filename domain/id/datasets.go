package id

// DataSet is the record of which data sets risk looks into.
type DataSet = ID[dataSet]

type dataSet struct{}

func (dataSet) name() (string, string) { return "dts", "dataset" }
