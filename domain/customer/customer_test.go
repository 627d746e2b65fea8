package customer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/domaintest"
	"florin/domain/id"
)

var (
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	ada   = id.Named[id.Customer]("ada")
	eve   = id.Named[id.Customer]("eve")
	totp  = id.Named[id.Factor]("totp")
	claim = id.Named[id.Claim]("ada")
	phone = id.Named[id.Device]("phone")

	enrol = customer.Enrol{
		Customer: ada, UserName: domain.NewProfile("ada"), Name: domain.NewProfile("Ada"), Claims: []id.Claim{claim},
		Password: "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA", TOTP: totp, Status: customer.Active, At: noon,
	}
	enrolled = customer.Enrolled(enrol)
	erasing  = customer.ErasureRequested{Requester: "customer", LegalBasis: "gdpr-17-1-b", At: noon}
	erased   = customer.Erased{At: noon}
)

func given(events ...customer.Event) []customer.Event { return events }

func with(change func(*customer.Enrol)) customer.Enrol { c := enrol; change(&c); return c }

func TestEnrolment(t *testing.T) {
	t.Parallel()
	domaintest.Run[customer.State](t, []domaintest.Case[customer.Command, customer.Event]{
		{Name: "a person becomes a customer", When: enrol, Then: given(enrolled)},
		{Name: "once", Given: given(enrolled), When: enrol, Refused: customer.ErrExists},
		{Name: "not again after erasure", Given: given(enrolled, erasing, erased), When: enrol, Refused: customer.ErrExists},
		{Name: "a password in clear is never taken", When: with(func(c *customer.Enrol) { c.Password = "correct horse" }), Refused: customer.ErrIncomplete},
		{Name: "not without a password", When: with(func(c *customer.Enrol) { c.Password = "" }), Refused: customer.ErrIncomplete},
		{Name: "not without a name to log in with", When: with(func(c *customer.Enrol) { c.Claims = nil }), Refused: customer.ErrIncomplete},
		{Name: "not without a first factor", When: with(func(c *customer.Enrol) { c.TOTP = id.Factor{} }), Refused: customer.ErrIncomplete},
		{Name: "nobody begins as closed", When: with(func(c *customer.Enrol) { c.Status = customer.ClosedDown }), Refused: customer.ErrIncomplete},
		{Name: "nobody begins without a status", When: with(func(c *customer.Enrol) { c.Status = "" }), Refused: customer.ErrIncomplete},
		{Name: "nobody is nobody's", When: customer.Activate{At: noon}, Refused: customer.ErrUnknown},
		{Name: "nobody cannot be erased", When: customer.RequestErasure{At: noon}, Refused: customer.ErrUnknown},
	})
}

