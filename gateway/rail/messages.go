package rail

import (
	"encoding/xml"
	"time"
)

// Namespaces of the messages.
const (
	CreditTransferNS = "urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"
	StatusReportNS   = "urn:iso:std:iso:20022:tech:xsd:pacs.002.001.10"
	ReturnNS         = "urn:iso:std:iso:20022:tech:xsd:pacs.004.001.09"
	StatusRequestNS  = "urn:iso:std:iso:20022:tech:xsd:pacs.028.001.03"
	RecallNS         = "urn:iso:std:iso:20022:tech:xsd:camt.056.001.08"
	RecallAnswerNS   = "urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"
)

type (
	// CreditTransfer is a pacs.008 with one transaction.
	CreditTransfer struct {
		XMLName xml.Name     `xml:"urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08 Document"`
		Header  TransferHead `xml:"FIToFICstmrCdtTrf>GrpHdr"`
		Payment Transaction  `xml:"FIToFICstmrCdtTrf>CdtTrfTxInf"`
	}
	// TransferHead is its group header.
	TransferHead struct {
		Message    string    `xml:"MsgId"`
		Created    time.Time `xml:"CreDtTm"`
		Count      int       `xml:"NbOfTxs"`
		Total      Amount    `xml:"TtlIntrBkSttlmAmt"`
		Settlement string    `xml:"IntrBkSttlmDt"`
		Method     string    `xml:"SttlmInf>SttlmMtd"`
	}
	// Transaction is its one transaction.
	Transaction struct {
		EndToEnd     string  `xml:"PmtId>EndToEndId"`
		Transaction  string  `xml:"PmtId>TxId"`
		Service      string  `xml:"PmtTpInf>SvcLvl>Cd"`
		Amount       Amount  `xml:"IntrBkSttlmAmt"`
		Charges      string  `xml:"ChrgBr"`
		DebtorName   string  `xml:"Dbtr>Nm"`
		Debtor       *string `xml:"DbtrAcct>Id>IBAN"`
		DebtorBank   Bank    `xml:"DbtrAgt>FinInstnId"`
		CreditorBank Bank    `xml:"CdtrAgt>FinInstnId"` // the rail knows it by the IBAN
		CreditorName string  `xml:"Cdtr>Nm"`
		Creditor     string  `xml:"CdtrAcct>Id>IBAN"`
		Reference    string  `xml:"RmtInf>Ustrd,omitempty"`
	}
	// Bank is one by its BIC or, where nobody has said it, by NoBIC. What may be missing
	// is a pointer, for no element that would hold nothing is written for one.
	Bank struct {
		BIC   *string `xml:"BICFI"`
		Other *string `xml:"Othr>Id"`
	}
	// Amount is a decimal in a currency.
	Amount struct {
		Decimal  string `xml:",chardata" json:"decimal"`
		Currency string `xml:"Ccy,attr" json:"currency"`
	}
	// StatusReport is a pacs.002 about one transaction.
	StatusReport struct {
		XMLName xml.Name    `xml:"urn:iso:std:iso:20022:tech:xsd:pacs.002.001.10 Document"`
		Message string      `xml:"FIToFIPmtStsRpt>GrpHdr>MsgId"`
		Created time.Time   `xml:"FIToFIPmtStsRpt>GrpHdr>CreDtTm"`
		Status  Transitions `xml:"FIToFIPmtStsRpt>TxInfAndSts"`
	}
	// Transitions is what a status report says.
	Transitions struct {
		Original string  `xml:"OrgnlGrpInf>OrgnlMsgId"`
		Kind     string  `xml:"OrgnlGrpInf>OrgnlMsgNmId"`
		EndToEnd string  `xml:"OrgnlEndToEndId,omitempty"`
		Status   string  `xml:"TxSts"` // ExternalPaymentTransactionStatus1Code
		Reason   *string `xml:"StsRsnInf>Rsn>Cd"`
	}
	// Return is a pacs.004. ReturnOf makes one of one transaction, and no other is taken.
	Return struct {
		XMLName xml.Name   `xml:"urn:iso:std:iso:20022:tech:xsd:pacs.004.001.09 Document"`
		Message string     `xml:"PmtRtr>GrpHdr>MsgId"`
		Created time.Time  `xml:"PmtRtr>GrpHdr>CreDtTm"`
		Count   int        `xml:"PmtRtr>GrpHdr>NbOfTxs"`
		Method  string     `xml:"PmtRtr>GrpHdr>SttlmInf>SttlmMtd"`
		Back    []Returned `xml:"PmtRtr>TxInf"`
	}
	// Returned is what a return says.
	Returned struct {
		ID       string `xml:"RtrId"`
		Original string `xml:"OrgnlGrpInf>OrgnlMsgId"`
		Kind     string `xml:"OrgnlGrpInf>OrgnlMsgNmId"`
		Amount   Amount `xml:"RtrdIntrBkSttlmAmt"` // of what came back
		Reason   string `xml:"RtrRsnInf>Rsn>Cd"`
	}
	// StatusRequest is a pacs.028 about one message.
	StatusRequest struct {
		XMLName  xml.Name  `xml:"urn:iso:std:iso:20022:tech:xsd:pacs.028.001.03 Document"`
		Message  string    `xml:"FIToFIPmtStsReq>GrpHdr>MsgId"`
		Created  time.Time `xml:"FIToFIPmtStsReq>GrpHdr>CreDtTm"`
		Original string    `xml:"FIToFIPmtStsReq>TxInf>OrgnlGrpInf>OrgnlMsgId"`
		Kind     string    `xml:"FIToFIPmtStsReq>TxInf>OrgnlGrpInf>OrgnlMsgNmId"`
	}
	// PayeeRequest and PayeeResponse are those of the EPC's verification of payee
	// (EPC103-24), but for the parts that a simulated bank has no use for.
	PayeeRequest struct {
		IBAN string `json:"iban"`
		Name string `json:"name"`
	}
	PayeeResponse struct {
		Match string `json:"partyNameMatch"` // MTCH, CMTC, NMTC, NOAP
		Name  string `json:"matchedName,omitzero"`
	}
)

// NoBIC stands for a bank whose BIC nobody has said.
const NoBIC = "NOTPROVIDED"

func bank(bic string) Bank {
	if bic == "" {
		return Bank{Other: text(NoBIC)}
	}
	return Bank{BIC: text(bic)}
}

// text is what is written, and nil nothing.
func text(written string) *string {
	if written == "" {
		return nil
	}
	return &written
}

// Read is what was written, or "".
func Read(written *string) string {
	if written == nil {
		return ""
	}
	return *written
}

// clearing is how all that goes over the rail is settled.
const clearing = "CLRG"

// ReturnOf is the message that gives one transaction back.
func ReturnOf(message string, created time.Time, back Returned) Return {
	return Return{Message: message, Created: created, Count: 1, Method: clearing, Back: []Returned{back}}
}

// Paths of the rail, relative to its address.
const (
	TransferPath = "/pacs.008"
	StatusPath   = "/pacs.028"
	ReturnPath   = "/pacs.004"
	RecallPath   = "/camt.056"
	PayeePath    = "/vop"
)

// Kinds of messages that are reported on.
const (
	MessageName = "pacs.008.001.08"
	DebitName   = "pacs.003.001.08" // of a collection, in the claim for its money
)
