package service

import (
	"cmp"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"florin/domain/calendar"
	"florin/domain/money"
	"florin/projections"
)

// A statement as ISO 20022 camt.053.001.08, Bank to Customer Statement. The order
// of the fields is that of the schema, which is a sequence; encoding/xml escapes.

type (
	camtDocument struct {
		XMLName xml.Name      `xml:"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08 Document"`
		Header  camtHeader    `xml:"BkToCstmrStmt>GrpHdr"`
		Stmt    camtStatement `xml:"BkToCstmrStmt>Stmt"`
	}
	camtHeader struct {
		MessageID string `xml:"MsgId"`
		CreatedAt string `xml:"CreDtTm"`
	}
	camtStatement struct {
		ID        string        `xml:"Id"`
		CreatedAt string        `xml:"CreDtTm"`
		From      string        `xml:"FrToDt>FrDtTm"`
		To        string        `xml:"FrToDt>ToDtTm"`
		Account   camtAccount   `xml:"Acct"`
		Balances  []camtBalance `xml:"Bal"`
		Entries   []camtEntry   `xml:"Ntry"`
	}
	camtAccount struct {
		ID       camtAccountID `xml:"Id"`
		Currency string        `xml:"Ccy"`
		Servicer *camtServicer `xml:"Svcr"`
	}
	// camtAccountID is one of the two.
	camtAccountID struct {
		IBAN  string     `xml:"IBAN,omitempty"`
		Other *camtOther `xml:"Othr"`
	}
	camtOther struct {
		ID string `xml:"Id"`
	}
	camtServicer struct {
		BIC string `xml:"FinInstnId>BICFI"`
	}
	camtAmount struct {
		Currency string `xml:"Ccy,attr"`
		Value    string `xml:",chardata"`
	}
	camtBalance struct {
		Code   string     `xml:"Tp>CdOrPrtry>Cd"`
		Amount camtAmount `xml:"Amt"`
		Side   string     `xml:"CdtDbtInd"`
		Date   string     `xml:"Dt>Dt"`
	}
	camtEntry struct {
		Reference string       `xml:"NtryRef"`
		Amount    camtAmount   `xml:"Amt"`
		Side      string       `xml:"CdtDbtInd"`
		Reversal  string       `xml:"RvslInd,omitempty"`
		Status    string       `xml:"Sts>Cd"`
		Booked    string       `xml:"BookgDt>DtTm"`
		Value     string       `xml:"ValDt>Dt"`
		Servicer  string       `xml:"AcctSvcrRef"`
		Code      string       `xml:"BkTxCd>Prtry>Cd"`
		Details   *camtDetails `xml:"NtryDtls"`
	}
	camtDetails struct {
		Servicer     string      `xml:"TxDtls>Refs>AcctSvcrRef"`
		Debtor       *camtParty  `xml:"TxDtls>RltdPties>Dbtr"`
		DebtorIBAN   *camtNumber `xml:"TxDtls>RltdPties>DbtrAcct"`
		Creditor     *camtParty  `xml:"TxDtls>RltdPties>Cdtr"`
		CreditorIBAN *camtNumber `xml:"TxDtls>RltdPties>CdtrAcct"`
		Unstructured *string     `xml:"TxDtls>RmtInf>Ustrd"`
	}
	camtParty struct {
		Name string `xml:"Pty>Nm"`
	}
	camtNumber struct {
		IBAN string `xml:"Id>IBAN"`
	}
)

func writeCamt(w http.ResponseWriter, made period) error {
	text, err := xml.MarshalIndent(camtOf(made), "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", MediaXML)
	w.Header().Set("Content-Disposition", `attachment; filename="camt.053-`+made.From+`-`+made.To+`.xml"`)
	_, _ = w.Write(append([]byte(xml.Header), append(text, '\n')...)) // the caller may be gone
	return nil
}

func camtOf(made period) camtDocument {
	created, name := isoTime(made.MadeAt), statementID(made)
	document := camtDocument{
		Header: camtHeader{MessageID: name, CreatedAt: created},
		Stmt: camtStatement{ID: name, CreatedAt: created, From: isoTime(made.begins), To: isoTime(made.ends.Add(-time.Millisecond)),
			Account:  camtAccount{ID: camtAccountID{IBAN: made.IBAN}, Currency: string(made.Currency)},
			Balances: []camtBalance{balanceOf("OPBD", made.opening, made.From), balanceOf("CLBD", made.closing, made.To)},
		},
	}
	if made.IBAN == "" {
		document.Stmt.Account.ID.Other = &camtOther{ID: compact(made.Account.UUID())}
	}
	if made.BIC != "" {
		document.Stmt.Account.Servicer = &camtServicer{BIC: made.BIC}
	}
	for _, row := range made.rows {
		document.Stmt.Entries = append(document.Stmt.Entries, entryOf(row, made.TimeZone))
	}
	return document
}

func balanceOf(code string, balance money.Amount, date string) camtBalance {
	amount, side := sided(balance)
	return camtBalance{Code: code, Amount: amount, Side: side, Date: date}
}

func entryOf(row projections.Transaction, zone string) camtEntry {
	amount, side := sided(row.Amount)
	position := strconv.FormatUint(uint64(row.Position), 10)
	entry := camtEntry{Reference: position, Amount: amount, Side: side, Status: "BOOK", Booked: isoTime(row.CountedAt),
		Value: cmp.Or(row.ValueDate, calendar.Day(zone, row.CountedAt)), Servicer: position, Code: clipped(row.Purpose, 35)}
	if row.Purpose == "reversal" {
		entry.Reversal = "true"
	}
	if row.Reference != "" || row.Other != (projections.Party{}) {
		entry.Details = detailsOf(row, position)
	}
	return entry
}

// detailsOf says who pays and who is paid as the first entry of a matter has it: what comes
// back keeps their places, as ISO 20022 wants it.
func detailsOf(row projections.Transaction, position string) *camtDetails {
	details := &camtDetails{Servicer: position}
	if row.Reference != "" {
		details.Unstructured = &row.Reference
	}
	party, number := &details.Creditor, &details.CreditorIBAN
	if strings.HasPrefix(row.Origin, "incoming/") {
		party, number = &details.Debtor, &details.DebtorIBAN
	}
	if row.Other.Name != "" {
		*party = &camtParty{clipped(row.Other.Name, 140)}
	}
	if row.Other.IBAN != "" {
		*number = &camtNumber{row.Other.IBAN}
	}
	return details
}

// sided is an amount without its sign, which ISO 20022 says in words.
func sided(amount money.Amount) (camtAmount, string) {
	side := "CRDT"
	if amount.Minor < 0 {
		amount, side = amount.Negate(), "DBIT"
	}
	return camtAmount{Currency: string(amount.Currency), Value: amount.Decimal()}, side
}

func isoTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// compact is an identifier in the characters that ISO 20022 allows one.
func compact(u uuid.UUID) string { return hex.EncodeToString(u[:]) }

func clipped(text string, runes int) string {
	if all := []rune(text); len(all) > runes {
		return string(all[:runes])
	}
	return text
}
