package gateway

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	decimals "florin/domain/money"
	"florin/gateway/phone"
)

func (h *house) as(p *phone.Phone, path, accept string) phone.Answer {
	h.t.Helper()
	h.fresh(p, "/v1/accounts") // the read side has all that was written
	return h.ask(p, Route{Method: http.MethodGet}, path, "", func(r *phone.Request) { r.Header.Set("Accept", accept) })
}

type shownStatement struct {
	From, To, IBAN, Currency string
	Opening                  string `json:"opening_balance"`
	Closing                  string `json:"closing_balance"`
	Days                     []struct {
		Date    string
		Opening string `json:"opening_balance"`
		Closing string `json:"closing_balance"`
		Entries int
	}
	Entries []struct{ Amount, Balance, Reference, Purpose string }
}

func cents(t *testing.T, decimal string) int64 {
	amount, err := decimals.Parse(decimal, "EUR")
	require.NoError(t, err)
	return amount.Minor
}

// adds checks that a statement is one: opening, entries, days and closing add up.
func (s shownStatement) adds(t *testing.T) {
	t.Helper()
	balance, entry := cents(t, s.Opening), 0
	for _, day := range s.Days {
		require.Equal(t, balance, cents(t, day.Opening), day.Date)
		for range day.Entries {
			balance += cents(t, s.Entries[entry].Amount)
			require.Equal(t, balance, cents(t, s.Entries[entry].Balance))
			entry++
		}
		require.Equal(t, balance, cents(t, day.Closing), day.Date)
	}
	require.Equal(t, balance, cents(t, s.Closing))
	require.Len(t, s.Entries, entry)
}

const evil = `=cmd|' /C calc'!A0 <b>&"` // a formula, and markup

func TestStatements(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "1000.00"), h.account(bert, "")
	for day := range 4 {
		answer := h.command(anna, http.MethodPost, "/v1/transfers", fmt.Appendf(nil, `{"from":%q,"to":%q,"amount":"%d.00","currency":"EUR","reference":%q}`, from, to, day+1, evil), anna.NewID())
		require.Equal(t, 201, answer.Status, "%s", answer.Body)
		if day != 1 {
			h.pass(24 * time.Hour)
			h.login(anna)
		}
	}
	path := func(first, last string) string {
		return "/v1/accounts/" + from + "/statement?from=" + first + "&to=" + last
	}
	today := h.now().Format(time.DateOnly)
	whole := read[shownStatement](t, h.as(anna, path("2026-01-01", today), "application/json"))
	whole.adds(t)
	require.Equal(t, []string{"0.00", "990.00"}, []string{whole.Opening, whole.Closing})
	require.Len(t, whole.Entries, 5)
	require.Equal(t, evil, whole.Entries[1].Reference, "verbatim")
	for cut := range 5 { // at any cut the one goes on where the other ended
		date := noon.AddDate(0, 0, cut).Format(time.DateOnly)
		next := noon.AddDate(0, 0, cut+1).Format(time.DateOnly)
		if next > today {
			break
		}
		before, after := read[shownStatement](t, h.as(anna, path("2026-01-01", date), "*/*")), read[shownStatement](t, h.as(anna, path(next, today), ""))
		before.adds(t)
		after.adds(t)
		require.Equal(t, before.Closing, after.Opening, date)
		require.Len(t, whole.Entries, len(before.Entries)+len(after.Entries), date)
	}
	past := string(h.as(anna, path("2026-01-01", "2026-01-02"), "text/csv").Body)
	h.transfer(anna, from, to, "1.00")
	require.Equal(t, past, string(h.as(anna, path("2026-01-01", "2026-01-02"), "text/csv").Body), "a time that is over is the same for ever")

	for query, want := range map[string]string{
		"": "bad-parameter", "?from=2026-01-01": "bad-parameter", "?from=2026-01-02&to=2026-01-01": "bad-parameter", "?from=2026-02-30&to=2026-03-01": "bad-parameter",
		"?from=2026-01-01&to=2099-01-01": "bad-parameter", "?from=2020-01-01&to=2026-01-01": "bad-parameter", "?from=2026-01-01&to=2026-01-02&sql=1": "unknown-parameter",
		"?from=2026-01-01&from=2026-01-01&to=2026-01-02": "unknown-parameter",
	} {
		require.Equal(t, want, code(h.as(anna, "/v1/accounts/"+from+"/statement"+query, "text/csv")), query)
	}
	h.login(bert)
	require.Equal(t, 404, h.as(bert, path("2026-01-01", today), "text/csv").Status)
	require.Equal(t, 406, h.as(anna, path("2026-01-01", today), "image/png").Status)
}

