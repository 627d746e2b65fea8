package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

func order(from, to, amount string) []byte {
	return fmt.Appendf(nil, `{"from":%q,"to":%q,"amount":%q,"currency":"EUR"}`, from, to, amount)
}

// Row 37, over every route that takes a key.
func TestRow37KeysMakeAnswersPermanent(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.each(t, func(t *testing.T, row Route, try try) {
		if !row.Keyed || row.Method == http.MethodDelete || row.Path == "/v1/devices/{id}/lost" {
			return // ending a device ends who could ask again
		}
		p := s.caller(try.by)
		if row.Path == "/v1/transfers/{id}/reversal" {
			try.path = "/v1/transfers/" + s.posted + "/reversal"
		}
		if row.Path == "/v1/transfers/{id}/authorization" {
			try.path = "/v1/transfers/" + s.posted + "/authorization" // refused: nothing is written, and so nothing remembered
		}
		for _, key := range []string{"", "two words", "ünicode"} {
			answer := s.ask(p, row, try.path, try.body, func(r *phone.Request) { r.Header["Idempotency-Key"] = []string{key} })
			require.Equal(t, "idempotency-key-required", code(answer), "%q", key)
		}
		once := func(p *phone.Phone, body, key string) phone.Answer {
			return s.ask(p, Route{Method: row.Method}, try.path, body, func(r *phone.Request) {
				signed, err := p.Prepare(row.Method, try.path, []byte(body), key)
				require.NoError(t, err)
				*r = signed
			})
		}
		key := "k" + strings.ReplaceAll(row.Path, "{id}", "")
		first, again := once(p, try.body, key), once(p, try.body, key)
		require.Equal(t, first.Status, again.Status, "%s", again.Body)
		require.Equal(t, code(first), code(again))
		if first.OK() == nil {
			require.Equal(t, string(first.Body), string(again.Body), "byte for byte")
			require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
			require.Equal(t, first.Header.Get("Florin-Position"), again.Header.Get("Florin-Position"))
			require.Empty(t, first.Header.Get("Idempotency-Replayed"))
			if try.body != "" && try.by != "nobody" {
				other := once(p, try.body[:len(try.body)-1]+" }", key)
				require.Equal(t, 422, other.Status)
				require.Equal(t, "idempotency-key-reused", code(other))
			}
		}
	})
	own := s.command(s.bert, http.MethodPost, "/v1/transfers", order(s.berts, s.from, "1.00"), "k/v1/transfers")
	require.Equal(t, 201, own.Status, "another customer's same key is another key: %s", own.Body)
	require.Empty(t, own.Header.Get("Idempotency-Replayed"))
}

func TestRow37InFlight(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, to := h.account(anna, "100.00"), h.account(anna, "")
	var all sync.WaitGroup
	answers := make([]phone.Answer, 32)
	for i := range answers {
		all.Go(func() {
			answers[i] = h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "10.00"), "same")
		})
	}
	all.Wait()
	fresh := 0
	for _, answer := range answers {
		switch answer.Status {
		case 201:
			if answer.Header.Get("Idempotency-Replayed") == "" {
				fresh++
			}
		case 409:
			require.Equal(t, "request-in-flight", code(answer))
			require.NotEmpty(t, answer.Header.Get("Retry-After"))
		default:
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
	}
	require.Equal(t, 1, fresh)
	require.Equal(t, "90.00", h.balance(anna, from))
}

// Row 38.
func TestRow38TwoHundredAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "25.00"), h.account(bert, "")
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[string]int{}
	gate := make(chan struct{}, 32)
	for i := range 200 {
		all.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			answer := h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "25.00"), fmt.Sprint("k", i))
			mu.Lock()
			got[fmt.Sprint(answer.Status, code(answer))]++
			mu.Unlock()
		})
	}
	all.Wait()
	require.Equal(t, map[string]int{"201": 1, "422insufficient-funds": 199}, got)
	require.Equal(t, "0.00", h.balance(anna, from))
	require.Equal(t, "25.00", h.balance(bert, to))
}

