package commands

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/domain/recovery"
	"florin/domain/session"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/eventbus/eventbustest"
)

const another = "eight wooden horses"

// verify has a customer's e-mail confirmed by its code.
func (b *branch) verify(t Tokens, of person) {
	b.t.Helper()
	_, err := b.contact(t, of.name+"@example.org", "")
	require.NoError(b.t, err)
	_, err = b.contact(t, of.name+"@example.org", b.sent("contact-code"))
	require.NoError(b.t, err)
	b.told()
}

// lost is a customer with a verified e-mail, a list of recovery codes and a phone of
// their own.
func (b *branch) lost(name string) (person, *handset, Tokens, []string) {
	b.t.Helper()
	of, own := b.enrol(name), b.phone(home)
	tokens := own.login(of)
	b.told()
	b.verify(tokens, of)
	list, _, err := b.bank.Factors().MakeRecoveryCodes(background, b.as(tokens))
	require.NoError(b.t, err)
	b.told()
	return of, own, tokens, list.Codes
}

// signs is an order that a phone's key signs under an idempotency key.
func (h *handset) signs(key string) Order {
	order := h.branch.order(h.ip)
	order.Caller.ActorType, order.Caller.Actor, order.Caller.Device = ActorDevice, h.id.UUID(), h.id
	order.ID, order.Intent = CommandID(ActorDevice, h.id.UUID(), key), []byte(key)
	return order
}

func (h *handset) recover(name, what string) (id.Recovery, error) {
	answer, _, err := h.branch.bank.Recoveries().Begin(background, h.signs(uuid.NewString()), BeginRecovery{JKT: h.jkt, UserName: name, For: what})
	return answer.Recovery, err
}

func (h *handset) complete(ask CompleteRecovery) (RecoveryAnswer, Outcome, error) {
	ask.JKT = h.jkt
	return h.branch.bank.Recoveries().Complete(background, h.signs(uuid.NewString()), ask)
}

var yes = true

func TestOneOfManyCompletionsWins(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, own, _, codes := b.lost("ada")
	of, err := own.recover("ada", recovery.Password)
	require.NoError(t, err)
	code, head := b.sent("recovery-code"), b.head()
	failures := together(20, func(i int) error {
		_, _, err := own.complete(CompleteRecovery{Recovery: of, Code: code, RecoveryCode: codes[i%10], Password: fmt.Sprint("another wooden horse ", i)})
		return err
	})
	require.Equal(t, 1, succeeded(failures))
	for _, err := range failures {
		if err != nil {
			require.ErrorIs(t, err, recovery.ErrRefused)
		}
	}
	require.Equal(t, writing{1, []string{"recovery.completed", "customer.recovery_code_used", "customer.password_changed", "customer.recovered", "session.revoked", "attempt.reset"}},
		b.since(head), "all of it in one commit, and nothing of the others")
	state, err := b.bank.customers.look(background, ada.id)
	require.NoError(t, err)
	require.Equal(t, 9, state.RecoveryCodesLeft())
}

func TestFiftyGuessesAtOnceAreFiveTries(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	_, own, _, _ := b.lost("ada")
	for _, name := range []string{"ada", "nobody"} {
		of, err := own.recover(name, recovery.Unlock)
		require.NoError(t, err)
		head := b.head()
		for _, err := range together(50, func(i int) error {
			_, _, err := own.complete(CompleteRecovery{Recovery: of, Code: fmt.Sprintf("x%05d", i), SCA: &yes})
			return err
		}) {
			require.ErrorIs(t, err, recovery.ErrRefused)
		}
		require.Equal(t, writing{5, slices.Repeat([]string{"recovery.failed"}, 5)}, b.since(head), name)
	}
}

func TestARecoveryCodeOpensOneOfTwoDoors(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	_, _, _, codes := b.lost("ada")
	phones, all, sent := []*handset{b.phone(abroad), b.phone(abroad)}, make([]id.Recovery, 2), make([]string, 2)
	for i, phone := range phones {
		var err error
		all[i], err = phone.recover("ada", recovery.Password)
		require.NoError(t, err)
		sent[i] = b.sent("recovery-code")
	}
	failures := together(2, func(i int) error {
		_, _, err := phones[i].complete(CompleteRecovery{Recovery: all[i], Code: sent[i], RecoveryCode: codes[0], Password: another})
		return err
	})
	require.Equal(t, 1, succeeded(failures))
}

