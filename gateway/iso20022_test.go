package gateway

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// published are the messages of ISO 20022 that go in and out, as its catalogue has
// them: the elements of each sequence in their order, with ? * and + for how often,
// and {a|b} for a choice. Parts that no message here uses are named, and not opened.
var published = map[string]string{
	"camt.053.001.08": `Document(BkToCstmrStmt(GrpHdr(MsgId CreDtTm MsgRcpt? MsgPgntn? OrgnlBizQry? AddtlInf?)
		Stmt+(Id StmtPgntn? ElctrncSeqNb? RptgSeq? LglSeqNb? CreDtTm? FrToDt?(FrDtTm ToDtTm) CpyDplctInd? RptgSrc?
		Acct(Id{IBAN|Othr(Id SchmeNm? Issr?)} Tp? Ccy? Nm? Prxy? Ownr? Svcr?` + agent + `) RltdAcct? Intrst*
		Bal+(Tp(CdOrPrtry{Cd|Prtry} SubTp?) CdtLine* Amt CdtDbtInd Dt{Dt|DtTm} Avlbty*) TxsSummry?
		Ntry*(NtryRef? Amt CdtDbtInd RvslInd? Sts{Cd|Prtry} BookgDt?{Dt|DtTm} ValDt?{Dt|DtTm} AcctSvcrRef? Avlbty* BkTxCd(Domn? Prtry?(Cd Issr?)) ComssnWvrInd?
		AddtlInfInd? AmtDtls? Chrgs? TechInptChanl? Intrst? CardTx? NtryDtls*(Btch? TxDtls*(Refs?(MsgId? AcctSvcrRef? PmtInfId? InstrId? EndToEndId? UETR? TxId? MndtId?
		ChqNb? ClrSysRef? AcctOwnrTxId? AcctSvcrTxId? MktInfrstrctrTxId? PrcgId? Prtry*) Amt? CdtDbtInd? AmtDtls? Avlbty* BkTxCd? Chrgs? Intrst? RltdPties?(InitgPty? Dbtr?{Pty` + party + `|Agt}
		DbtrAcct?` + cash + ` UltmtDbtr? Cdtr?{Pty` + party + `|Agt} CdtrAcct?` + cash + ` UltmtCdtr? TradgPty? Prtry*) RltdAgts?
		LclInstrm? Purp? RltdRmtInf* RmtInf?(Ustrd* Strd*) RltdDts? RltdPric? RltdQties* FinInstrmId? Tax? RtrInf? CorpActn? SfkpgAcct? CshDpst* CardTx? AddtlTxInf?
		SplmtryData*)) AddtlNtryInf?) AddtlStmtInf?) SplmtryData*))`,
	"pacs.008.001.08": `Document(FIToFICstmrCdtTrf(GrpHdr(MsgId CreDtTm BtchBookg? NbOfTxs CtrlSum? TtlIntrBkSttlmAmt? IntrBkSttlmDt?
		SttlmInf(SttlmMtd SttlmAcct? ClrSys?) PmtTpInf? InstgAgt? InstdAgt?)
		CdtTrfTxInf+(PmtId(InstrId? EndToEndId TxId? UETR? ClrSysRef?) PmtTpInf?(InstrPrty? ClrChanl? SvcLvl*{Cd|Prtry} LclInstrm? CtgyPurp?)
		IntrBkSttlmAmt IntrBkSttlmDt? SttlmPrty? SttlmTmIndctn? SttlmTmReq? AccptncDtTm? PoolgAdjstmntDt? InstdAmt? XchgRate? ChrgBr ChrgsInf*
		PrvsInstgAgt1? InstgAgt? InstdAgt? IntrmyAgt1? UltmtDbtr? InitgPty? Dbtr` + party + ` DbtrAcct?` + cash + ` DbtrAgt` + agent + ` DbtrAgtAcct? CdtrAgt` + agent + `
		CdtrAgtAcct? Cdtr` + party + ` CdtrAcct?` + cash + ` UltmtCdtr? InstrForCdtrAgt* InstrForNxtAgt* Purp? RgltryRptg* Tax? RltdRmtInf* RmtInf?(Ustrd* Strd*) SplmtryData*) SplmtryData*))`,
	"pacs.002.001.10": `Document(FIToFIPmtStsRpt(GrpHdr(MsgId CreDtTm InstgAgt? InstdAgt?) OrgnlGrpInfAndSts*
		TxInfAndSts*(StsId? OrgnlGrpInf?` + original + ` OrgnlInstrId? OrgnlEndToEndId? OrgnlTxId? OrgnlUETR? TxSts? StsRsnInf*` + because + ` ChrgsInf* AccptncDtTm?
		FctvIntrBkSttlmDt? AcctSvcrRef? ClrSysRef? InstgAgt? InstdAgt? OrgnlTxRef? SplmtryData*) SplmtryData*))`,
	"pacs.004.001.09": `Document(PmtRtr(GrpHdr(MsgId CreDtTm Authstn* BtchBookg? NbOfTxs CtrlSum? GrpRtr? TtlRtrdIntrBkSttlmAmt? IntrBkSttlmDt?
		SttlmInf(SttlmMtd SttlmAcct? ClrSys?) InstgAgt? InstdAgt?) OrgnlGrpInf?
		TxInf*(RtrId? OrgnlGrpInf?` + original + ` OrgnlInstrId? OrgnlEndToEndId? OrgnlTxId? OrgnlUETR? OrgnlClrSysRef? OrgnlIntrBkSttlmAmt? OrgnlIntrBkSttlmDt? PmtTpInf?
		RtrdIntrBkSttlmAmt IntrBkSttlmDt? SttlmPrty? SttlmTmIndctn? RtrdInstdAmt? XchgRate? CompstnAmt? ChrgBr? ChrgsInf* ClrSysRef? InstgAgt? InstdAgt? RtrChain?
		RtrRsnInf*` + because + ` OrgnlTxRef? SplmtryData*) SplmtryData*))`,
	"pacs.028.001.03": `Document(FIToFIPmtStsReq(GrpHdr(MsgId CreDtTm InstgAgt? InstdAgt?) OrgnlGrpInf*
		TxInf*(StsReqId? OrgnlGrpInf?` + original + ` OrgnlInstrId? OrgnlEndToEndId? OrgnlTxId? OrgnlUETR? AccptncDtTm? ClrSysRef? InstgAgt? InstdAgt? OrgnlTxRef? SplmtryData*) SplmtryData*))`,
	"camt.056.001.08": `Document(FIToFIPmtCxlReq(` + assignment + ` Case? CtrlData?(NbOfTxs CtrlSum?)
		Undrlyg+(OrgnlGrpInfAndCxl? TxInf*(CxlId? Case?` + aCase + ` OrgnlGrpInf?` + original + ` OrgnlInstrId? OrgnlEndToEndId? OrgnlTxId? OrgnlUETR? OrgnlClrSysRef?
		OrgnlIntrBkSttlmAmt? OrgnlIntrBkSttlmDt? Assgnr? Assgne? CxlRsnInf*` + because + ` OrgnlTxRef? SplmtryData*)) SplmtryData*))`,
	"camt.029.001.09": `Document(RsltnOfInvstgtn(` + assignment + ` RslvdCase? Sts{Conf|RjctdMod|DplctOf|AssgnmtCxlConf}
		CxlDtls*(OrgnlGrpInfAndSts? OrgnlPmtInfAndSts* TxInfAndSts*(CxlStsId? RslvdCase?` + aCase + ` OrgnlGrpInf?` + original + ` OrgnlInstrId? OrgnlEndToEndId? OrgnlTxId?
		OrgnlClrSysRef? OrgnlUETR? TxCxlSts? CxlStsRsnInf*` + because + ` RsltnRltdInf? OrgnlIntrBkSttlmAmt? OrgnlIntrBkSttlmDt? Assgnr? Assgne? OrgnlTxRef?))
		ModDtls? ClmNonRctDtls? StmtDtls? CrrctnTx? RsltnRltdInf? SplmtryData*))`,
	"pain.001.001.09": `Document(CstmrCdtTrfInitn(GrpHdr(MsgId CreDtTm Authstn* NbOfTxs CtrlSum? InitgPty` + party + ` FwdgAgt? InitnSrc?)
		PmtInf+(PmtInfId PmtMtd BtchBookg? NbOfTxs? CtrlSum? PmtTpInf? ReqdExctnDt{Dt|DtTm} PoolgAdjstmntDt? Dbtr` + party + ` DbtrAcct` + cash + ` DbtrAgt` + agent + ` DbtrAgtAcct?
		InstrForDbtrAgt? UltmtDbtr? ChrgBr? ChrgsAcct? ChrgsAcctAgt?
		CdtTrfTxInf+(PmtId(InstrId? EndToEndId UETR?) PmtTpInf? Amt{InstdAmt|EqvtAmt} XchgRateInf? ChrgBr? MndtRltdInf? ChqInstr? UltmtDbtr? IntrmyAgt1? CdtrAgt? CdtrAgtAcct?
		Cdtr?` + party + ` CdtrAcct?` + cash + ` UltmtCdtr? InstrForCdtrAgt* InstrForDbtrAgt? Purp? RgltryRptg* Tax? RltdRmtInf* RmtInf?(Ustrd* Strd*) SplmtryData*)) SplmtryData*))`,
	"pain.002.001.10": `Document(CstmrPmtStsRpt(GrpHdr(MsgId CreDtTm InitgPty? FwdgAgt? DbtrAgt? CdtrAgt?)
		OrgnlGrpInfAndSts(OrgnlMsgId OrgnlMsgNmId OrgnlCreDtTm? OrgnlNbOfTxs? OrgnlCtrlSum? GrpSts? StsRsnInf*` + because + ` NbOfTxsPerSts*)
		OrgnlPmtInfAndSts*(OrgnlPmtInfId OrgnlNbOfTxs? OrgnlCtrlSum? PmtInfSts? StsRsnInf*` + because + ` NbOfTxsPerSts*
		TxInfAndSts*(StsId? OrgnlInstrId? OrgnlEndToEndId? OrgnlUETR? TxSts? StsRsnInf*` + because + ` ChrgsInf* AccptncDtTm? AcctSvcrRef? ClrSysRef? OrgnlTxRef? SplmtryData*)) SplmtryData*))`,
}

