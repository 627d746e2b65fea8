package schemas

import "embed"

// Source is this package's own code: what the fields of commands mean, in the
// document of the HTTP API, is read from its comments.
//
//go:embed *.go
var Source embed.FS
