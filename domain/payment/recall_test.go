package payment_test

import (
	"testing"
	"time"

	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/payment"
)

func TestRecalls(t *testing.T) {
	t.Parallel()
	settled := after(sent(), payment.Settled{Journal: entry, At: noon}) // on a Friday
	day := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			panic(err)
		}
		return at
	}
	ask := func(reason string, at time.Time) payment.Recall {
		return payment.Recall{Asked: payment.Recalled{Recall: "C1", Reason: reason, By: id.Named[id.Customer]("alice"), At: at}}
	}
	asked := func(reason string, at, by time.Time) payment.Recalled {
		fact := ask(reason, at).Asked
		fact.AnswerBy = by
		return fact
	}
	by := day("2026-01-23T23:00:00Z") // the fifteenth banking day is over in Frankfurt
	recalled := after(settled, asked("FRAD", noon, by))
	no := payment.RecallDenied{Recall: "C1", Reason: "CUST", At: late}
	denied := after(recalled, no)
	again := func(times int) (given facts) {
		given = settled
		for range times {
			given = after(given, asked("CUST", noon, by), no)
		}
		return given
	}
	tech := ask("TECH", noon)
	tech.ByBank = true
	back := payment.Return{Return: "r1", Amount: money.Amount{Minor: 1200, Currency: "EUR"}, Reason: "FOCR", Journal: entry, At: late}
	returned := after(recalled, payment.Returned(back))
	delayed := payment.RecallDelayed{Recall: "C1", Since: noon, At: by}
	lastDup, lastFraud := day("2026-01-16T22:59:59Z"), day("2027-02-02T11:59:59Z")
	domaintest.Run[payment.State](t, []row{
		{Name: "what the other bank has is recalled", Given: settled, When: ask("FRAD", noon), Then: facts{asked("FRAD", noon, by)}},
		{Name: "a duplicate for ten banking days", Given: settled, When: ask("DUPL", lastDup), Then: facts{asked("DUPL", lastDup, day("2026-02-06T23:00:00Z"))}},
		{Name: "and not for eleven", Given: settled, When: ask("DUPL", lastDup.Add(time.Second)), Refused: payment.ErrRecallTooLate},
		{Name: "fraud for thirteen months", Given: settled, When: ask("FRAD", lastFraud), Then: facts{asked("FRAD", lastFraud, day("2027-02-23T23:00:00Z"))}},
		{Name: "and not a second longer", Given: settled, When: ask("FRAD", lastFraud.Add(time.Second)), Refused: payment.ErrRecallTooLate},
		{Name: "a wrong account too", Given: settled, When: ask("AC03", lastFraud.Add(time.Second)), Refused: payment.ErrRecallTooLate},
		{Name: "the bank's own error is recalled by the bank", Given: settled, When: tech,
			Then: facts{payment.Recalled{Recall: "C1", Reason: "TECH", By: tech.Asked.By, AnswerBy: by, At: noon}}},
		{Name: "and by nobody else", Given: settled, When: ask("TECH", noon), Refused: payment.ErrRecallReason},
		{Name: "a recall has a reason of the scheme", Given: settled, When: ask("NARR", noon), Refused: payment.ErrRecallReason},
		{Name: "and has one", Given: settled, When: ask("", noon), Refused: payment.ErrRecallReason},
		{Name: "nothing is not recalled", When: ask("FRAD", noon), Refused: payment.ErrMissing},
		{Name: "what has not left is cancelled and not recalled", Given: ready(), When: ask("FRAD", noon), Refused: payment.ErrNotRecallable},
		{Name: "what is on its way cannot be recalled yet", Given: sent(), When: ask("FRAD", noon), Refused: payment.ErrNotRecallable},
		{Name: "what came back is not recalled", Given: after(settled, payment.Returned(back)), When: ask("FRAD", noon), Refused: payment.ErrNotRecallable},
		{Name: "one recall at a time", Given: recalled, When: ask("CUST", late), Refused: payment.ErrRecallRuns},
		{Name: "after a no it may be asked again", Given: denied, When: ask("CUST", noon), Then: facts{asked("CUST", noon, by)}},
		{Name: "but not for ever", Given: again(payment.RecallsMax), When: ask("FRAD", noon), Refused: payment.ErrRecallsUsed},
		{Name: "the other bank keeps the money", Given: recalled, When: payment.DenyRecall(no), Then: facts{no}},
		{Name: "a no has a reason", Given: recalled, When: payment.DenyRecall{Recall: "C1", Reason: "because", At: late}, Refused: payment.ErrReason},
		{Name: "a no is about this recall", Given: recalled, When: payment.DenyRecall{Recall: "C2", Reason: "CUST", At: late}, Refused: payment.ErrNotRecalled},
		{Name: "a no is said once", Given: denied, When: payment.DenyRecall(no), Refused: payment.ErrNotRecalled},
		{Name: "nobody denies what nobody asked", Given: settled, When: payment.DenyRecall(no), Refused: payment.ErrNotRecalled},
		{Name: "nor of nothing", When: payment.DenyRecall(no), Refused: payment.ErrMissing},
		{Name: "the money comes back", Given: recalled, When: back, Then: facts{payment.Returned(back)}},
		{Name: "once", Given: returned, When: back, Refused: payment.ErrNotReturnable},
		{Name: "which ends the recall", Given: returned, When: payment.DenyRecall(no), Refused: payment.ErrNotRecalled},
		{Name: "it may come back after a no", Given: denied, When: back, Then: facts{payment.Returned(back)}},
		{Name: "silence is looked into when the time is over", Given: recalled, When: payment.DelayRecall{At: by}, Then: facts{delayed}},
		{Name: "and not before", Given: recalled, When: payment.DelayRecall{At: by.Add(-time.Second)}, Refused: payment.ErrNotRecalled},
		{Name: "once", Given: after(recalled, delayed), When: payment.DelayRecall{At: by}, Refused: payment.ErrNotRecalled},
		{Name: "a late no counts", Given: after(recalled, delayed), When: payment.DenyRecall(no), Then: facts{no}},
		{Name: "what was answered is not late", Given: denied, When: payment.DelayRecall{At: by}, Refused: payment.ErrNotRecalled},
	})
}
