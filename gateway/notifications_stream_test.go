package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// following is an open stream of a customer's inbox.
type following struct {
	t      *testing.T
	answer *http.Response
	lines  *bufio.Reader
	cancel context.CancelFunc
	last   string // id of the last event
}

// dial asks for a stream; last is Last-Event-ID.
func (h *house) dial(t *testing.T, p *phone.Phone, query, last string) *following {
	t.Helper()
	return h.dialBy(t, &http.Client{Transport: &http.Transport{}}, p, query, last)
}

func (h *house) dialBy(t *testing.T, client *http.Client, p *phone.Phone, query, last string) *following {
	t.Helper()
	h.get(p, "/v1/notifications") // learns the nonce
	return h.following(t, client, p, "/v1/notifications/stream", query, last)
}

func (h *house) following(t *testing.T, client *http.Client, p *phone.Phone, path, query, last string) *following {
	t.Helper()
	signed, err := p.Prepare(http.MethodGet, path, nil, "")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.issuer+path+query, nil)
	require.NoError(t, err)
	request.Header = signed.Header
	request.Header.Set("Accept", "text/event-stream")
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	answer, err := client.Do(request)
	require.NoError(t, err)
	f := &following{t: t, answer: answer, lines: bufio.NewReader(answer.Body), cancel: cancel}
	t.Cleanup(f.hangUp)
	return f
}

func (f *following) hangUp() {
	f.cancel()
	_ = f.answer.Body.Close()
}

// next is the next event: its name and data.
func (f *following) next() (event string, data entry) {
	f.t.Helper()
	for {
		line, err := f.lines.ReadString('\n')
		require.NoError(f.t, err, "the stream has ended")
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), ": "); name {
		case "id":
			f.last = value
		case "event":
			event = value
		case "data":
			require.NoError(f.t, json.Unmarshal([]byte(value), &data))
			return event, data
		}
	}
}

func (f *following) templates(count int) (all []string) {
	f.t.Helper()
	for range count {
		_, data := f.next()
		all = append(all, data.Template)
	}
	return all
}

// ended waits for the stream's end, and says how long it took.
func (f *following) ended() time.Duration {
	f.t.Helper()
	began := time.Now()
	_, err := io.Copy(io.Discard, f.lines)
	if err != nil {
		require.ErrorIs(f.t, err, io.ErrUnexpectedEOF)
	}
	return time.Since(began)
}

// Through one process and through the line between two.
func TestAStreamOfNotificationsLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	inBothWirings(t, losesAndDoublesNothing)
}

func losesAndDoublesNothing(t *testing.T, h *house) {
	anna, bert := h.customer("anna"), h.customer("bert")
	account := h.account(anna, "")
	h.entries(anna)
	deposit := func(amount string) { require.NoError(t, anna.Deposit(t.Context(), account, amount, "EUR")) }
	live := h.dial(t, anna, "", "")
	require.Equal(t, 200, live.answer.StatusCode)
	require.Equal(t, "text/event-stream", live.answer.Header.Get("Content-Type"))
	others := h.dial(t, bert, "", "")
	deposit("1.00")
	deposit("2.00")
	_, first := live.next()
	require.Equal(t, []string{"account-credited", "1.00"}, []string{first.Template, first.Amount}, "what was before is not told again")
	mark := live.last
	_, second := live.next()
	require.Equal(t, "2.00", second.Amount)

	deposit("3.00") // while somebody else's connection is gone
	resumed := h.dial(t, anna, "", mark)
	require.Equal(t, []string{"account-credited", "account-credited"}, resumed.templates(2))
	_, third := live.next()
	require.Equal(t, "3.00", third.Amount)
	require.Equal(t, live.last, resumed.last)

	require.Equal(t, 200, h.ask(anna, Route{Method: http.MethodPost}, "/v1/notifications/"+first.ID+"/read", "", nil).Status)
	event, data := live.next()
	require.Equal(t, []any{"notification", first.ID, true}, []any{event, data.ID, data.Read}, "an entry comes again when it is read")
	require.Equal(t, 200, h.ask(anna, Route{Method: http.MethodPost}, "/v1/notifications/read", fmt.Sprintf(`{"through":%q}`, third.ID), nil).Status)
	event, _ = live.next()
	require.Equal(t, "inbox-read", event)
	mark = live.last

	h.reopen()
	h.entries(anna)
	deposit("4.00")
	again := h.dial(t, anna, "", mark)
	_, fourth := again.next()
	require.Equal(t, "4.00", fourth.Amount, "a restart loses nothing, and doubles nothing")
	all := h.dial(t, anna, "?after=1", "")
	require.Equal(t, []string{"device-bound", "account-credited", "account-credited", "account-credited"}, all.templates(4), "each as it is now, in the order of its last change")
	event, _ = all.next()
	require.Equal(t, "inbox-read", event)
	require.Equal(t, []string{"account-credited"}, all.templates(1))

	require.Less(t, others.ended(), 10*time.Second)
	h.entries(bert)
	deposit("5.00")
	berts := h.dial(t, bert, "?after=1", "")
	require.Equal(t, []string{"device-bound"}, berts.templates(1))
	h.account(bert, "7.00")
	_, own := berts.next()
	require.Equal(t, "7.00", own.Amount, "nothing of anna's has come in between")
}

