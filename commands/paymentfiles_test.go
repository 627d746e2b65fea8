package commands

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/eventbus"
)

// file sends one of a payment for each amount.
func (p *remitter) file(name string, minors ...int64) PaymentFileAnswer {
	p.t.Helper()
	return p.fileBy(p.by(alice), name, minors...)
}

func (p *remitter) fileBy(order Order, name string, minors ...int64) PaymentFileAnswer {
	p.t.Helper()
	ask := SubmitPaymentFile{Message: name, Group: "P-1", Debtor: p.number(p.from), Digest: "digest of " + name, Total: money.Amount{Currency: "EUR"}}
	for i, minor := range minors {
		ask.Total.Minor += minor
		ask.Items = append(ask.Items, p.item(minor))
		ask.Items[i].EndToEnd = fmt.Sprint("E-", i)
	}
	answer, _, err := p.bank.PaymentFiles().Submit(p.ctx(), order, ask)
	require.NoError(p.t, err)
	require.Equal(p.t, paymentfile.Pending, answer.Status)
	return answer
}

func (p *remitter) item(minor int64) FiledPayment {
	return FiledPayment{EndToEnd: "E", Creditor: "DE89370400440532013000", CreditorName: domain.NewEvidence("Bob Builder"), Amount: euros(minor)}
}

// number is the IBAN of an account.
func (p *remitter) number(of id.Account) iban.IBAN {
	p.t.Helper()
	_, number, err := p.bank.known(p.ctx(), of)
	require.NoError(p.t, err)
	return must(iban.Parse(number.Reveal()))
}

func (p *remitter) confirmFile(waits PaymentFileAnswer) {
	p.t.Helper()
	said := Confirmation{Method: MethodSCAKey, Text: waits.Challenge.Display.Reveal(), Proven: true}
	_, _, err := p.bank.PaymentFiles().Authorise(p.ctx(), p.by(alice), waits.File, said)
	require.NoError(p.t, err)
}

// told is the inbox, once the bank's processes stand still.
func (p *remitter) told(who id.Customer, since eventbus.Position) []string {
	p.t.Helper()
	p.end()
	return p.inbox(who, since)
}

func (p *remitter) fileIs(of id.PaymentFile, phase paymentfile.Phase) {
	p.t.Helper()
	state, err := p.bank.paymentFiles.look(p.ctx(), of)
	require.NoError(p.t, err)
	require.Equal(p.t, phase, state.Phase)
}

// completed are the ends of files that the log holds.
func (p *remitter) completed() (all []paymentfile.Completed) {
	p.t.Helper()
	for record, err := range p.log.ReadAll(p.ctx(), 0) {
		require.NoError(p.t, err)
		for _, event := range record.Events {
			if event.Kind == (paymentfile.Completed{}).Kind() {
				fact, err := p.bank.treaty.PaymentFiles.Decode(event.Kind, event.SchemaVersion, event.ID, event.Data)
				require.NoError(p.t, err)
				all = append(all, fact.(paymentfile.Completed))
			}
		}
	}
	return all
}

func TestAFileIsCompleteWhenItsLastPaymentIsOver(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	p.rail.next(RailAnswer{Status: RailAccepted})
	waits := p.file("one", 2_500, 600_000, 1_000)
	p.confirmFile(waits)
	p.settle()
	require.Equal(t, []payment.Phase{payment.Taken, payment.Declined, payment.Taken},
		[]payment.Phase{p.state(FilePayment(waits.File, 0)).Phase, p.state(FilePayment(waits.File, 1)).Phase, p.state(FilePayment(waits.File, 2)).Phase})
	require.Equal(t, waits.File, p.state(FilePayment(waits.File, 2)).File)
	p.fileIs(waits.File, paymentfile.Confirmed)

	p.rail.becomes(message(FilePayment(waits.File, 0)), RailAnswer{Status: RailSettled})
	p.pass(time.Minute)
	p.settle()
	p.fileIs(waits.File, paymentfile.Confirmed)
	_, _, err := p.bank.PaymentFiles().Complete(p.ctx(), p.operator(), waits.File)
	require.ErrorIs(t, err, paymentfile.ErrNotComplete, "one is still on its way")

	p.restart()
	p.settle()
	p.rail.becomes(message(FilePayment(waits.File, 2)), RailAnswer{Status: RailRejected, Reason: "AC04"})
	p.pass(time.Hour)
	p.settle()
	p.fileIs(waits.File, paymentfile.Over)
	require.Equal(t, []paymentfile.Completed{{Settled: 1, Failed: 2, At: p.completed()[0].At}}, p.completed())
	p.restart()
	p.settle()
	require.Len(t, p.completed(), 1, "however often it is heard")
	require.Equal(t, []string{"payment-file-challenged", "payment-rejected", "payment-rejected", "payment-file-part"}, p.told(alice, 0)[1:])
}