// Parts that several messages have.
const (
	party      = `(Nm? PstlAdr? Id? CtryOfRes? CtctDtls?)`
	cash       = `(Id{IBAN|Othr(Id SchmeNm? Issr?)} Tp? Ccy? Nm? Prxy?)`
	agent      = `(FinInstnId(BICFI? ClrSysMmbId? LEI? Nm? PstlAdr? Othr?(Id SchmeNm? Issr?)) BrnchId?)`
	original   = `(OrgnlMsgId OrgnlMsgNmId OrgnlCreDtTm?)`
	because    = `(Orgtr? Rsn?{Cd|Prtry} AddtlInf*)`
	aCase      = `(Id Cretr{Pty|Agt` + agent + `} ReopCaseIndctn?)`
	assignment = `Assgnmt(Id Assgnr{Pty|Agt` + agent + `} Assgne{Pty|Agt` + agent + `} CreDtTm)`
)

// follows fails unless the text is a message of this name as it is published: nothing
// is missing, unknown, too often or out of order.
func follows(t *testing.T, name string, text []byte) {
	t.Helper()
	wellFormed(t, text)
	decoder := xml.NewDecoder(bytes.NewReader(bytes.TrimSpace(text)))
	var written node
	require.NoError(t, decoder.Decode(&written), "%s", text)
	require.Equal(t, "urn:iso:std:iso:20022:tech:xsd:"+name, written.XMLName.Space)
	_, err := decoder.Token()
	require.ErrorIs(t, err, io.EOF)
	spec, known := published[name]
	require.True(t, known, name)
	rules, rest := read1(strings.Join(strings.Fields(spec), " "))
	require.Empty(t, rest)
	require.NoError(t, rules[0].allows(written), "%s:\n%s", name, text)
}

