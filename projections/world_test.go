package projections

import (
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/batch"
	"florin/domain/customer"
	"florin/domain/device"
	"florin/domain/id"
	"florin/domain/notification"
	"florin/domain/paymentfile"
	"florin/domain/session"
	"florin/domain/signing"
	"florin/domain/standing"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/schemas/seal"
)

// world is a small bank in which everything has happened once.
type world struct {
	*bank
	anna, bert, cleo    id.Customer // active; restricted; to be erased
	annas, berts        id.Account
	phone, lost         id.Device
	session, ended      id.Session
	posted, challenged  id.Transfer
	wanted, nobodys     id.Incoming
	confirmed, rejected id.Transfer
	expired, original   id.Transfer
	returned, silent    id.Payment
	collected, refused  id.DirectDebit
	gas, water          id.Mandate
	reversal            id.Transfer
	card                id.Card // of cleo's, who has an account of her own
	purchase            id.Authorisation
	correlation         uuid.UUID
	entries             []id.Notification // of anna: the oldest, and the newest
	readAt              eventbus.Position // of the newest
	postedAt, heldAt    eventbus.Position
	annasBalance        int64
}

const hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"

func (b *bank) enrol() id.Customer {
	c := id.From[id.Customer](b.uuid())
	p := b.part(c.Stream(), customer.Enrolled{Customer: c, UserName: domain.NewProfile(canary + "user"), Phone: domain.NewProfile(canary + "+491"),
		Email: domain.NewProfile(canary + "mail"), Name: domain.NewProfile(canary + "name"), Claims: []id.Claim{id.From[id.Claim](b.uuid())},
		Password: hash, TOTP: id.From[id.Factor](b.uuid()), Status: customer.Active, At: b.now})
	p.subject = seal.Subject{Kind: "customer", ID: c.UUID()}
	b.commit(eventbus.Header{ActorType: "customer", Actor: c.UUID()}, p)
	return c
}