func TestObjectionAndCompletionAtOnce(t *testing.T) {
	t.Parallel()
	for round := range 4 {
		b := newBranch(t)
		ada, own, tokens, _ := b.lost("ada")
		permit, _, err := b.bank.Recoveries().Permit(background, b.system(), PermitRecovery{Customer: ada.id, For: recovery.Factors, Reason: "identified-at-desk", Phone: domain.NewProfile("+491709999999")})
		require.NoError(t, err)
		b.told()
		b.pass(customer.PermitWait)
		fresh := b.phone(abroad)
		of, err := fresh.recover("ada", recovery.Factors)
		require.NoError(t, err)
		code := b.sent("recovery-code")
		failures := together(2, func(i int) error {
			if i == round%2 {
				_, err := b.bank.Recoveries().Object(background, b.as(tokens), permit.Recovery)
				return err
			}
			_, _, err := fresh.complete(CompleteRecovery{Recovery: of, Code: code, RecoveryCode: permit.Code, Password: another})
			return err
		})
		require.Equal(t, 1, succeeded(failures), "one of them: %v", failures)
		state, err := b.bank.devices.look(background, own.id)
		require.NoError(t, err)
		require.Equal(t, failures[round%2] != nil, state.Revoked)
	}
}

// Every write fails before and after it was kept: the same order again leads to the
// same end, once.
func TestACompletionSurvivesEveryFault(t *testing.T) {
	t.Parallel()
	for _, fault := range []eventbustest.Fault{eventbustest.FailsKept, eventbustest.FailsLost, eventbustest.Fences} {
		b := newBranch(t)
		ada, own, _, codes := b.lost("ada")
		of, err := own.recover("ada", recovery.Factors)
		require.NoError(t, err)
		ask := CompleteRecovery{Recovery: of, JKT: own.jkt, Code: b.sent("recovery-code"), RecoveryCode: codes[3], Password: another}
		order, head := own.signs("k"), b.head()
		b.log.journal.Script(func(n int) eventbustest.Fault {
			if n == 1 {
				return fault
			}
			return eventbustest.Works
		})
		first, _, err := b.bank.Recoveries().Complete(background, order, ask)
		if _, unknown := errors.AsType[*eventbus.UnknownOutcome](err); !unknown {
			require.NoError(t, err)
		}
		b.restart()
		second, _, err := b.bank.Recoveries().Complete(background, order, ask)
		require.NoError(t, err)
		require.True(t, second.Done)
		if first.Done {
			require.Equal(t, first, second)
		}
		require.Equal(t, 1, b.since(head).commits)
		state, err := b.bank.customers.look(background, ada.id)
		require.NoError(t, err)
		require.Equal(t, 9, state.RecoveryCodesLeft())
		require.Len(t, state.TOTPs(), 1)
		for _, text := range []string{ask.Code, ask.RecoveryCode, second.Secret, another} {
			require.False(t, b.holds(text), "the log holds %q", text)
		}
	}
}

// Twenty payments and a recovery at once: none follows the recovery in the log.
func TestNoPaymentOvertakesARecovery(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, own, tokens, _ := b.lost("ada")
	eve := b.enrol("eve")
	open := func(order Order, of id.Customer) id.Account {
		opened, _, err := b.bank.Accounts().Open(background, order, OpenAccount{Customer: of, Name: domain.NewProfile("A"), Currency: "EUR"})
		require.NoError(t, err)
		return opened.Account
	}
	from, to := open(b.as(tokens), ada.id), open(b.as(b.phone(abroad).login(eve)), eve.id)
	_, _, err := b.bank.Deposits().Deposit(background, b.system(), MakeDeposit{To: from, Amount: euros(100_000)})
	require.NoError(t, err)
	b.told()
	of, err := own.recover("ada", recovery.Password)
	require.NoError(t, err)
	code := b.sent("recovery-code")
	var done [21]bool
	failures := together(21, func(i int) error {
		if i == 10 {
			_, _, err := own.complete(CompleteRecovery{Recovery: of, Code: code, SCA: &yes, Password: another})
			return err
		}
		answer, _, err := b.bank.Transfers().Initiate(background, b.as(tokens), InitiateTransfer{From: from, To: to, Amount: euros(100)})
		done[i] = err == nil && answer.Status == transfer.Done // after the fifth she is asked to confirm (RTS art. 16)
		return err
	})
	require.NoError(t, failures[10])
	recovered, paid := false, 0
	for _, kind := range b.since(0).kinds {
		recovered = recovered || kind == "customer.recovered"
		if kind == "transfer.posted" {
			paid++
			require.False(t, recovered, "money left after the recovery")
		}
	}
	for i, err := range failures {
		if i != 10 && err != nil {
			require.ErrorIs(t, err, customer.ErrPaused)
		}
	}
	told := 0
	for _, done := range done {
		if done {
			told++
		}
	}
	require.Equal(t, told, paid)
}