type node struct {
	XMLName xml.Name
	Parts   []node `xml:",any"`
	Text    string `xml:",chardata"`

	Attributes []xml.Attr `xml:",any,attr"`
	within     string
}

// place is an element of a sequence or a choice.
type place struct {
	name     string
	optional bool
	many     bool
	choice   bool // of its parts
	parts    []place
}

// read1 reads places up to the bracket that ends them.
func read1(spec string) (places []place, rest string) {
	for spec != "" && spec[0] != ')' && spec[0] != '}' {
		if spec[0] == ' ' || spec[0] == '|' {
			spec = spec[1:]
			continue
		}
		end := strings.IndexAny(spec+" ", "?*+({ |)}")
		p := place{name: spec[:end]}
		spec = spec[end:]
		if spec != "" && strings.Contains("?*+", spec[:1]) {
			p.optional, p.many = spec[0] != '+', spec[0] != '?'
			spec = spec[1:]
		}
		if spec != "" && (spec[0] == '(' || spec[0] == '{') {
			p.choice = spec[0] == '{'
			p.parts, spec = read1(spec[1:])
			spec = spec[1:]
		}
		places = append(places, p)
	}
	return places, spec
}

func (p place) allows(n node) error {
	if p.name != n.XMLName.Local {
		return fmt.Errorf("%s stands where %s should", n.XMLName.Local, p.name)
	}
	err := p.fits(n)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

func (p place) fits(n node) error {
	switch {
	case len(p.parts) == 0 && len(n.Parts) > 0:
		return errors.New("has parts of which the test knows nothing")
	case len(p.parts) == 0 && strings.TrimSpace(n.Text) == "":
		return errors.New("is empty")
	case len(p.parts) == 0:
		return n.typed()
	case strings.TrimSpace(n.Text) != "":
		return errors.New("has text between its parts")
	case p.choice:
		i := slices.IndexFunc(p.parts, func(one place) bool { return len(n.Parts) == 1 && one.name == n.Parts[0].XMLName.Local })
		if i < 0 {
			return errors.New("is none of its choices")
		}
		n.Parts[0].within = p.name
		return p.parts[i].allows(n.Parts[0])
	}
	left := n.Parts
	for _, one := range p.parts {
		count := 0
		for len(left) > 0 && left[0].XMLName.Local == one.name && (count == 0 || one.many) {
			left[0].within = p.name
			if err := one.allows(left[0]); err != nil {
				return err
			}
			left, count = left[1:], count+1
		}
		if count == 0 && !one.optional {
			return fmt.Errorf("%s is missing", one.name)
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("%s is unknown, too often or out of order", left[0].XMLName.Local)
	}
	return nil
}