func (b *bank) registered(name string) id.Device {
	d := id.Named[id.Device](name)
	key := domain.PublicKey{Algorithm: "ES256", Type: "EC", Curve: "P-256", X: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", Y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
	b.commit(eventbus.Header{ActorType: "anonymous"}, b.part(d.Stream(), device.Registered{Device: d, JKT: key.Thumbprint(), Key: key, SCAKey: key,
		Platform: "test", OS: "os 1", Model: "m", AppVersion: "1.0", Fingerprint: domain.NewProfile(canary + "print"), Attestation: "none", At: b.now}))
	return d
}

func (b *bank) login(c id.Customer, d id.Device) id.Session {
	s := id.From[id.Session](b.uuid())
	b.commit(eventbus.Header{ActorType: "customer", Actor: c.UUID(), Device: d.UUID(), Session: s.UUID()},
		b.part(s.Stream(),
			session.Started{Session: s, Customer: c, Client: id.Named[id.Client]("florin-app"), Device: d, Grant: id.From[id.Grant](b.uuid()),
				JKT: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", Scopes: []string{"openid", "accounts.read"}, ACR: "urn:florin:acr:mfa", AMR: []string{"pwd", "otp"},
				AuthTime: b.now, ExpiresAt: b.now.Add(90 * 24 * time.Hour), At: b.now},
			session.TokenIssued{JTI: "j1", Generation: 1, RefreshHash: "h1", ACR: "urn:florin:acr:mfa", Scopes: []string{"openid"}, ExpiresAt: b.now.Add(time.Hour), At: b.now},
			session.TokenRefreshed{JTI: "j2", Generation: 2, RefreshHash: "h2", ACR: "urn:florin:acr:mfa", Scopes: []string{"openid"}, ExpiresAt: b.now.Add(time.Hour), At: b.now},
			session.TokenRepeated{JTI: "j3", Generation: 2, ACR: "urn:florin:acr:mfa", Scopes: []string{"openid"}, ExpiresAt: b.now.Add(time.Hour), At: b.now},
			session.TokenRefused{Reason: "wrong-key", Generation: 2, At: b.now},
			session.Elevated{Grant: id.From[id.Grant](b.uuid()), ACR: "urn:florin:acr:sca", AMR: []string{"sca-key"}, AuthTime: b.now, At: b.now}),
		b.part(d.Stream(), device.Bound{Customer: c, Grant: id.From[id.Grant](b.uuid()), At: b.now}, device.SessionJoined{Session: s, At: b.now}))
	return s
}

// challenge holds the funds of a transfer that waits for its customer.
func (b *bank) challenge(from, to id.Account, minor int64, c id.Customer) (id.Transfer, eventbus.Receipt) {
	of := id.From[id.Transfer](b.uuid())
	receipt := b.commit(eventbus.Header{ActorType: "customer", Actor: c.UUID()},
		b.part(of.Stream(), b.initiated(of, from, to, minor, c),
			transfer.Assessed{Outcome: transfer.Challenge, Score: 900, Policy: "fixed", Reasons: []string{"over-limit"}, At: b.now},
			transfer.Challenged{Challenge: id.From[id.Challenge](b.uuid()), Nonce: "n-1", Methods: []string{"sca-key", "totp"},
				Display: domain.NewEvidence(canary + "statement"), ExpiresAt: b.now.Add(5 * time.Minute), At: b.now}),
		b.part(from.Stream(), account.FundsReserved{Reservation: of.Stream(), Amount: eur(minor), At: b.now}))
	return of, receipt
}

// confirm captures what challenge has held.
func (b *bank) confirm(of id.Transfer, from, to id.Account, minor int64) {
	b.balances[from] -= minor
	b.commit(eventbus.Header{},
		b.part(of.Stream(), transfer.AuthorisationFailed{Challenge: id.From[id.Challenge](uuid.UUID{9}), Method: "totp", At: b.now},
			transfer.Authorised{Method: "sca-key", Challenge: id.From[id.Challenge](uuid.UUID{9}), Evidence: domain.NewEvidence(canary + "jws"), At: b.now},
			transfer.Posted{Legs: legs(b.t, from, to, minor), At: b.now}),
		b.part(from.Stream(), account.ReservationCaptured{Reservation: of.Stream(), Posting: of.Stream(), Amount: eur(minor), Balance: eur(b.balances[from]), At: b.now}),
		b.credit(to, of.Stream(), minor))
}

func newWorld(b *bank) *world {
	w := &world{bank: b, correlation: uuid.UUID{7, 7}}
	w.anna, w.bert, w.cleo = b.enrol(), b.enrol(), b.enrol()
	w.phone, w.lost = b.registered("phone"), b.registered("lost")
	w.session, w.ended = b.login(w.anna, w.phone), b.login(w.bert, w.lost)
	w.annas, w.berts = b.open(w.anna), b.open(w.bert)
	b.deposit(w.annas, 100_000)
	w.annasBalance = 100_000
	var receipt eventbus.Receipt
	w.posted, receipt = b.transfer(w.annas, w.berts, 1_000)
	w.postedAt = receipt.Last
	w.confirmed, _ = b.challenge(w.annas, w.berts, 5_000, w.anna)
	b.confirm(w.confirmed, w.annas, w.berts, 5_000)
	w.expired, _ = b.challenge(w.annas, w.berts, 7_000, w.anna)
	b.commit(eventbus.Header{}, b.part(w.expired.Stream(), transfer.Expired{At: b.now}),
		b.part(w.annas.Stream(), account.ReservationReleased{Reservation: w.expired.Stream(), Amount: eur(7_000), At: b.now}))
	w.challenged, receipt = b.challenge(w.annas, w.berts, 300, w.anna)
	w.heldAt = receipt.Last
	w.rejected = id.From[id.Transfer](b.uuid())
	b.commit(eventbus.Header{ActorType: "customer", Actor: w.anna.UUID(), Correlation: w.correlation},
		b.part(w.rejected.Stream(), b.initiated(w.rejected, w.annas, w.berts, 9_999_999, w.anna), transfer.Rejected{Code: "insufficient-funds", At: b.now}))
	w.reverse()
	w.annasBalance -= 1_000 + 5_000
	w.card, w.purchase = w.shop()
	b.commit(eventbus.Header{ActorType: "operator", Actor: uuid.UUID{5}, OnBehalfOf: w.bert.UUID(), Approver: uuid.UUID{6}, Reason: "court-order"},
		b.part(w.berts.Stream(), account.Frozen{Reason: "court-order", At: b.now}), b.part(w.bert.Stream(), customer.Restricted{Reason: "kyc", At: b.now}))
	b.commit(eventbus.Header{ActorType: "customer", Actor: w.bert.UUID()},
		b.part(w.lost.Stream(), device.Renamed{Name: domain.NewProfile(canary + "phone"), At: b.now}, device.ReportedLost{By: "customer", At: b.now}, device.Revoked{By: "customer", Reason: "lost", At: b.now}),
		b.part(w.ended.Stream(), session.Revoked{By: "system", Reason: "device-revoked", At: b.now}))
	w.pay()
	w.collect()
	w.receive()
	w.offer()
	w.close()
	w.many()
	w.tell()
	b.commit(eventbus.Header{}, b.part("signing/"+uuid.UUID{8}.String(), signing.Retired{KeyID: "kid-1", VerifyUntil: b.now, At: b.now}))
	return w
}

// many are a batch of each by itself, of which one is refused, a standing order, and a
// file of payments that is done with.
func (w *world) many() {
	of := id.From[id.Batch](w.uuid())
	w.commit(eventbus.Header{ActorType: "customer", Actor: w.anna.UUID()}, w.part(of.Stream(),
		batch.Submitted{Batch: of, Customer: w.anna, From: w.annas, Count: 2, Total: eur(200), Digest: "d", Mode: batch.Each, At: w.now},
		batch.Assessed{Outcome: batch.Allow, Policy: "p", At: w.now}, batch.Executed{Failed: 1, At: w.now}))
	order := id.From[id.StandingOrder](w.uuid())
	w.commit(eventbus.Header{ActorType: "customer", Actor: w.anna.UUID()}, w.part(order.Stream(),
		standing.Ordered{Order: order, Customer: w.anna, From: w.annas, To: w.berts, Amount: eur(100), Plan: standing.Plan{Frequency: standing.Monthly, First: "2026-02-01"}, Zone: "UTC", At: w.now},
		standing.Challenged{Challenge: id.From[id.Challenge](w.uuid()), Nonce: "n", Methods: []string{"totp"}, ExpiresAt: w.now, At: w.now}, standing.Expired{At: w.now}))
	file := id.From[id.PaymentFile](w.uuid())
	w.commit(eventbus.Header{ActorType: "customer", Actor: w.anna.UUID()}, w.part(file.Stream(),
		paymentfile.Submitted{File: file, Customer: w.anna, From: w.annas, Total: eur(300), Digest: "d", Count: 3, Message: domain.NewEvidence(canary + "MSG"), At: w.now},
		paymentfile.Challenged{Challenge: id.From[id.Challenge](w.uuid()), Nonce: "n", Methods: []string{"totp"}, ExpiresAt: w.now, At: w.now},
		paymentfile.Authorised{Challenge: id.From[id.Challenge](w.uuid()), Method: "totp", At: w.now}, paymentfile.Completed{Settled: 2, Failed: 1, At: w.now}))
}

// tell files three entries for anna, of which she has read one by itself and one with
// all before it, and one for bert.
func (w *world) tell() {
	file := func(customer id.Customer, template string) (id.Notification, eventbus.Position) {
		n := id.From[id.Notification](w.uuid())
		receipt := w.commit(eventbus.Header{ActorType: "system", OnBehalfOf: customer.UUID()}, w.part(n.Stream(), notification.Filed{Notification: n, Customer: customer,
			Category: notification.CategoryOf(template), Template: template, About: w.posted.String(), Amount: eur(1_000), HappenedAt: w.now, At: w.now}))
		return n, receipt.Last
	}
	first, _ := file(w.anna, "transfer-sent")
	_, through := file(w.anna, "device-bound")
	last, _ := file(w.anna, "transfer-received")
	file(w.bert, "transfer-received")
	w.entries = []id.Notification{first, last}
	read := w.commit(eventbus.Header{ActorType: "customer", Actor: w.anna.UUID()},
		w.part(last.Stream(), notification.Read{Notification: last, Customer: w.anna, At: w.now}),
		w.part(id.From[id.Inbox](w.anna.UUID()).Stream(), notification.AllRead{Customer: w.anna, Through: int64(through), At: w.now},
			notification.PreferencesChosen{Customer: w.anna, Preferences: notification.Inbox{}.Preferences(), At: w.now}))
	w.readAt = read.First
	message := id.From[id.Notification](w.uuid())
	w.commit(eventbus.Header{}, w.part(message.Stream(), notification.Sent{Notification: message, Customer: w.anna, Channel: "email", Template: "device-bound", At: w.now}))
}

// reverse gives a transfer of 400 wholly back.
func (w *world) reverse() {
	w.original, _ = w.transfer(w.annas, w.berts, 400)
	w.reversal = id.From[id.Transfer](w.uuid())
	given := w.initiated(w.reversal, w.berts, w.annas, 400, id.Customer{})
	given.Original = w.original
	w.commit(eventbus.Header{ActorType: "operator", Actor: uuid.UUID{5}},
		w.part(w.reversal.Stream(), given, transfer.Posted{Legs: legs(w.t, w.berts, w.annas, 400), At: w.now}),
		w.part(w.original.Stream(), transfer.Reversed{Reversal: w.reversal, Amount: eur(400), At: w.now}),
		w.debit(w.berts, w.reversal.Stream(), 400), w.credit(w.annas, w.reversal.Stream(), 400))
}

// erase asks for it, destroys the key, and says so.
func (w *world) erase() {
	w.commit(eventbus.Header{}, w.part(w.cleo.Stream(), customer.ErasureRequested{Requester: "customer", LegalBasis: "gdpr-17-1-b", At: w.now}))
	if err := w.ring.Destroy(seal.Subject{Kind: "customer", ID: w.cleo.UUID()}, domain.RetainProfile); err != nil {
		w.t.Fatal(err)
	}
	w.commit(eventbus.Header{}, w.part(w.cleo.Stream(), customer.Erased{At: w.now}))
}