// Rows 39 and 40: what a signature covers cannot be changed after it was made.
func TestRow39And40SignaturesCoverTheRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to, other := h.account(anna, "5000.00"), h.account(bert, ""), h.account(bert, "")
	ctx := context.Background()
	send := func(change func(*phone.Request)) phone.Answer {
		t.Helper()
		request, err := anna.Prepare(http.MethodPost, "/v1/transfers", order(from, to, "10.00"), anna.NewID())
		require.NoError(t, err)
		change(&request)
		answer, err := anna.Send(ctx, request)
		require.NoError(t, err)
		return answer
	}
	berts, err := bert.Prepare(http.MethodPost, "/v1/transfers", order(from, to, "10.00"), "x")
	require.NoError(t, err)
	for name, change := range map[string]func(*phone.Request){
		"changed amount":                 func(r *phone.Request) { r.Body = order(from, to, "90.00") },
		"changed payee":                  func(r *phone.Request) { r.Body = order(from, other, "10.00") },
		"swapped accounts":               func(r *phone.Request) { r.Body = order(to, from, "10.00") },
		"one space":                      func(r *phone.Request) { r.Body = append(r.Body, ' ') },
		"re-sent under another key":      func(r *phone.Request) { r.Header.Set("Idempotency-Key", "another") },
		"presented at another path":      func(r *phone.Request) { r.Path = "/v1/deposits" },
		"signed by another's device":     func(r *phone.Request) { r.Header["Dpop"] = berts.Header["Dpop"]; r.Header.Set("Idempotency-Key", "x") },
		"another's token, own signature": func(r *phone.Request) { r.Header["Authorization"] = berts.Header["Authorization"] },
	} {
		answer := send(change)
		require.Equal(t, 401, answer.Status, "%s: %s", name, answer.Body)
		require.Equal(t, "invalid-dpop-proof", code(answer), name)
	}
	whole := send(func(r *phone.Request) {
		r.Header.Set("Authorization", berts.Header.Get("Authorization"))
		r.Header["Dpop"], r.Body = berts.Header["Dpop"], berts.Body
		r.Header.Set("Idempotency-Key", "x")
	})
	require.Equal(t, 404, whole.Status, "bert, properly, from anna's account: %s", whole.Body)
	require.Equal(t, "5000.00", h.balance(anna, from))

	captured, err := anna.Prepare(http.MethodPost, "/v1/transfers", order(from, to, "10.00"), "late")
	require.NoError(t, err)
	removed := h.command(anna, http.MethodDelete, "/v1/devices/"+anna.Profile().Device, nil, anna.NewID())
	require.Equal(t, 200, removed.Status, "%s", removed.Body)
	answer, err := anna.Send(ctx, captured)
	require.NoError(t, err)
	require.Equal(t, 401, answer.Status, "revoked in between")
	require.Equal(t, "invalid-token", code(answer))
	require.Error(t, anna.Refresh(ctx), "its sessions are over")
	require.Equal(t, "0.00", h.balance(bert, to))
}

