package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"florin/commands"
	"florin/domain"
)

// hostAct is what the host's own commands do to a bank: to a stopped one themselves,
// to a running one by asking it over the admin listener, with the token in its --dir.
//
//	florin keys rotate -- the log is free -----------> do
//	                   -- ErrHeld -- POST /keys/rotate -> the running bank: do
type hostAct[Q, A any] struct {
	path string
	do   func(ctx context.Context, l *ledger, b *commands.Bank, asked Q) (A, error)
}

// hostActBytesMax bounds what is asked; a client with twenty keys is some 8 KiB.
const hostActBytesMax = 1 << 16

// hostAnswerBytesMax bounds what is answered: a policy's file, and the list of them all.
const hostAnswerBytesMax = 1 << 20

// serve lets a command ask the running bank. A refusal is answered in its words, for
// whoever asks may read all that there is.
func (a hostAct[Q, A]) serve(bank *bank) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var asked Q
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, hostActBytesMax))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&asked); err != nil {
			http.Error(w, "the body is not what is asked here", http.StatusBadRequest)
			return
		}
		answer, err := a.do(r.Context(), bank.ledger, bank.write, asked)
		if refusal, refused := errors.AsType[*domain.Refusal](err); refused {
			http.Error(w, refusal.Detail, http.StatusConflict)
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// run does it, wherever the bank is.
func (a hostAct[Q, A]) run(cmd *cobra.Command, environ []string, asked Q) (answer A, err error) {
	err = withLedger(cmd, environ, func(ctx context.Context, l *ledger, b *commands.Bank) error {
		answer, err = a.do(ctx, l, b, asked)
		return err
	})
	if !held(err) {
		return answer, err
	}
	c, err := loadConfig(cmd.Flags(), environ)
	if err != nil {
		return answer, err
	}
	answer, err = askBank[A](cmd.Context(), c, a.path, asked)
	if errors.Is(err, syscall.ECONNREFUSED) {
		err = unheard(c)
	}
	return answer, err
}

// unheard: a bank holds the directory, and does not listen where it was asked.
func unheard(c config) error {
	return fmt.Errorf("a bank runs on %s, but none answers at %s: name its admin listener with --admin", c.Dir, c.Admin)
}

// askBank asks the running bank over its admin listener; ECONNREFUSED if none is there.
func askBank[A any](ctx context.Context, c config, path string, asked any) (answer A, err error) {
	body, err := json.Marshal(asked)
	if err != nil {
		return answer, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.Admin+path, bytes.NewReader(body))
	if err != nil {
		return answer, err
	}
	request.Header.Set("Content-Type", "application/json")
	token, err := readAdminToken(c.Dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) { // without one no bank has run here yet
		return answer, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	said, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer, err
	}
	defer said.Body.Close()
	text, err := io.ReadAll(io.LimitReader(said.Body, hostAnswerBytesMax))
	if err != nil {
		return answer, err
	}
	if said.StatusCode != http.StatusOK {
		return answer, fmt.Errorf("the bank at %s could not: %s", c.Admin, bytes.TrimSpace(text))
	}
	return answer, json.Unmarshal(text, &answer)
}
