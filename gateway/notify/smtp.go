package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"florin/commands"
	"florin/domain/notification"
)

// SMTP hands e-mail to a mail server (RFC 5321), which queues and retries.
type SMTP struct {
	host, address string
	from          string
	auth          smtp.Auth // nil: none
	tls           *tls.Config
	implicit      bool // TLS from the start (RFC 8314)
	now           func() time.Time
}

func newSMTP(target *url.URL, now func() time.Time) (*SMTP, error) {
	from, err := mail.ParseAddress(target.Query().Get("from"))
	if err != nil || from.Name != "" || target.Hostname() == "" || strings.Trim(target.Path, "/") != "" {
		return nil, ErrTarget
	}
	s := &SMTP{host: target.Hostname(), from: from.Address, implicit: target.Scheme == "smtps", now: now}
	port := target.Port()
	switch {
	case port == "" && s.implicit:
		port = "465"
	case port == "":
		port = "587"
	}
	s.address, s.tls = net.JoinHostPort(s.host, port), &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}
	if target.User != nil {
		password, _ := target.User.Password()
		s.auth = smtp.PlainAuth("", target.User.Username(), password, s.host)
	}
	return s, nil
}

// errPlain: the server offers no TLS, and it is not this machine.
var errPlain = errors.New("notify: the mail server offers no STARTTLS")

// Notify delivers one e-mail. SMS do not go this way, and an address that the
// server refuses for good is commands.ErrUndeliverable.
func (s *SMTP) Notify(ctx context.Context, m commands.Message) error {
	to, err := mail.ParseAddress(m.To.Reveal())
	if m.Channel != notification.Email || err != nil {
		return commands.ErrUndeliverable
	}
	client, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	if err := s.deliver(client, to.Address, s.letter(m, to)); err != nil {
		return told(err)
	}
	_ = client.Quit() // the server has taken it
	return nil
}

func (s *SMTP) dial(ctx context.Context) (*smtp.Client, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, fmt.Errorf("notify: reach the mail server: %w", err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if s.implicit {
		conn = tls.Client(conn, s.tls)
	}
	client, err := smtp.NewClient(conn, s.host)
	if err != nil {
		_ = conn.Close()
		return nil, told(err)
	}
	return client, nil
}

func (s *SMTP) deliver(client *smtp.Client, to string, letter []byte) error {
	if offered, _ := client.Extension("STARTTLS"); offered && !s.implicit {
		if err := client.StartTLS(s.tls); err != nil {
			return err
		}
	} else if !s.implicit && !local(s.host) {
		return errPlain
	}
	if s.auth != nil {
		if err := client.Auth(s.auth); err != nil {
			return err
		}
	}
	if err := client.Mail(s.from); err != nil {
		return err
	}
	if err := client.Rcpt(to); err != nil {
		if answer, ok := errors.AsType[*textproto.Error](err); ok && answer.Code >= 550 && answer.Code <= 553 {
			return commands.ErrUndeliverable // RFC 5321 section 4.2.3: there is no such mailbox
		}
		return err
	}
	body, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := body.Write(letter); err != nil {
		return err
	}
	return body.Close()
}

// told leaves out what a server says beside its code: it likes to repeat the
// address.
func told(err error) error {
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Errorf("notify: the mail server answered %d", answer.Code)
	}
	return err
}

// letter is the message as RFC 5322 has it. Nothing of it can begin another
// header: addresses were parsed, the rest is encoded.
func (s *SMTP) letter(m commands.Message, to *mail.Address) []byte {
	_, domain, _ := strings.Cut(s.from, "@")
	var b bytes.Buffer
	for _, line := range []string{
		"From: <" + s.from + ">", "To: " + to.String(), "Subject: " + mime.QEncoding.Encode("utf-8", m.Subject),
		"Date: " + s.now().UTC().Format(time.RFC1123Z), "Message-ID: <" + m.ID.String() + "@" + domain + ">",
		"Auto-Submitted: auto-generated", "MIME-Version: 1.0",
		"Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "",
	} {
		b.WriteString(line + "\r\n")
	}
	text := quotedprintable.NewWriter(&b)
	_, _ = text.Write([]byte(m.Text.Reveal() + "\r\n")) // into memory
	_ = text.Close()
	return b.Bytes()
}
