package gateway

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// shapes are the types that the catalogue gives elements: those of their names that
// mean the same in all messages here, or within the element before the slash.
var shapes = map[*regexp.Regexp][]string{
	regexp.MustCompile(`^.{1,35}$`): {"MsgId", "EndToEndId", "TxId", "OrgnlMsgId", "OrgnlMsgNmId", "OrgnlEndToEndId", "OrgnlTxId", "RtrId", "CxlId", "CxlStsId",
		"PmtInfId", "OrgnlPmtInfId", "Id", "NtryRef", "AcctSvcrRef", "Prtry"}, // Max35Text
	regexp.MustCompile(`^.{1,140}$`): {"Nm", "Ustrd"},
	regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$`): {"CreDtTm"},
	regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`):                                                              {"IntrBkSttlmDt", "OrgnlIntrBkSttlmDt"},
	regexp.MustCompile(`^\d{1,15}$`):                                     {"NbOfTxs", "OrgnlNbOfTxs"},
	regexp.MustCompile(`^\d{1,13}(\.\d{1,5})?$`):                         {"IntrBkSttlmAmt", "TtlIntrBkSttlmAmt", "RtrdIntrBkSttlmAmt", "OrgnlIntrBkSttlmAmt", "InstdAmt", "Amt", "CtrlSum", "OrgnlCtrlSum"},
	regexp.MustCompile(`^[A-Z]{2}\d\d[A-Za-z0-9]{1,30}$`):                {"IBAN"},
	regexp.MustCompile(`^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$`): {"BICFI"},
	regexp.MustCompile(`^[A-Z0-9]{1,4}$`):                                {"Rsn/Cd", "SvcLvl/Cd", "TxSts", "GrpSts", "PmtInfSts", "Conf", "SttlmMtd", "ChrgBr", "PmtMtd"},
}

// sums are the elements that say their currency.
var sums = []string{"IntrBkSttlmAmt", "TtlIntrBkSttlmAmt", "RtrdIntrBkSttlmAmt", "OrgnlIntrBkSttlmAmt", "InstdAmt"}

// typed checks what an element without parts holds.
func (n node) typed() error {
	name := n.XMLName.Local
	for shape, names := range shapes {
		if (slices.Contains(names, name) || slices.Contains(names, n.within+"/"+name)) && !shape.MatchString(strings.TrimSpace(n.Text)) {
			return fmt.Errorf("%q is not of its type", n.Text)
		}
	}
	if slices.Contains(sums, name) && (len(n.Attributes) != 1 || n.Attributes[0].Name.Local != "Ccy" || len(n.Attributes[0].Value) != 3) {
		return fmt.Errorf("lacks its currency")
	}
	return nil
}
