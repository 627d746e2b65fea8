// Package rail speaks to a rail of credit transfers over HTTP, in ISO 20022's XML.
//
//	commands --Rail--> Client --pacs.008--> the rail --pacs.002 or pacs.004--> what became of it
//	                      |----pacs.028---->
//	                      |----camt.056----> camt.029 or pacs.004
//	                      '----vop (JSON)-->
//
// It keeps the contract of commands.Rail: it never retries, follows no redirect, and
// takes no answer for one that is about another message, too long, or not to be read.
// All of those are errors, after which nobody knows what the rail has taken in. Only a
// 404 to a status request says that the rail was never told.
//
// Errors hold no names and no accounts: they are shown in health.
package rail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"florin/commands"
	"florin/domain"
	"florin/domain/account"
	"florin/domain/money"
	"florin/domain/payment"
	"florin/gateway/wire"
)

// AnswerBytesMax bounds what the rail may say at once.
const AnswerBytesMax = 64 << 10

// Client is the rail as the bank's commands know it. It is safe for concurrent use.
type Client struct {
	base   string
	bic    string
	client *http.Client
	now    func() time.Time
}

var _ commands.Rail = (*Client)(nil)

// Open makes a client for the rail at an address. bic is the bank's own; transport is
// how to get there (nil: the default one).
func Open(address, bic string, transport http.RoundTripper, now func() time.Time) (*Client, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" || parsed.RawQuery != "" {
		return nil, errors.New("rail: the address is no http(s) URL")
	}
	return &Client{base: strings.TrimSuffix(address, "/"), bic: bic, now: now, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Name is SEPA's credit transfers.
func (c *Client) Name() account.Rail { return account.SEPA }

// Submit sends a pacs.008: the same bytes each time for the same instruction.
func (c *Client) Submit(ctx context.Context, i commands.RailInstruction) (commands.RailAnswer, error) {
	amount := Amount{i.Amount.Decimal(), string(i.Amount.Currency)}
	document := CreditTransfer{
		Header: TransferHead{Message: i.Message, Created: i.At, Count: 1, Total: amount, Settlement: i.At.Format(time.DateOnly), Method: clearing},
		Payment: Transaction{EndToEnd: i.EndToEnd, Transaction: i.Message, Service: "SEPA", Amount: amount, Charges: "SLEV",
			DebtorName: i.DebtorName.Reveal(), Debtor: text(i.Debtor.Reveal()), DebtorBank: bank(c.bic), CreditorBank: bank(""),
			CreditorName: i.CreditorName.Reveal(), Creditor: i.Creditor.Reveal(), Reference: i.Reference.Reveal()},
	}
	return c.tell(ctx, TransferPath, document, i.Message)
}

// Ask sends a pacs.028.
func (c *Client) Ask(ctx context.Context, message string) (commands.RailAnswer, error) {
	return c.tell(ctx, StatusPath, StatusRequest{Message: "ask-" + message[:min(len(message), 31)], Created: c.now().UTC(), Original: message, Kind: MessageName}, message)
}

// Return sends a pacs.004; any report about it but a rejection says that it was taken.
func (c *Client) Return(ctx context.Context, back commands.RailReturn) error {
	said, err := c.giveBack(ctx, MessageName, back)
	if err == nil && said.Status != commands.RailAccepted && said.Status != commands.RailSettled {
		err = errors.New("rail: the return was not taken")
	}
	return err
}

// Claim sends a pacs.004 of a collection: the other bank gives back what it took.
func (c *Client) Claim(ctx context.Context, claim commands.RailReturn) (commands.RailAnswer, error) {
	return c.giveBack(ctx, DebitName, claim)
}

func (c *Client) giveBack(ctx context.Context, kind string, back commands.RailReturn) (commands.RailAnswer, error) {
	return c.tell(ctx, ReturnPath, ReturnOf(back.Return, c.now().UTC(), Returned{
		ID: back.Return, Original: back.Original, Kind: kind, Reason: back.Reason,
		Amount: Amount{back.Amount.Decimal(), string(back.Amount.Currency)}}), back.Return)
}

func (c *Client) tell(ctx context.Context, path string, document any, about string) (commands.RailAnswer, error) {
	body, err := wire.EncodeXML(document)
	if err != nil {
		return commands.RailAnswer{}, fmt.Errorf("rail: write: %w", err)
	}
	status, answer, err := c.post(ctx, path, "application/xml", body)
	switch {
	case err != nil:
		return commands.RailAnswer{}, err
	case status == http.StatusNotFound && path == StatusPath:
		return commands.RailAnswer{}, commands.ErrUnknownMessage
	case status != http.StatusOK:
		return commands.RailAnswer{}, fmt.Errorf("rail: %s was answered %d", path, status)
	}
	return read(answer, about)
}

// post gives status and body of the answer.
func (c *Client) post(ctx context.Context, path, mediaType string, body []byte) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("rail: %w", err)
	}
	request.Header.Set("Content-Type", mediaType)
	request.GetBody = nil // the bank itself says when something is sent again
	answer, err := c.client.Do(request)
	if err != nil {
		return 0, nil, fmt.Errorf("rail: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, AnswerBytesMax+1))
	if err == nil && len(text) > AnswerBytesMax {
		err = errors.New("the answer is too long")
	}
	if err != nil {
		return 0, nil, fmt.Errorf("rail: read: %w", err)
	}
	return answer.StatusCode, text, nil
}

// read takes a pacs.002 or a pacs.004 about the message.
func read(text []byte, about string) (commands.RailAnswer, error) {
	if report, err := wire.DecodeXML[StatusReport](text, StatusReportNS); err == nil {
		status, known := statuses[report.Status.Status]
		if report.Status.Original != about || !known {
			return commands.RailAnswer{}, errors.New("rail: the report is about something else")
		}
		said := commands.RailAnswer{Status: status}
		if status == commands.RailRejected {
			said.Reason = Read(report.Status.Reason)
		}
		return said, nil
	}
	return returned(text, about)
}

// returned takes a pacs.004 of the message.
func returned(text []byte, about string) (commands.RailAnswer, error) {
	of, said, err := ReadReturn(text)
	if err == nil && of != about {
		err = errors.New("rail: the return is of something else")
	}
	if err != nil {
		return commands.RailAnswer{}, err
	}
	return said, nil
}

// ReadReturn takes a pacs.004 of one payment of ours, and says of which message.
func ReadReturn(text []byte) (of string, said commands.RailAnswer, err error) {
	document, err := wire.DecodeXML[Return](text, ReturnNS)
	if err != nil || document.Count != 1 || len(document.Back) != 1 {
		return "", said, errors.New("rail: it is no return of one transaction")
	}
	back := document.Back[0]
	amount, err := money.Parse(back.Amount.Decimal, money.Currency(back.Amount.Currency))
	if err != nil || back.Kind != MessageName || back.ID == "" || len(back.ID) > nameBytesMax {
		return "", said, errors.New("rail: the return is not one of a payment")
	}
	return back.Original, commands.RailAnswer{Status: commands.RailReturned, Reason: back.Reason, Amount: amount, Return: back.ID}, nil
}

// nameBytesMax bounds the names that messages have (Max35Text).
const nameBytesMax = 35

// statuses are those of ExternalPaymentTransactionStatus1Code that a rail of credit
// transfers uses.
var statuses = map[string]commands.RailStatus{
	"RCVD": commands.RailPending, "PDNG": commands.RailPending, "ACTC": commands.RailPending,
	"ACCP": commands.RailAccepted, "ACSP": commands.RailAccepted,
	"ACSC": commands.RailSettled, "ACCC": commands.RailSettled,
	"RJCT": commands.RailRejected,
}

var matches = map[string]payment.Match{
	"MTCH": payment.Matches, "CMTC": payment.AlmostMatch, "NMTC": payment.NoMatch, "NOAP": payment.NotVerified,
}

// Verify asks by the EPC's scheme for verification of payee.
func (c *Client) Verify(ctx context.Context, iban, name domain.Evidence) (commands.RailPayee, error) {
	body, err := json.Marshal(PayeeRequest{IBAN: iban.Reveal(), Name: name.Reveal()})
	if err != nil {
		return commands.RailPayee{}, fmt.Errorf("rail: write: %w", err)
	}
	status, text, err := c.post(ctx, PayeePath, "application/json", body)
	if err != nil {
		return commands.RailPayee{}, err
	}
	var said PayeeResponse
	if err := json.Unmarshal(text, &said); err != nil || status != http.StatusOK {
		return commands.RailPayee{}, fmt.Errorf("rail: %s was answered %d", PayeePath, status)
	}
	match, known := matches[said.Match]
	if !known {
		return commands.RailPayee{}, errors.New("rail: the verification says nothing that is known")
	}
	payee := commands.RailPayee{Result: match}
	if match == payment.AlmostMatch && said.Name != "" {
		payee.Name = domain.NewEvidence(said.Name)
	}
	return payee, nil
}
