package service

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"strconv"
	"strings"
	"time"

	"florin/commands"
	"florin/domain/iban"
	"florin/domain/money"
	"florin/domain/paymentfile"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/schemas"
)

// painNS is the one message that files are taken in: Customer Credit Transfer
// Initiation. What is sent is read strictly: an element that would have the bank do
// something which it does not do is refused, and not passed over.
const painNS = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"

type (
	painDocument struct {
		XMLName xml.Name      `xml:"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09 Document"`
		Header  painHeader    `xml:"CstmrCdtTrfInitn>GrpHdr"`
		Groups  []painPayment `xml:"CstmrCdtTrfInitn>PmtInf"`
	}
	painHeader struct {
		Message string `xml:"MsgId"`
		Count   string `xml:"NbOfTxs"`
		Sum     string `xml:"CtrlSum"`
	}
	painPayment struct {
		Name   string         `xml:"PmtInfId"`
		Method string         `xml:"PmtMtd"`
		Count  string         `xml:"NbOfTxs"`
		Sum    string         `xml:"CtrlSum"`
		Day    string         `xml:"ReqdExctnDt>Dt"`
		Debtor string         `xml:"DbtrAcct>Id>IBAN"`
		Agent  string         `xml:"DbtrAgt>FinInstnId>BICFI"`
		Items  []painTransfer `xml:"CdtTrfTxInf"`
	}
	painTransfer struct {
		EndToEnd  string     `xml:"PmtId>EndToEndId"`
		Amount    painAmount `xml:"Amt>InstdAmt"`
		Creditor  string     `xml:"CdtrAcct>Id>IBAN"`
		Agent     string     `xml:"CdtrAgt>FinInstnId>BICFI"`
		Name      string     `xml:"Cdtr>Nm"`
		Reference string     `xml:"RmtInf>Ustrd"`
	}
	painAmount struct {
		Decimal  string `xml:",chardata"`
		Currency string `xml:"Ccy,attr"`
	}
)

// painKnown are the elements that are read, or that change nothing of what is done.
// One that ends in "/" is taken with whatever it holds. The value says how often an
// element may stand in the one around it; 0: as often as it likes.
var painKnown = map[string]int{
	"Document": 1, "Document/CstmrCdtTrfInitn": 1, "GrpHdr": 1, "GrpHdr/MsgId": 1, "GrpHdr/CreDtTm": 1, "GrpHdr/NbOfTxs": 1, "GrpHdr/CtrlSum": 1, "GrpHdr/InitgPty/": 1,
	"PmtInf": 1, "PmtInf/PmtInfId": 1, "PmtInf/PmtMtd": 1, "PmtInf/BtchBookg": 1, "PmtInf/NbOfTxs": 1, "PmtInf/CtrlSum": 1, "PmtInf/PmtTpInf/": 1,
	"PmtInf/ReqdExctnDt": 1, "PmtInf/ReqdExctnDt/Dt": 1, "PmtInf/Dbtr/": 1, "PmtInf/DbtrAcct": 1, "PmtInf/DbtrAcct/Id": 1, "PmtInf/DbtrAcct/Id/IBAN": 1, "PmtInf/DbtrAcct/Ccy": 1,
	"PmtInf/DbtrAgt": 1, "PmtInf/DbtrAgt/FinInstnId": 1, "PmtInf/DbtrAgt/FinInstnId/BICFI": 1, "PmtInf/DbtrAgt/FinInstnId/ClrSysMmbId/": 1, "PmtInf/DbtrAgt/FinInstnId/LEI": 1,
	"PmtInf/DbtrAgt/FinInstnId/Nm": 1, "PmtInf/DbtrAgt/FinInstnId/PstlAdr/": 1, "PmtInf/DbtrAgt/FinInstnId/Othr/": 1, "PmtInf/DbtrAgt/BrnchId/": 1, "PmtInf/ChrgBr": 1, "CdtTrfTxInf": 0, "CdtTrfTxInf/PmtId": 1, "CdtTrfTxInf/PmtId/InstrId": 1, "CdtTrfTxInf/PmtId/EndToEndId": 1, "CdtTrfTxInf/Amt": 1,
	"CdtTrfTxInf/Amt/InstdAmt": 1, "CdtTrfTxInf/CdtrAgt": 1, "CdtTrfTxInf/CdtrAgt/FinInstnId": 1, "CdtTrfTxInf/CdtrAgt/FinInstnId/BICFI": 1,
	"CdtTrfTxInf/CdtrAgt/FinInstnId/ClrSysMmbId/": 1, "CdtTrfTxInf/CdtrAgt/FinInstnId/LEI": 1, "CdtTrfTxInf/CdtrAgt/FinInstnId/Nm": 1, "CdtTrfTxInf/CdtrAgt/FinInstnId/PstlAdr/": 1,
	"CdtTrfTxInf/CdtrAgt/FinInstnId/Othr/": 1, "CdtTrfTxInf/CdtrAgt/BrnchId/": 1, "CdtTrfTxInf/Cdtr": 1, "CdtTrfTxInf/Cdtr/Nm": 1, "CdtTrfTxInf/Cdtr/PstlAdr/": 1, "CdtTrfTxInf/CdtrAcct": 1,
	"CdtTrfTxInf/CdtrAcct/Id": 1, "CdtTrfTxInf/CdtrAcct/Id/IBAN": 1, "CdtTrfTxInf/Purp/": 1, "CdtTrfTxInf/RmtInf": 1, "CdtTrfTxInf/RmtInf/Ustrd": 1,
}