func TestWhatIsToldOfAFile(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		minors  []int64
		told    []string
		settled int64
	}{
		"all are made": {[]int64{100, 200}, []string{"payment-file-challenged", "payment-file-done"}, 2},
		"none is made": {[]int64{600_000, 700_000}, []string{"payment-file-challenged", "payment-rejected", "payment-rejected", "payment-file-rejected"}, 0},
		"one is made":  {[]int64{600_000, 200}, []string{"payment-file-challenged", "payment-rejected", "payment-file-part"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newRemitter(t)
			p.settle()
			mark := p.newest()
			p.confirmFile(p.file("one", tc.minors...))
			p.settle()
			require.Equal(t, tc.told, p.told(alice, mark))
			require.Equal(t, tc.settled, p.completed()[0].Settled)
		})
	}
	t.Run("nobody confirms it", func(t *testing.T) {
		t.Parallel()
		p := newRemitter(t)
		p.settle()
		mark := p.newest()
		waits := p.file("one", 100)
		p.settle()
		p.pass(time.Hour)
		p.settle()
		p.fileIs(waits.File, paymentfile.TimedOut)
		require.Equal(t, []string{"payment-file-challenged", "payment-file-expired"}, p.told(alice, mark))
	})
}

// What was wrong as it was sent never becomes a payment, and holds up no other: the file
// is complete without it, also after a restart in the middle.
func TestWhatWasWrongAsItWasSentIsNoPayment(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	p.rail.next(RailAnswer{Status: RailAccepted})
	ask := SubmitPaymentFile{Message: "one", Group: "P-1", Debtor: p.number(p.from), Digest: "digest", Total: euros(600)}
	for i, spoil := range []func(*FiledPayment){
		func(f *FiledPayment) { f.Creditor = "DE00" },
		func(*FiledPayment) {},
		func(f *FiledPayment) { f.CreditorName = domain.NewEvidence("a\u202eb") },
		func(f *FiledPayment) { f.Reference = domain.NewEvidence("two\nlines") },
		func(f *FiledPayment) { f.Agent = "nonsense" },
		func(*FiledPayment) {},
	} {
		one := p.item(100)
		one.EndToEnd = fmt.Sprint("E-", i)
		spoil(&one)
		ask.Items = append(ask.Items, one)
	}
	waits, _, err := p.bank.PaymentFiles().Submit(p.ctx(), p.by(alice), ask)
	require.NoError(t, err)
	said, err := p.bank.filed(p.ctx(), waits.File)
	require.NoError(t, err)
	var refused, kept []string
	for _, item := range said.Items() {
		refused, kept = append(refused, item.Refused), append(kept, item.Creditor.Reveal()+item.CreditorName.Reveal()+item.Reference.Reveal())
	}
	require.Equal(t, []string{"invalid-iban", "", "invalid-name", "invalid-reference", "invalid-bic", ""}, refused)
	require.Equal(t, []string{"Bob Builder", "DE89370400440532013000Bob Builder", "DE89370400440532013000", "DE89370400440532013000Bob Builder"}, kept[:4], "what cannot be one is not kept")
	p.confirmFile(waits)
	p.restart()
	p.settle()
	p.fileIs(waits.File, paymentfile.Confirmed)
	for i := range int64(6) {
		p.rail.becomes(message(FilePayment(waits.File, i)), RailAnswer{Status: RailSettled})
		want := payment.Absent
		if i == 1 || i == 5 {
			want = payment.Taken
		}
		require.Equal(t, want, p.state(FilePayment(waits.File, i)).Phase, "%d", i)
		_, _, err := p.bank.Payments().InitiateFiled(p.ctx(), SystemOrder("payment-files", waits.File.UUID(), fmt.Sprint("again ", i), p.now(), ofCustomer(alice)), waits.File, i)
		require.Error(t, err)
	}
	p.pass(time.Minute)
	p.settle()
	p.fileIs(waits.File, paymentfile.Over)
	require.Equal(t, []paymentfile.Completed{{Settled: 2, Failed: 4, At: p.completed()[0].At}}, p.completed())
}
