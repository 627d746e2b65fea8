package service

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"time"

	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/gateway/wire"
	"florin/projections"
)

// What became of a file as ISO 20022 pain.002.001.10, Customer Payment Status Report.
// The order of the fields is that of the schema, which is a sequence.

type (
	reportDocument struct {
		XMLName xml.Name     `xml:"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10 Document"`
		Header  reportHeader `xml:"CstmrPmtStsRpt>GrpHdr"`
		Whole   reportWhole  `xml:"CstmrPmtStsRpt>OrgnlGrpInfAndSts"`
		Group   reportGroup  `xml:"CstmrPmtStsRpt>OrgnlPmtInfAndSts"`
	}
	reportHeader struct {
		Message string `xml:"MsgId"`
		Created string `xml:"CreDtTm"`
	}
	reportWhole struct {
		Message string `xml:"OrgnlMsgId"`
		Kind    string `xml:"OrgnlMsgNmId"`
		Count   int64  `xml:"OrgnlNbOfTxs"`
		Sum     string `xml:"OrgnlCtrlSum"`
		Status  string `xml:"GrpSts"`
	}
	reportGroup struct {
		Name    string         `xml:"OrgnlPmtInfId"`
		Status  string         `xml:"PmtInfSts,omitempty"` // of a group that was rejected as it came
		Reasons []reportReason `xml:"StsRsnInf"`
		Items   []reportItem   `xml:"TxInfAndSts"`
	}
	reportItem struct {
		EndToEnd string         `xml:"OrgnlEndToEndId"`
		Status   string         `xml:"TxSts"`
		Reasons  []reportReason `xml:"StsRsnInf"`
	}
	// reportReason is a code of ISO 20022, or one of payees.
	reportReason struct {
		Code  string `xml:"Rsn>Cd,omitempty"`
		Payee string `xml:"Rsn>Prtry,omitempty"`
		Name  string `xml:"AddtlInf,omitempty"`
	}
)

// payeeCodes are the words that banks have agreed on for what the verification of a
// payee has come to.
var payeeCodes = map[payment.Match]string{payment.Matches: "RCVC", payment.AlmostMatch: "RVMC", payment.NoMatch: "RVNM", payment.NotVerified: "RVNA"}

// report writes the file's pain.002; its identification follows from the position that
// it shows.
func (s PaymentFiles) report(w http.ResponseWriter, row projections.PaymentFile, payments []FiledPayment) error {
	of := row.File.UUID()
	document := reportDocument{
		Header: reportHeader{Message: fmt.Sprintf("%x-%d", of[:6], row.Position), Created: row.ChangedAt.UTC().Format(time.RFC3339)},
		Whole: reportWhole{Message: row.Message, Kind: "pain.001.001.09", Count: row.Count, Sum: row.Total.Decimal(),
			Status: groupStatus(row.Status, payments)},
		Group: reportGroup{Name: row.Group},
	}
	if row.Status == paymentfile.Declined && row.Code != paymentfile.ErrSCA.Code {
		document.Group.Status, document.Group.Reasons = "RJCT", []reportReason{{Code: isoReason(row.Code)}}
	}
	for _, p := range payments {
		item := reportItem{EndToEnd: p.EndToEnd, Status: p.Status}
		if p.Reason != "" {
			item.Reasons = append(item.Reasons, reportReason{Code: p.Reason})
		}
		if p.Payee != nil {
			item.Reasons = append(item.Reasons, reportReason{Payee: payeeCodes[payment.Match(p.Payee.Result)], Name: clipped(p.Payee.Name, 105)})
		}
		document.Group.Items = append(document.Group.Items, item)
	}
	text, err := wire.EncodeXML(document)
	if err != nil {
		return err
	}
	wire.Position(w, row.Position)
	w.Header().Set("Content-Type", MediaXML)
	_, err = w.Write(text)
	return err
}

// groupStatus sums up what the payments say: what they all say, PART if some of them
// are rejected, else that they are on their way (ExternalPaymentGroupStatus1Code).
func groupStatus(file paymentfile.Phase, payments []FiledPayment) string {
	counts := map[string]int{}
	for _, p := range payments {
		counts[p.Status]++
	}
	switch {
	case len(counts) == 1 && file != paymentfile.Withdrawn:
		return payments[0].Status
	case file == paymentfile.Withdrawn, counts["RJCT"] == len(payments):
		return "RJCT"
	case counts["RJCT"] > 0:
		return "PART"
	}
	return "ACSP"
}
