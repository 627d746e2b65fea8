package notify

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

func message() commands.Message {
	return commands.Message{ID: uuid.MustParse("01020304-0506-4708-890a-0b0c0d0e0f10"), Channel: "email", Template: "device-bound",
		To: domain.NewProfile("zoë@example.org"), Subject: "Ein neues Gerät", Text: domain.NewProfile("Code 123456.\nGrüße")}
}

func opened(t *testing.T, target string) commands.Notifier {
	t.Helper()
	notifier, err := Open(target, io.Discard, clock)
	require.NoError(t, err)
	return notifier
}

// mailServer speaks as much of RFC 5321 as a client hears, and keeps the letters.
type mailServer struct {
	t       *testing.T
	address string
	refuse  map[string]string // answers to commands, by their first word
	mu      sync.Mutex
	letters []string
	heard   []string
}

func newMailServer(t *testing.T, refuse map[string]string) *mailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &mailServer{t: t, address: listener.Addr().String(), refuse: refuse}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

func (s *mailServer) serve(conn net.Conn) {
	defer conn.Close()
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	say("220 mail.test")
	in := bufio.NewReader(conn)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		s.mu.Lock()
		s.heard = append(s.heard, strings.TrimSpace(line))
		s.mu.Unlock()
		if answer, refused := s.refuse[word]; refused {
			say(answer)
			continue
		}
		switch word {
		case "EHLO":
			say("250-mail.test")
			say("250-SMTPUTF8")
			say("250 AUTH PLAIN")
		case "AUTH":
			say("235 fine")
		case "DATA":
			say("354 go on")
			s.letter(in)
			say("250 kept")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

func (s *mailServer) letter(in *bufio.Reader) {
	var letter strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == ".\r\n" {
			break
		}
		letter.WriteString(line)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, letter.String())
}

func TestALetterArrivesWhole(t *testing.T) {
	t.Parallel()
	server := newMailServer(t, nil)
	notifier := opened(t, "smtp://bank:hunter2@"+server.address+"?from=bank@florin.example")
	require.NoError(t, notifier.Notify(context.Background(), message()))
	require.Len(t, server.letters, 1)
	letter, err := mail.ReadMessage(strings.NewReader(server.letters[0]))
	require.NoError(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(letter.Header.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, "Ein neues Gerät", subject)
	require.Equal(t, "<01020304-0506-4708-890a-0b0c0d0e0f10@florin.example>", letter.Header.Get("Message-ID"), "the same for every try")
	require.Equal(t, "Fri, 02 Jan 2026 12:00:00 +0000", letter.Header.Get("Date"))
	body, err := io.ReadAll(quotedprintable.NewReader(letter.Body))
	require.NoError(t, err)
	require.Equal(t, "Code 123456.\r\nGrüße\r\n", string(body))
	require.Contains(t, server.heard, "AUTH PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00bank\x00hunter2")))
	require.Contains(t, strings.Join(server.heard, "\n"), "RCPT TO:<zoë@example.org>")
}

func TestWhatAMailServerRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		refuse map[string]string
		change func(*commands.Message)
		gone   bool
	}{
		"no such mailbox":        {map[string]string{"RCPT": "550 <zoë@example.org> unknown"}, nil, true},
		"the mailbox is full":    {map[string]string{"RCPT": "452 <zoë@example.org> is full"}, nil, false},
		"not now":                {map[string]string{"DATA": "451 zoë@example.org must wait"}, nil, false},
		"the bank is not known":  {map[string]string{"AUTH": "535 who is bank"}, nil, false},
		"the sender is not":      {map[string]string{"MAIL": "550 no"}, nil, false},
		"an SMS":                 {nil, func(m *commands.Message) { m.Channel = "sms" }, true},
		"an address in disguise": {nil, func(m *commands.Message) { m.To = domain.NewProfile("a@b.test>\r\nBcc: eve@evil.test") }, true},
		"no address":             {nil, func(m *commands.Message) { m.To = domain.Profile{} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newMailServer(t, test.refuse)
			m := message()
			if test.change != nil {
				test.change(&m)
			}
			err := opened(t, "smtp://bank:hunter2@"+server.address+"?from=bank@florin.example").Notify(context.Background(), m)
			require.Error(t, err)
			require.Equal(t, test.gone, errors.Is(err, commands.ErrUndeliverable), "%v", err)
			require.NotContains(t, err.Error(), "example.org", "an error is shown in health")
			require.NotContains(t, err.Error(), "hunter2")
			require.Empty(t, server.letters)
		})
	}
}