func TestTheSameOrderBeginsOneRecovery(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.lost("ada")
	fresh := b.phone(abroad)
	order := fresh.signs("k")
	first, _, err := b.bank.Recoveries().Begin(background, order, BeginRecovery{JKT: fresh.jkt, UserName: "ada", For: recovery.Password})
	require.NoError(t, err)
	head := b.head()
	b.restart()
	b.pass(time.Minute)
	again, outcome, err := b.bank.Recoveries().Begin(background, order, BeginRecovery{JKT: fresh.jkt, UserName: "ada", For: recovery.Password})
	require.NoError(t, err)
	require.True(t, outcome.Replayed)
	require.Equal(t, first, again)
	require.Equal(t, head, b.head(), "not another attempt, not another letter")
	b.sent("recovery-code")
}

func TestOwnNamesAreNoPasswordAndThatIsToldToTheOwnerAlone(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	_, own, _, codes := b.lost("wilhelmina")
	of, err := own.recover("wilhelmina", recovery.Password)
	require.NoError(t, err)
	ask := CompleteRecovery{Recovery: of, Code: b.sent("recovery-code"), RecoveryCode: codes[0], Password: "wilhelmina1815"}
	guess := ask
	guess.RecoveryCode = "AAAA-AAAA-AAAA-AAAA"
	_, _, err = own.complete(guess)
	require.ErrorIs(t, err, recovery.ErrRefused, "a stranger learns nothing of the name")
	head := b.head()
	_, _, err = own.complete(ask)
	require.ErrorIs(t, err, ErrPassword)
	require.Equal(t, head, b.head(), "and the owner chooses another")
	ask.Password = another
	_, _, err = own.complete(ask)
	require.NoError(t, err)
}

// Who knows the old password, and has shown it, does not get in with it a step later.
func TestALoginUnderWayDoesNotOutliveThePassword(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, own, tokens, codes := b.lost("ada")
	thief := b.phone(abroad)
	half := func() LoginStep {
		b.pass(totpPeriod)
		answer, err := thief.challenge(thief.first("ada", secret))
		require.NoError(t, err)
		return LoginStep{AuthSession: answer.AuthSession, JKT: thief.jkt, OTP: b.otp(ada)}
	}
	changed := half()
	b.pass(time.Second)
	_, err := b.bank.Customers().ChangePassword(background, b.as(tokens), ada.id, another)
	require.NoError(t, err)
	_, err = thief.challenge(changed)
	require.ErrorIs(t, err, grant.ErrDenied)
	_, err = b.bank.Customers().ChangePassword(background, b.as(tokens), ada.id, secret)
	require.NoError(t, err)
	b.told()

	recovered := half()
	b.pass(totpPeriod)
	code, err := own.try("ada", secret, "") // under way, and not redeemed yet
	require.NoError(t, err)
	of, err := own.recover("ada", recovery.Password)
	require.NoError(t, err)
	b.pass(time.Second)
	_, _, err = own.complete(CompleteRecovery{Recovery: of, Code: b.sent("recovery-code"), RecoveryCode: codes[0], Password: another})
	require.NoError(t, err)
	recovered.OTP = b.otp(ada)
	_, err = thief.challenge(recovered)
	require.ErrorIs(t, err, grant.ErrDenied)
	_, err = own.redeem(code)
	require.ErrorIs(t, err, session.ErrGrant)
}

// A closed, dead or erased customer is like nobody: no letter, no way in.
func TestNobodyComesBackFromTheEnd(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	for name, end := range map[string]func(id.Customer) (Outcome, error){
		"closed": func(of id.Customer) (Outcome, error) {
			return b.bank.Customers().Close(background, b.system(), of, "wish")
		},
		"dead": func(of id.Customer) (Outcome, error) {
			return b.bank.Customers().ReportDeath(background, b.system(), of)
		},
		"erasing": func(of id.Customer) (Outcome, error) {
			return b.bank.Customers().RequestErasure(background, b.system(), of, "gdpr-17-1-b")
		},
	} {
		who, own, _, codes := b.lost(name)
		of, err := own.recover(name, recovery.Password)
		require.NoError(t, err)
		code := b.sent("recovery-code")
		_, err = end(who.id)
		require.NoError(t, err)
		b.told()
		_, _, err = own.complete(CompleteRecovery{Recovery: of, Code: code, RecoveryCode: codes[0], Password: another})
		require.ErrorIs(t, err, recovery.ErrRefused, name)
		_, err = own.recover(name, recovery.Password)
		require.NoError(t, err)
		require.Empty(t, b.told(), name)
		_, _, err = b.bank.Recoveries().Permit(background, b.system(), PermitRecovery{Customer: who.id, For: recovery.Factors, Reason: "x"})
		require.Error(t, err)
	}
}
