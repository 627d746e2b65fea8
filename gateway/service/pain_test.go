package service

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/money"
)

// FuzzPaymentFile reads whatever bytes: what is taken adds up, and is bounded.
func FuzzPaymentFile(f *testing.F) {
	const head = `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn><GrpHdr><MsgId>M</MsgId><NbOfTxs>1</NbOfTxs><CtrlSum>1.00</CtrlSum></GrpHdr>` +
		`<PmtInf><PmtInfId>P</PmtInfId><PmtMtd>TRF</PmtMtd><ReqdExctnDt><Dt>2020-01-01</Dt></ReqdExctnDt><DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>`
	const item = `<CdtTrfTxInf><PmtId><EndToEndId>E</EndToEndId></PmtId><Amt><InstdAmt Ccy="EUR">1.00</InstdAmt></Amt><Cdtr><Nm>B</Nm></Cdtr><CdtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></CdtrAcct></CdtTrfTxInf>`
	const tail = `</PmtInf></CstmrCdtTrfInitn></Document>`
	taken, err := fileOf([]byte(head+item+tail), "2026-01-01")
	require.NoError(f, err)
	require.Equal(f, int64(100), taken.Total.Minor)
	for _, seed := range []string{head + item + tail, head + item + item + tail, head + tail, "<!DOCTYPE a>" + head + item + tail, head + "<![CDATA[x]]>" + item + tail, item, "", "<Document/>",
		`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"/>`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := fileOf(data, "2026-01-01")
		if err != nil {
			return
		}
		sum := money.Amount{Currency: "EUR"}
		for _, one := range file.Items {
			require.True(t, one.Amount.IsPositive())
			sum = sum.Add(one.Amount)
		}
		require.Equal(t, sum, file.Total)
		require.NotEmpty(t, file.Items)
		require.False(t, file.Debtor.IsZero())
	})
}