// fileOf reads a pain.001; today is the bank's day. Refusals: bad-request (it is none),
// invalid-payment-file, payment-file-later, invalid-iban of the debtor, invalid-amount: without its amounts a
// file has no sum to be confirmed. What is wrong with a creditor rejects that payment alone.
func fileOf(data []byte, today string) (commands.SubmitPaymentFile, error) {
	digest := sha256.Sum256(data)
	file := commands.SubmitPaymentFile{Digest: hex.EncodeToString(digest[:])}
	document, err := wire.DecodeXML[painDocument](data, painNS)
	if err != nil {
		return file, problem.BadRequest.With("The body is no pain.001.001.09.")
	}
	if !painOnly(data) || len(document.Groups) != 1 {
		return file, paymentfile.ErrInvalid
	}
	group := document.Groups[0]
	file.Message, file.Group, file.Agent = document.Header.Message, group.Name, group.Agent
	switch day, err := time.Parse(time.DateOnly, group.Day); {
	case group.Method != "TRF", err != nil:
		return file, paymentfile.ErrInvalid
	case day.Format(time.DateOnly) > today:
		return file, paymentfile.ErrLater
	}
	if file.Debtor, err = iban.Parse(group.Debtor); err != nil {
		return file, err
	}
	file.Total = money.Amount{Currency: "EUR"}
	for _, item := range group.Items {
		one, err := item.read()
		if err != nil {
			return file, err
		}
		if file.Total.Minor += one.Amount.Minor; file.Total.Minor > money.MinorMax || len(file.Items) >= paymentfile.Max {
			return file, paymentfile.ErrInvalid
		}
		file.Items = append(file.Items, one)
	}
	if len(file.Items) == 0 || !document.Header.adds(file, true) || !(painHeader{Count: group.Count, Sum: group.Sum}).adds(file, false) {
		return file, paymentfile.ErrInvalid
	}
	return file, nil
}

func (p painTransfer) read() (one commands.FiledPayment, err error) {
	if p.Amount.Currency != "EUR" {
		return one, paymentfile.ErrInvalid
	}
	one = commands.FiledPayment{EndToEnd: p.EndToEnd, Creditor: p.Creditor, CreditorName: evidence(p.Name), Reference: evidence(p.Reference), Agent: p.Agent}
	decimal := p.Amount.Decimal
	if whole, cents, _ := strings.Cut(decimal, "."); len(cents) < 2 && whole != "" { // XML's decimals may be short
		decimal = whole + "." + (cents + "00")[:2]
	}
	if one.Amount, err = amountOf(schemas.Decimal(decimal), "EUR"); err != nil {
		return one, err
	}
	if !one.Amount.IsPositive() {
		return one, problem.InvalidAmount
	}
	return one, nil
}

// adds tells whether count and sum are those of the file; where they are asked for they
// are there.
func (h painHeader) adds(file commands.SubmitPaymentFile, asked bool) bool {
	if h.Count != strconv.Itoa(len(file.Items)) && (asked || h.Count != "") {
		return false
	}
	if h.Sum == "" {
		return !asked
	}
	whole, cents, _ := strings.Cut(h.Sum, ".")
	sum, err := money.Parse(whole+"."+(strings.TrimRight(cents, "0") + "00")[:max(2, len(strings.TrimRight(cents, "0")))], "EUR")
	return err == nil && sum == file.Total
}

// painOnly tells whether the document, which is well formed, holds known elements alone.
func painOnly(data []byte) bool {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	var path []string
	counts := []map[string]int{{}}
	for {
		token, err := decoder.Token()
		if err != nil {
			return len(path) == 0
		}
		switch t := token.(type) {
		case xml.StartElement:
			path = append(path, t.Name.Local)
			most, known := painPlace(path)
			if counts[len(counts)-1][t.Name.Local]++; !known || t.Name.Space != painNS || most > 0 && counts[len(counts)-1][t.Name.Local] > most {
				return false
			}
			counts = append(counts, map[string]int{})
		case xml.EndElement:
			path, counts = path[:len(path)-1], counts[:len(counts)-1]
		}
	}
}

// painPlace looks an element up by the path from the nearest group on.
func painPlace(path []string) (most int, known bool) {
	if len(path) > 2 {
		if path[0] != "Document" || path[1] != "CstmrCdtTrfInitn" {
			return 0, false
		}
		if path[2] != "GrpHdr" && path[2] != "PmtInf" {
			return 0, false
		}
		if path = path[2:]; len(path) > 1 && path[1] == "CdtTrfTxInf" && path[0] == "PmtInf" {
			path = path[1:]
		}
	}
	whole := strings.Join(path, "/")
	if most, known = painKnown[whole]; known {
		return most, true
	}
	for i := 2; i <= len(path); i++ {
		if most, known = painKnown[strings.Join(path[:i], "/")+"/"]; known {
			if i < len(path) {
				most = 0
			}
			return most, true
		}
	}
	return 0, false
}
