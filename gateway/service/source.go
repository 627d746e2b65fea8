package service

import "embed"

// Source is this package's own code: the document of the API is read from it
// (package openapi).
//
//go:embed *.go
var Source embed.FS