// Row 44: what others write is stored verbatim, and no spreadsheet runs it.
func TestRow44StatementsRunNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, to := h.account(anna, "100.00"), h.account(anna, "")
	references := []string{evil, "+1+1", "-2+3", "@SUM(A1)", `"quoted", and, commas`, "'; DROP TABLE x;--", "rent"}
	for _, reference := range references {
		answer := h.command(anna, http.MethodPost, "/v1/transfers", map[string]string{"from": from, "to": to, "amount": "1.00", "currency": "EUR", "reference": reference}, anna.NewID())
		require.Equal(t, 201, answer.Status, "%s", answer.Body)
	}
	today := h.now().Format(time.DateOnly)
	answer := h.as(anna, "/v1/accounts/"+from+"/statement?from="+today+"&to="+today, "text/csv")
	require.Equal(t, 200, answer.Status, "%s", answer.Body)
	rows, err := csv.NewReader(bytes.NewReader(answer.Body)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+1+1+len(references)+1)
	number := regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	for _, row := range rows[1:] {
		for column, cell := range row {
			if column != 5 && column != 7 && cell != "" {
				require.NotContains(t, "=+-@\t\r", cell[:1], cell)
			} else if cell != "" {
				require.Regexp(t, number, cell)
			}
		}
	}
	for i, reference := range references {
		if strings.ContainsAny(reference[:1], "=+-@") {
			reference = "'" + reference
		}
		require.Equal(t, reference, rows[3+i][4])
	}
}

// camt.053.001.08 as published: these elements, in this order.
func TestCamt053(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, to := h.account(anna, "100.00"), h.account(anna, "")
	h.command(anna, http.MethodPost, "/v1/transfers", map[string]string{"from": from, "to": to, "amount": "30.00", "currency": "EUR", "reference": evil}, "k")
	today := h.now().Format(time.DateOnly)
	answer := h.as(anna, "/v1/accounts/"+from+"/statement?from="+today+"&to="+today, "application/xml")
	require.Equal(t, 200, answer.Status, "%s", answer.Body)
	require.Equal(t, "application/xml", answer.Header.Get("Content-Type"))
	validCamt(t, answer.Body)
	got := outline(t, answer.Body)
	entry := func(details string) string {
		return "Ntry(NtryRef Amt CdtDbtInd Sts(Cd) BookgDt(DtTm) ValDt(Dt) AcctSvcrRef BkTxCd(Prtry(Cd))" + details + ") "
	}
	balance := "Bal(Tp(CdOrPrtry(Cd)) Amt CdtDbtInd Dt(Dt)) "
	require.Equal(t, "Document(BkToCstmrStmt(GrpHdr(MsgId CreDtTm) Stmt(Id CreDtTm FrToDt(FrDtTm ToDtTm) Acct(Id(IBAN) Ccy Svcr(FinInstnId(BICFI))) "+
		balance+balance+entry("")+strings.TrimSpace(entry(" NtryDtls(TxDtls(Refs(AcctSvcrRef) RmtInf(Ustrd)))"))+")))", got)
	var doc struct {
		XMLName xml.Name
		Stmt    struct {
			ID   string `xml:"Id"`
			IBAN string `xml:"Acct>Id>IBAN"`
			Bal  []struct {
				Code string `xml:"Tp>CdOrPrtry>Cd"`
				Amt  struct {
					Ccy   string `xml:"Ccy,attr"`
					Value string `xml:",chardata"`
				}
				Side string `xml:"CdtDbtInd"`
			}
			Ntry []struct {
				Amt  string
				Side string `xml:"CdtDbtInd"`
				Text string `xml:"NtryDtls>TxDtls>RmtInf>Ustrd"`
			}
		} `xml:"BkToCstmrStmt>Stmt"`
	}
	require.NoError(t, xml.Unmarshal(answer.Body, &doc))
	require.Equal(t, "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08", doc.XMLName.Space)
	require.LessOrEqual(t, len(doc.Stmt.ID), 35)
	require.Equal(t, []string{"OPBD", "0.00", "CLBD", "70.00"}, []string{doc.Stmt.Bal[0].Code, doc.Stmt.Bal[0].Amt.Value, doc.Stmt.Bal[1].Code, doc.Stmt.Bal[1].Amt.Value})
	require.Equal(t, []string{"100.00", "CRDT", "30.00", "DBIT"}, []string{doc.Stmt.Ntry[0].Amt, doc.Stmt.Ntry[0].Side, doc.Stmt.Ntry[1].Amt, doc.Stmt.Ntry[1].Side})
	require.Equal(t, evil, doc.Stmt.Ntry[1].Text, "escaped, and so verbatim")
}