func TestAStreamOfNotificationsEndsWithWhatItIsFor(t *testing.T) {
	t.Parallel()
	inBothWirings(t, endsWithWhatItIsFor)
}

func endsWithWhatItIsFor(t *testing.T, h *house) {
	anna := h.customer("anna")
	session := h.dial(t, anna, "", "")
	require.Equal(t, 200, session.answer.StatusCode)
	list := h.get(anna, "/v1/sessions")
	sessions := field[[]struct {
		ID string `json:"session_id"`
	}](t, list, "sessions")
	require.Len(t, sessions, 1)
	require.Equal(t, 200, h.ask(anna, Route{Method: http.MethodDelete}, "/v1/sessions/"+sessions[0].ID, "", nil).Status)
	require.Less(t, session.ended(), 10*time.Second, "how soon is measured by florin bench")

	h.login(anna)
	token := h.dial(t, anna, "", "")
	require.Equal(t, 200, token.answer.StatusCode)
	h.pass(time.Hour)
	require.Less(t, token.ended(), 10*time.Second, "the token has expired")
}

func TestStreamsOfNotificationsAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	var open []*following
	for range 5 {
		f := h.dial(t, anna, "", "")
		require.Equal(t, 200, f.answer.StatusCode)
		open = append(open, f)
	}
	sixth := h.dial(t, anna, "", "")
	require.Equal(t, 429, sixth.answer.StatusCode)
	require.NotEmpty(t, sixth.answer.Header.Get("Retry-After"))
	require.Equal(t, 200, h.dial(t, bert, "", "").answer.StatusCode, "others have their own")
	open[0].hangUp()
	require.Eventually(t, func() bool {
		f := h.dial(t, anna, "", "")
		defer f.hangUp()
		return f.answer.StatusCode == 200
	}, 10*time.Second, 10*time.Millisecond, "one that is gone makes room")

	for _, bad := range []struct{ query, last, code string }{
		{"", "999999", "position-ahead"}, {"?after=999999", "", "position-ahead"}, {"", "x", "bad-parameter"}, {"", "-1", "bad-parameter"},
		{"?after=1.5", "", "bad-parameter"}, {"?from=1", "", "unknown-parameter"}, {"?after=1&after=2", "", "unknown-parameter"},
	} {
		f := h.dial(t, bert, bad.query, bad.last)
		require.Equal(t, 400, f.answer.StatusCode, "%+v", bad)
		body, err := io.ReadAll(f.lines)
		require.NoError(t, err)
		require.Equal(t, bad.code, code(phone.Answer{Body: body}), "%+v", bad)
	}
}
