package gateway

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"reflect"
	"runtime"
	"strconv"
	"sync"

	"florin/gateway/identity"
	"florin/gateway/openapi"
	"florin/gateway/service"
	"florin/schemas"
)

// introduction is what a newcomer to the API has to know, in CommonMark.
//
//go:embed introduction.md
var introduction string

//go:embed documents.go
var documentsSource embed.FS

// Where what the API says of itself is read.
const (
	documentPath = "/openapi.json"
	docsPath     = "/docs"
)

// apiVersion is that of the contract: a change that breaks a client gets another
// prefix than /v1.
const apiVersion = "1.0.0"

// DescribeAPI makes the OpenAPI document of a route table.
func DescribeAPI(rows []Route, issuer string) (*openapi.Document, error) {
	operations := make([]openapi.Operation, 0, len(rows))
	for _, row := range rows {
		operations = append(operations, openapi.Operation{
			Method: row.Method, Path: row.Path, Handler: handlerName(row.Handle), Request: row.Request, Response: row.Response, Takes: row.Takes, Gives: row.Gives,
			Form: row.OAuth || row.Page != nil, Open: row.Open, OAuth: row.OAuth, Page: row.Page != nil, Scopes: row.Scopes,
			ACR: row.ACR, MaxAge: row.MaxAge, Keyed: row.Keyed, Signed: row.Signed, OwnApp: row.OwnApp, Query: row.Query,
		})
	}
	about := openapi.About{Title: "Florin", Version: apiVersion, Issuer: issuer, Introduction: introduction}
	return openapi.Build(about, operations,
		openapi.Source{Package: "florin/gateway/service", Files: service.Source},
		openapi.Source{Package: "florin/gateway/identity", Files: identity.Source},
		openapi.Source{Package: "florin/schemas", Files: schemas.Source},
		openapi.Source{Package: "florin/gateway", Files: documentsSource})
}

func handlerName(handle func(http.ResponseWriter, *http.Request) error) string {
	if handle == nil {
		return ""
	}
	return runtime.FuncForPC(reflect.ValueOf(handle).Pointer()).Name()
}

// documents serves what the API says of itself. It is made at the first question,
// once, for it does not change while the process runs.
type documents struct {
	made func() (printed, error)
}

// printed is the document as it is sent.
type printed struct {
	json, page []byte
	policy     string
	mark       string // of both, for caches
}

// documented adds the rows of the document to the table that it describes.
func documented(rows []Route, issuer string) []Route {
	d := &documents{}
	all := append(rows,
		Route{Method: get, Path: documentPath, Handle: d.JSON, Open: true},
		Route{Method: get, Path: docsPath, Handle: d.Page, Open: true, Gives: []string{"text/html"}})
	d.made = sync.OnceValues(func() (printed, error) { return printing(all, issuer) })
	return all
}

func printing(rows []Route, issuer string) (p printed, err error) {
	doc, err := DescribeAPI(rows, issuer)
	if err != nil {
		return p, err
	}
	if p.json, err = doc.JSON(); err != nil {
		return p, err
	}
	p.page, p.policy, err = doc.Page()
	digest := sha256.Sum256(append(p.json, p.page...))
	p.mark = `"` + hex.EncodeToString(digest[:16]) + `"`
	return p, err
}

// JSON is the OpenAPI 3.1 document of this API.
func (d *documents) JSON(w http.ResponseWriter, r *http.Request) error {
	p, err := d.made()
	if err != nil {
		return err
	}
	return d.send(w, r, p.mark, "application/json", p.json)
}

// Page is this API's document for a person to read.
func (d *documents) Page(w http.ResponseWriter, r *http.Request) error {
	p, err := d.made()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", p.policy)
	return d.send(w, r, p.mark, "text/html; charset=utf-8", p.page)
}

// send gives the text, or says that the caller's copy of it still holds.
func (d *documents) send(w http.ResponseWriter, r *http.Request, mark, mediaType string, text []byte) error {
	w.Header().Set("Cache-Control", "public, max-age=60")
	w.Header().Set("ETag", mark)
	if r.Header.Get("If-None-Match") == mark {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(text) // the caller is gone: nothing is left to tell
	return nil
}