func TestAMailServerThatIsAwayOrSilentIsTriedAgain(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	silent := opened(t, "smtp://"+listener.Addr().String()+"?from=bank@florin.example")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	require.Error(t, silent.Notify(ctx, message()))
	require.NoError(t, listener.Close())
	require.Error(t, silent.Notify(context.Background(), message()))
}

func TestAMailServerElsewhereNeedsTLS(t *testing.T) {
	t.Parallel()
	server := newMailServer(t, nil)
	notifier := opened(t, "smtp://"+server.address+"?from=bank@florin.example").(*SMTP)
	notifier.host = "mail.example" // the same server, as if it were far away
	require.ErrorIs(t, notifier.Notify(context.Background(), message()), errPlain)
	require.Empty(t, server.letters)
}

func TestAWebhookIsSignedAndTellsRepeats(t *testing.T) {
	t.Parallel()
	secret := []byte("0123456789abcdef0123456789abcdef")
	var got Posted
	var header http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		header = r.Header
		if r.Header.Get("Webhook-Signature") == "v1,"+Signature(secret, r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), body) {
			_ = json.Unmarshal(body, &got)
		}
	}))
	t.Cleanup(server.Close)
	target := strings.Replace(server.URL, "http://", "http://:whsec_"+base64.URLEncoding.EncodeToString(secret)+"@", 1)
	require.NoError(t, opened(t, target+"/messages?tenant=1").Notify(context.Background(), message()))
	require.Equal(t, Posted{ID: "01020304-0506-4708-890a-0b0c0d0e0f10", Channel: "email", To: "zoë@example.org", Template: "device-bound",
		Subject: "Ein neues Gerät", Text: "Code 123456.\nGrüße"}, got)
	require.Equal(t, got.ID, header.Get("Webhook-Id"))
	require.Equal(t, "1767355200", header.Get("Webhook-Timestamp"))
	require.Empty(t, header.Get("Authorization"), "the secret signs and is not sent")
}

func TestWhatAWebhookAnswers(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a code went elsewhere") }))
	t.Cleanup(elsewhere.Close)
	for status, test := range map[int]struct{ taken, gone bool }{
		202: {true, false}, 204: {true, false}, 307: {}, 401: {}, 404: {}, 422: {false, true}, 429: {}, 500: {},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(status)
		}))
		err := opened(t, server.URL+"/secret-path").Notify(context.Background(), message())
		server.Close()
		require.Equal(t, test.taken, err == nil, "%d: %v", status, err)
		require.Equal(t, test.gone, errors.Is(err, commands.ErrUndeliverable), status)
		err = opened(t, server.URL+"/secret-path").Notify(context.Background(), message())
		require.Error(t, err, "it is gone")
		require.NotContains(t, err.Error(), "secret-path")
	}
}

func TestTheConsoleShowsCodesAndMasksAddresses(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	notifier, err := Open("console", &out, clock)
	require.NoError(t, err)
	require.NoError(t, notifier.Notify(context.Background(), message()))
	require.NotContains(t, out.String(), "zoë@example.org")
	require.Contains(t, out.String(), `"to":"zo***rg"`)
	require.Equal(t, "***", masked("a@b.c"), "what is short shows nothing")
	require.Contains(t, out.String(), "123456")
}

func TestTargetsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"", "Console", "smtp://mail.example", "smtp://mail.example?from=nobody", "smtp:///?from=a@b.test", "smtp://mail.example/path?from=a@b.test",
		"smtp://mail.example?from=Bank+%3Ca@b.test%3E", "http://sms.example/send", "https://", "https://:not-base64!@sms.example/", "https://user@sms.example/",
		"ftp://x.example", "https://sms.example/#x", "smtp://u:hunter2@[::1",
	} {
		_, err := Open(target, io.Discard, clock)
		require.ErrorIs(t, err, ErrTarget, target)
		require.NotContains(t, err.Error(), "hunter2")
	}
	for _, target := range []string{"smtp://mail.example?from=a@b.test", "smtps://u:p@mail.example:465?from=a@b.test", "https://sms.example", "http://127.0.0.1:1/x"} {
		opened(t, target)
	}
}