func TestMeansOfAuthentication(t *testing.T) {
	t.Parallel()
	second := id.Named[id.Factor]("second")
	added := customer.FactorAdded{Factor: second, Type: customer.TypeTOTP, At: noon}
	used := customer.OTPUsed{Factor: totp, Step: 100, At: noon}
	young := customer.FactorAdded{Factor: second, Type: customer.TypeTOTP, Device: phone, UsableFrom: noon.Add(24 * time.Hour), At: noon}
	offered := customer.FactorOffered{Factor: second, Type: customer.TypeTOTP, ExpiresAt: noon.Add(10 * time.Minute), At: noon}
	add := customer.AddFactor{Factor: second, Type: customer.TypeTOTP, Device: phone, At: noon}
	tablet, late := id.Named[id.Device]("tablet"), noon.Add(10*time.Minute)
	bound, older := customer.DeviceBound{Device: phone, At: noon}, customer.DeviceBound{Device: tablet, At: noon.Add(-24 * time.Hour)}
	fresh := customer.DeviceBound{Device: tablet, At: noon.Add(-24*time.Hour + time.Second)}
	pay := customer.UseOTP{Factor: second, Step: 100, Payment: true, At: noon}
	approved := customer.FactorApproved{Factor: second, Device: tablet, At: noon}
	approve := customer.ApproveFactor(approved)
	domaintest.Run[customer.State](t, []domaintest.Case[customer.Command, customer.Event]{
		{Name: "a one-time password is spent", Given: given(enrolled), When: customer.UseOTP{Factor: totp, Step: 100, At: noon}, Then: given(used)},
		{Name: "once", Given: given(enrolled, used), When: customer.UseOTP{Factor: totp, Step: 100, At: noon}, Refused: customer.ErrOTPSpent},
		{Name: "and with it every older one", Given: given(enrolled, used), When: customer.UseOTP{Factor: totp, Step: 99, At: noon}, Refused: customer.ErrOTPSpent},
		{Name: "of a factor that is not the customer's", Given: given(enrolled), When: customer.UseOTP{Factor: second, Step: 100, At: noon}, Refused: customer.ErrFactor},
		{Name: "steps are counted for each factor", Given: given(enrolled, added, used), When: customer.UseOTP{Factor: second, Step: 100, At: noon}, Then: given(customer.OTPUsed{Factor: second, Step: 100, At: noon})},
		{Name: "nobody deceased logs in", Given: given(enrolled, customer.ReportedDeceased{At: noon}), When: customer.UseOTP{Factor: totp, Step: 1, At: noon}, Refused: customer.ErrEnded},
		{Name: "nobody who is being erased logs in", Given: given(enrolled, erasing), When: customer.UseOTP{Factor: totp, Step: 1, At: noon}, Refused: customer.ErrEnded},
		{Name: "the last factor stays", Given: given(enrolled), When: customer.RemoveFactor{Factor: totp, At: noon}, Refused: customer.ErrLastFactor},
		{Name: "nor does a factor that is still waiting take its place", Given: given(enrolled, young), When: customer.RemoveFactor{Factor: totp, At: noon}, Refused: customer.ErrLastFactor},
		{Name: "the waiting one itself can go", Given: given(enrolled, young), When: customer.RemoveFactor{Factor: second, At: noon}, Then: given(customer.FactorRemoved{Factor: second, At: noon})},
		{Name: "a factor is offered", Given: given(enrolled), When: customer.OfferFactor{Factor: second, Type: customer.TypeTOTP, At: noon}, Then: given(offered)},
		{Name: "a factor of a kind nobody knows is not offered", Given: given(enrolled), When: customer.OfferFactor{Factor: second, Type: "sms", At: noon}, Refused: customer.ErrFactorType},
		{Name: "an offered factor is confirmed, and waits a day", Given: given(enrolled, offered), When: add, Then: given(young)},
		{Name: "one that was never offered is not", Given: given(enrolled), When: add, Refused: customer.ErrFactorOffer},
		{Name: "nor after the offer's time", Given: given(enrolled, offered), When: customer.AddFactor{Factor: second, Type: customer.TypeTOTP, At: late}, Refused: customer.ErrFactorOffer},
		{Name: "a newer offer of the same type replaces it", Given: given(enrolled, offered, customer.FactorOffered{Factor: totp, Type: customer.TypeTOTP, ExpiresAt: late, At: noon}), When: add, Refused: customer.ErrFactorOffer},
		{Name: "a new factor logs in", Given: given(enrolled, young), When: customer.UseOTP{Factor: second, Step: 100, At: noon}, Then: given(customer.OTPUsed{Factor: second, Step: 100, At: noon})},
		{Name: "but authorises no payment", Given: given(enrolled, young), When: pay, Refused: customer.ErrFactorWaits},
		{Name: "until a day has passed", Given: given(enrolled, young), When: customer.UseOTP{Factor: second, Step: 100, Payment: true, At: noon.Add(24 * time.Hour)}, Then: given(customer.OTPUsed{Factor: second, Step: 100, At: noon.Add(24 * time.Hour)})},
		{Name: "or an older device approves it", Given: given(enrolled, bound, older, young, approved), When: pay, Then: given(customer.OTPUsed{Factor: second, Step: 100, At: noon})},
		{Name: "another device approves", Given: given(enrolled, bound, older, young), When: approve, Then: given(approved)},
		{Name: "one that is hardly a day older does not", Given: given(enrolled, bound, fresh, young), When: approve, Refused: customer.ErrFactorApproval},
		{Name: "the device that added it does not", Given: given(enrolled, bound, young), When: customer.ApproveFactor{Factor: second, Device: phone, At: noon}, Refused: customer.ErrFactorApproval},
		{Name: "nor one that came after it", Given: given(enrolled, bound, young, older), When: approve, Refused: customer.ErrFactorApproval},
		{Name: "nor one that is somebody else's", Given: given(enrolled, bound, young), When: approve, Refused: customer.ErrFactorApproval},
		{Name: "what does not wait is not approved", Given: given(enrolled, bound, older, young, approved), When: approve, Refused: customer.ErrFactorSettled},
		{Name: "a factor that is not there is not approved", Given: given(enrolled, bound, older), When: approve, Refused: customer.ErrFactor},
		{Name: "a factor that is not there cannot go", Given: given(enrolled), When: customer.RemoveFactor{Factor: second, At: noon}, Refused: customer.ErrFactor},
		{Name: "the first factor can go after another came", Given: given(enrolled, added), When: customer.RemoveFactor{Factor: totp, At: noon}, Then: given(customer.FactorRemoved{Factor: totp, At: noon})},
		{Name: "a factor of a kind nobody knows", Given: given(enrolled), When: customer.AddFactor{Factor: second, Type: "sms", At: noon}, Refused: customer.ErrFactorType},
		{Name: "adding what is there changes nothing", Given: given(enrolled), When: customer.AddFactor{Factor: totp, Type: customer.TypeTOTP, At: noon}},
		{Name: "a password in clear is not set", Given: given(enrolled), When: customer.ChangePassword{Password: "hunter2", At: noon}, Refused: customer.ErrIncomplete},
		{Name: "a closed customer sets no password", Given: given(enrolled, customer.Closed{At: noon}), When: customer.ChangePassword{Password: enrol.Password, At: noon}, Refused: customer.ErrEnded},
		{Name: "a third party's tokens are noted", Given: given(enrolled), When: customer.JoinThirdParty{Session: id.Named[id.Session]("s"), At: noon}, Then: given(customer.ThirdPartyJoined{Session: id.Named[id.Session]("s"), At: noon})},
		{Name: "and once", Given: given(enrolled, customer.ThirdPartyJoined{Session: id.Named[id.Session]("s"), At: noon}), When: customer.JoinThirdParty{Session: id.Named[id.Session]("s"), At: noon}},
		{Name: "a device is bound", Given: given(enrolled), When: customer.BindDevice{Device: phone, At: noon}, Then: given(customer.DeviceBound{Device: phone, At: noon})},
		{Name: "once", Given: given(enrolled, customer.DeviceBound{Device: phone, At: noon}), When: customer.BindDevice{Device: phone, At: noon}},
	})
}

