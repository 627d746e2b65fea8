// Package wire is how a request is read and an answer written: strict JSON in,
// JSON out, amounts, pages and cursors. It decides nothing about the bank.
//
//	bytes --Decode--> typed request --service--> typed answer --OK/Created/Accepted--> bytes
//
// What a body may be is written in the Go type of the request: a member is
// required unless its tag says omitzero, and a member that no field names is
// refused. So the types are the contract that a document can be made from.
//
// It must never echo a value that the caller sent, and never round.
package wire

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"

	"florin/eventbus"
)

// OK answers 200 with v as JSON.
func OK(w http.ResponseWriter, v any) error { return write(w, http.StatusOK, v) }

// Created answers 201 with the place of what was made.
func Created(w http.ResponseWriter, location string, v any) error {
	w.Header().Set("Location", location)
	return write(w, http.StatusCreated, v)
}

// Accepted answers 202: begun, and something more is needed.
func Accepted(w http.ResponseWriter, location string, v any) error {
	w.Header().Set("Location", location)
	return write(w, http.StatusAccepted, v)
}

// NoContent answers 204.
func NoContent(w http.ResponseWriter) error {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func write(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "no-store")
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller is gone: nothing is left to tell
	return nil
}

// Position sets Florin-Position: a read that sends it back sees this answer.
func Position(w http.ResponseWriter, position eventbus.Position) {
	w.Header().Set("Florin-Position", strconv.FormatUint(uint64(position), 10))
}

// Replayed marks the first answer given again.
func Replayed(w http.ResponseWriter, replayed bool) {
	if replayed {
		w.Header().Set("Idempotency-Replayed", "true")
	}
}

// SeeOther sends a browser on with a GET (RFC 9110 section 15.4.4): a form's body
// never goes with it, as it could with 307 (RFC 9700 section 4.12).
func SeeOther(w http.ResponseWriter, location string) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// Pushed answers 201 for what has no address that a Location could give: a
// request_uri (RFC 9126 section 2.2).
func Pushed(w http.ResponseWriter, v any) error { return write(w, http.StatusCreated, v) }