func TestRow39And40StatementsCoverTheTransfer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "20000.00"), h.account(bert, "9000.00")
	challenge := func(p *phone.Phone, from, to string) phone.Transfer {
		answer := h.command(p, http.MethodPost, "/v1/transfers", order(from, to, "2000.00"), p.NewID())
		require.Equal(t, 202, answer.Status, "%s", answer.Body)
		transfer, err := phone.ReadTransfer(answer)
		require.NoError(t, err)
		return transfer
	}
	asked, another, berts := challenge(anna, from, to), challenge(anna, from, to), challenge(bert, to, from)
	changed := func(name, value string) string {
		var display map[string]any
		require.NoError(t, json.Unmarshal(asked.Challenge.Display, &display))
		require.Contains(t, display, name)
		display[name] = value
		text, err := json.Marshal(display)
		require.NoError(t, err)
		statement, err := anna.SignConsent(text)
		require.NoError(t, err)
		return statement
	}
	sign := func(p *phone.Phone, of phone.Transfer) string {
		statement, err := p.SignConsent(of.Challenge.Display)
		require.NoError(t, err)
		return statement
	}
	texts := map[string]bool{}
	refuse := func(transfer phone.Transfer, body map[string]string, why string) {
		t.Helper()
		answer := h.command(anna, http.MethodPost, "/v1/transfers/"+transfer.ID+"/authorization", body, anna.NewID())
		require.Equal(t, 403, answer.Status, "%s: %s", why, answer.Body)
		require.Equal(t, "sca-failed", code(answer), why)
		texts[field[string](t, answer, "detail")] = true
	}
	refuse(asked, map[string]string{"authorization": changed("amount", "9.00")}, "changed amount")
	refuse(asked, map[string]string{"authorization": changed("creditor", from)}, "changed payee")
	refuse(asked, map[string]string{"authorization": changed("creditor_name", "Somebody")}, "changed name")
	refuse(asked, map[string]string{"authorization": sign(anna, another)}, "the statement of another transfer")
	refuse(another, map[string]string{"authorization": sign(anna, asked)}, "and the other way")
	refuse(another, map[string]string{"authorization": sign(bert, another)}, "another's key")
	refuse(another, map[string]string{"authorization": sign(anna, another), "otp": "123456"}, "the SCA key's word as the device key's")
	refuse(another, map[string]string{"authorization": "x.y.z"}, "no statement at all")
	require.Len(t, texts, 1, "one text for every failure")
	theirs := h.command(anna, http.MethodPost, "/v1/transfers/"+berts.ID+"/authorization", map[string]string{"authorization": sign(anna, berts)}, anna.NewID())
	require.Equal(t, 404, theirs.Status, "another customer's challenge")
	require.Equal(t, "9000.00", h.balance(bert, to), "no money moved")

	answer := h.command(anna, http.MethodPost, "/v1/transfers/"+another.ID+"/authorization", map[string]string{"authorization": sign(anna, another)}, "right")
	require.Equal(t, 200, answer.Status, "%s", answer.Body)
	refuse(another, map[string]string{"authorization": sign(anna, another)}, "a second use")
	refuse(asked, map[string]string{"authorization": "1"}, "the fifth")
	refuse(asked, map[string]string{"authorization": sign(anna, asked)}, "five failures reject the transfer")
	require.Equal(t, "rejected", field[string](t, h.get(anna, "/v1/transfers/"+asked.ID), "status"))
	require.Equal(t, "11000.00", h.balance(bert, to))

	late := challenge(anna, from, to)
	h.pass(10 * time.Minute)
	h.login(anna)
	refuse(late, map[string]string{"authorization": sign(anna, late)}, "a stale challenge")
}

// Row 54: nothing secret is in the log of the process, or of the bank.
func TestRow54SecretsAreNowhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("canaryuser")
	from, to := h.account(anna, "100.00"), h.account(anna, "")
	ctx := context.Background()
	answer := h.command(anna, http.MethodPost, "/v1/transfers", fmt.Appendf(nil,
		`{"from":%q,"to":%q,"amount":"1.00","currency":"EUR","reference":"canaryreference"}`, from, to), "k")
	require.Equal(t, 201, answer.Status)
	before := anna.Tokens()
	require.NoError(t, anna.Refresh(ctx))
	after := anna.Tokens()
	otp, err := anna.OTP()
	require.NoError(t, err)
	secrets := []string{password, anna.Profile().TOTPSecret, before.Access, before.Refresh, after.Access, after.Refresh, before.AuthSession,
		"canaryuser", "canaryreference", "canaryuser@example.test", before.Access[:60], before.Refresh[:40]}
	for _, secret := range secrets {
		require.NotEmpty(t, secret)
		require.NotContains(t, h.logged(), secret)
	}
	for record, err := range h.log.ReadAll(ctx, 0) {
		require.NoError(t, err)
		for _, event := range record.Events {
			for _, secret := range append(secrets, `"`+otp+`"`) {
				require.False(t, bytes.Contains(event.Data, []byte(secret)), "%s holds %s", event.Kind, secret)
			}
		}
	}
}