func TestStatusAndErasure(t *testing.T) {
	t.Parallel()
	restricted, dead, closed := customer.Restricted{Reason: "kyc", At: noon}, customer.ReportedDeceased{At: noon}, customer.Closed{Reason: "wish", At: noon}
	domaintest.Run[customer.State](t, []domaintest.Case[customer.Command, customer.Event]{
		{Name: "a restriction is lifted", Given: given(enrolled, restricted), When: customer.Activate{At: noon}, Then: given(customer.Activated{At: noon})},
		{Name: "restricting twice changes nothing", Given: given(enrolled, restricted), When: customer.Restrict{Reason: "kyc", At: noon}},
		{Name: "the dead are not activated", Given: given(enrolled, dead), When: customer.Activate{At: noon}, Refused: customer.ErrEnded},
		{Name: "the dead are not restricted", Given: given(enrolled, dead), When: customer.Restrict{At: noon}, Refused: customer.ErrEnded},
		{Name: "a closed customer is not activated", Given: given(enrolled, closed), When: customer.Activate{At: noon}, Refused: customer.ErrEnded},
		{Name: "closing twice changes nothing", Given: given(enrolled, closed), When: customer.Close{At: noon}},
		{Name: "erasure is asked for", Given: given(enrolled), When: customer.RequestErasure{Requester: "customer", LegalBasis: "gdpr-17-1-b", At: noon}, Then: given(erasing)},
		{Name: "asking again changes nothing", Given: given(enrolled, erasing), When: customer.RequestErasure{At: noon}},
		{Name: "a closed customer can ask", Given: given(enrolled, closed), When: customer.RequestErasure{Requester: "operator", At: noon}, Then: given(customer.ErasureRequested{Requester: "operator", At: noon})},
		{Name: "nobody is activated while being erased", Given: given(enrolled, erasing), When: customer.Activate{At: noon}, Refused: customer.ErrEnded},
		{Name: "erasure is not finished before it is asked for", Given: given(enrolled), When: customer.FinishErasure{At: noon}, Refused: customer.ErrNotErasing},
		{Name: "erasure is finished", Given: given(enrolled, erasing), When: customer.FinishErasure{At: noon}, Then: given(erased)},
		{Name: "once", Given: given(enrolled, erasing, erased), When: customer.FinishErasure{At: noon}},
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	take := customer.Take{Claim: claim, Type: "email", Customer: ada, At: noon}
	taken := customer.Taken(take)
	stolen := take
	stolen.Customer = eve
	domaintest.Run[customer.Name](t, []domaintest.Case[customer.NameCommand, customer.NameEvent]{
		{Name: "a free name is taken", When: take, Then: []customer.NameEvent{taken}},
		{Name: "nobody else can have it", Given: []customer.NameEvent{taken}, When: stolen, Refused: customer.ErrTaken},
		{Name: "its holder has it already", Given: []customer.NameEvent{taken}, When: take},
		{Name: "nobody else can release it", Given: []customer.NameEvent{taken}, When: customer.Release{Customer: eve, At: noon}},
		{Name: "releasing what is free changes nothing", When: customer.Release{Customer: ada, At: noon}},
		{Name: "released, it is free for others", Given: []customer.NameEvent{taken, customer.Released{At: noon}}, When: stolen, Then: []customer.NameEvent{customer.Taken(stolen)}},
	})
}

func TestStatesAreNotSharedBetweenRuns(t *testing.T) {
	t.Parallel()
	var before customer.State
	for _, event := range given(enrolled, customer.DeviceBound{Device: phone, At: noon}) {
		before = before.Evolve(event)
	}
	after := before.Evolve(customer.OTPUsed{Factor: totp, Step: 7, At: noon})
	_ = before.Evolve(customer.DeviceBound{Device: id.Named[id.Device]("other"), At: noon})
	require.Zero(t, before.Factors[0].LastStep)
	require.EqualValues(t, 7, after.Factors[0].LastStep)
	require.Len(t, before.Devices, 1)
}
