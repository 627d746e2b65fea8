package rail

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"time"

	"florin/commands"
	"florin/gateway/wire"
)

type (
	// RecallRequest is a camt.056 of one transaction. The recall's name is both that of
	// the case and of the cancellation, so that every answer can name it.
	RecallRequest struct {
		XMLName xml.Name   `xml:"urn:iso:std:iso:20022:tech:xsd:camt.056.001.08 Document"`
		Head    Assignment `xml:"FIToFIPmtCxlReq>Assgnmt"`
		Count   int        `xml:"FIToFIPmtCxlReq>CtrlData>NbOfTxs"`
		Recall  Recalled   `xml:"FIToFIPmtCxlReq>Undrlyg>TxInf"`
	}
	// Assignment says who asks whom.
	Assignment struct {
		ID       string    `xml:"Id"`
		Assigner Party     `xml:"Assgnr"`
		Assignee Party     `xml:"Assgne"`
		Created  time.Time `xml:"CreDtTm"`
	}
	// Party is a bank that asks or is asked.
	Party struct {
		Bank Bank `xml:"Agt>FinInstnId"`
	}
	// Case is what answers are about.
	Case struct {
		ID      string `xml:"Id"`
		Creator Party  `xml:"Cretr"`
	}
	// Recalled is what is wanted back.
	Recalled struct {
		ID         string `xml:"CxlId"`
		Case       Case   `xml:"Case"`
		Original   string `xml:"OrgnlGrpInf>OrgnlMsgId"`
		Kind       string `xml:"OrgnlGrpInf>OrgnlMsgNmId"`
		EndToEnd   string `xml:"OrgnlEndToEndId"`
		Payment    string `xml:"OrgnlTxId"`
		Amount     Amount `xml:"OrgnlIntrBkSttlmAmt"`
		Settlement string `xml:"OrgnlIntrBkSttlmDt"`
		Reason     string `xml:"CxlRsnInf>Rsn>Cd"`
	}
	// RecallAnswer is a camt.029 about one recall: it is denied, or not decided.
	RecallAnswer struct {
		XMLName xml.Name   `xml:"urn:iso:std:iso:20022:tech:xsd:camt.029.001.09 Document"`
		Head    Assignment `xml:"RsltnOfInvstgtn>Assgnmt"`
		Status  string     `xml:"RsltnOfInvstgtn>Sts>Conf"` // ExternalInvestigationExecutionConfirmation1Code
		Denied  Denied     `xml:"RsltnOfInvstgtn>CxlDtls>TxInfAndSts"`
	}
	// Denied is what an answer says.
	Denied struct {
		ID       string  `xml:"CxlStsId"`
		Case     Case    `xml:"RslvdCase"`
		Original string  `xml:"OrgnlGrpInf>OrgnlMsgId"`
		Kind     string  `xml:"OrgnlGrpInf>OrgnlMsgNmId"`
		Payment  string  `xml:"OrgnlTxId"`
		Reason   *string `xml:"CxlStsRsnInf>Rsn>Cd"`
	}
)

// What becomes of a recall that is not granted.
const (
	RecallRejected = "RJCR"
	RecallPending  = "PDCR"
)

// Recall sends a camt.056: the same bytes each time for the same recall. A pacs.004 of
// the payment says that it is granted, a camt.029 all else.
func (c *Client) Recall(ctx context.Context, r commands.RailRecall) (commands.RailAnswer, error) {
	self := Party{bank(c.bic)}
	body, err := wire.EncodeXML(RecallRequest{
		Head:  Assignment{ID: r.Recall, Assigner: self, Assignee: Party{bank("")}, Created: r.At},
		Count: 1,
		Recall: Recalled{ID: r.Recall, Case: Case{ID: r.Recall, Creator: self}, Original: r.Original, Kind: MessageName, EndToEnd: r.EndToEnd, Payment: r.Original,
			Amount: Amount{r.Amount.Decimal(), string(r.Amount.Currency)}, Settlement: r.Settled.Format(time.DateOnly), Reason: r.Reason},
	})
	if err != nil {
		return commands.RailAnswer{}, fmt.Errorf("rail: write: %w", err)
	}
	status, answer, err := c.post(ctx, RecallPath, "application/xml", body)
	switch {
	case err != nil:
		return commands.RailAnswer{}, err
	case status != http.StatusOK:
		return commands.RailAnswer{}, fmt.Errorf("rail: %s was answered %d", RecallPath, status)
	}
	denied, err := wire.DecodeXML[RecallAnswer](answer, RecallAnswerNS)
	if err != nil {
		return returned(answer, r.Original)
	}
	switch {
	case denied.Denied.Case.ID != r.Recall, denied.Denied.Payment != r.Original:
		return commands.RailAnswer{}, errors.New("rail: the answer is about another recall")
	case denied.Status == RecallPending:
		return commands.RailAnswer{Status: commands.RailPending}, nil
	case denied.Status == RecallRejected && denied.Denied.Reason != nil:
		return commands.RailAnswer{Status: commands.RailRejected, Reason: *denied.Denied.Reason}, nil
	}
	return commands.RailAnswer{}, errors.New("rail: the answer to the recall says nothing that is known")
}