// outline is the elements of a document, without what is in them.
func outline(t *testing.T, text []byte) string {
	t.Helper()
	var out strings.Builder
	decoder := xml.NewDecoder(bytes.NewReader(text))
	for {
		token, err := decoder.Token()
		if err != nil {
			break
		}
		switch e := token.(type) {
		case xml.StartElement:
			out.WriteString(e.Name.Local + "(")
		case xml.EndElement:
			out.WriteString(") ")
		}
	}
	tidy := strings.NewReplacer("() ", " ", ") )", "))")
	made := tidy.Replace(out.String())
	for strings.Contains(made, " )") {
		made = strings.ReplaceAll(made, " )", ")")
	}
	return strings.TrimSpace(made)
}

func TestTransactionsOfATime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "5000.00"), h.account(bert, "")
	h.pass(24 * time.Hour)
	h.login(anna)
	for range 3 {
		h.transfer(anna, from, to, "1.00")
	}
	h.transfer(anna, from, to, "2000.00") // challenged: pending
	list := func(query string) (amounts []string, answer phone.Answer) {
		answer = h.as(anna, "/v1/accounts/"+from+"/transactions"+query, "application/json")
		for _, one := range read[struct{ Transactions []struct{ Amount string } }](t, answer).Transactions {
			amounts = append(amounts, one.Amount)
		}
		return amounts, answer
	}
	first, second := noon.Format(time.DateOnly), noon.AddDate(0, 0, 1).Format(time.DateOnly)
	amounts, _ := list("?to=" + first)
	require.Equal(t, []string{"5000.00"}, amounts)
	amounts, _ = list("?from=" + second)
	require.Equal(t, []string{"-2000.00", "-1.00", "-1.00", "-1.00"}, amounts, "newest first, with what is pending")
	amounts, page := list("?from=" + second + "&limit=3")
	require.Len(t, amounts, 3)
	link := page.Header.Get("Link")
	next := link[strings.Index(link, "?"):strings.Index(link, ">")]
	amounts, _ = list(next)
	require.Equal(t, []string{"-1.00"}, amounts)
	_, stolen := list(strings.Replace(next, second, first, 1))
	require.Equal(t, "bad-cursor", code(stolen), "a cursor is of one list")
	_, bad := list("?from=yesterday")
	require.Equal(t, "bad-parameter", code(bad))
}
