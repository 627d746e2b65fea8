package identity

import (
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/gateway/token"
	"florin/gateway/wire"
	"florin/schemas"
	"florin/schemas/seal"
)

// Recovery is one that has begun, if the name is anybody's; it is never said.
type Recovery struct {
	Recovery  id.Recovery `json:"recovery_id"`
	ExpiresAt time.Time   `json:"expires_at"`
}

// Recovered tells how far a recovery has come: code-sent (to a new contact) or
// completed. The TOTP secret is shown here and never again.
type Recovered struct {
	Recovery     id.Recovery       `json:"recovery_id"`
	Status       string            `json:"status"`
	ExpiresAt    time.Time         `json:"expires_at,omitzero"`    // of the code
	PaymentsFrom time.Time         `json:"payments_from,omitzero"` // nothing leaves to others before
	TOTP         *RecoveredTOTP    `json:"totp,omitzero"`
	Position     eventbus.Position `json:"position"`
	At           time.Time         `json:"at"`
}

// RecoveredTOTP is the authenticator app that takes the place of lost factors.
type RecoveredTOTP struct {
	Secret string `json:"secret"` // base32
	URI    string `json:"uri"`    // otpauth://
}

// BeginRecovery is POST /v1/recovery. The answer is the same for every name.
func (p *Provider) BeginRecovery(w http.ResponseWriter, r *http.Request) error {
	order, proof, err := p.signed(r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.BeginRecovery](service.CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	if len(body.UserName) > 320 {
		return problem.BadRequest
	}
	begun, outcome, err := p.settings.Bank.Recoveries().Begin(r.Context(), order, commands.BeginRecovery{JKT: proof.JKT, UserName: body.UserName, For: body.For})
	if err != nil {
		return err
	}
	wire.Replayed(w, outcome.Replayed)
	return wire.Accepted(w, "/v1/recovery/completion", Recovery{begun.Recovery, begun.ExpiresAt})
}

// CompleteRecovery is POST /v1/recovery/completion.
func (p *Provider) CompleteRecovery(w http.ResponseWriter, r *http.Request) error {
	order, proof, err := p.signed(r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.CompleteRecovery](service.CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	if len(body.Code) > 16 || len(body.RecoveryCode) > 64 || len(body.Email) > 320 || len(body.Phone) > 64 || len(body.ContactCode) > 16 || len(body.SCAAssertion) > token.StatementBytesMax {
		return problem.BadRequest
	}
	ask := commands.CompleteRecovery{Recovery: body.Recovery, JKT: proof.JKT, Code: body.Code, RecoveryCode: body.RecoveryCode,
		Password: body.Password, Email: profile(body.Email), Phone: profile(body.Phone), ContactCode: body.ContactCode}
	if body.SCAAssertion != "" {
		stands := p.confirms(r, proof, body)
		ask.SCA = &stands
	}
	done, outcome, err := p.settings.Bank.Recoveries().Complete(r.Context(), order, ask)
	if outcome.Receipt.Last > 0 {
		wire.Position(w, outcome.Receipt.Last)
	}
	wire.Replayed(w, outcome.Replayed)
	if err != nil {
		return err
	}
	answer := Recovered{Recovery: done.Recovery, Status: "code-sent", ExpiresAt: done.ExpiresAt, Position: outcome.Receipt.Last, At: done.At}
	if !done.Done {
		return wire.Accepted(w, "/v1/recovery/completion", answer)
	}
	if err := p.settings.Settled(r.Context(), outcome.Receipt.Last); err != nil { // every session is over
		return err
	}
	answer.Status, answer.PaymentsFrom = "completed", done.PaymentsFrom
	if done.Secret != "" {
		answer.TOTP = &RecoveredTOTP{done.Secret, done.URI}
	}
	return wire.OK(w, answer)
}

// signed checks a proof that signs body and key, by a phone that nobody is logged
// in on: the same key and idempotency key are the same command, for ever.
func (p *Provider) signed(r *http.Request) (commands.Order, *token.Proof, error) {
	proof, err := p.resourceProof(r)
	if err != nil {
		return commands.Order{}, nil, err
	}
	call := service.CallOf(r.Context())
	switch proof.SignedFor(call.Body, call.Key) {
	case nil:
	case token.ErrUnsigned:
		return commands.Order{}, nil, problem.SignatureNeeded
	default:
		return commands.Order{}, nil, problem.InvalidProof.Challenged()
	}
	order := p.order(r, proof)
	order.Subject = seal.Day(order.At)
	order.ID, order.Intent = commands.CommandID(order.Caller.ActorType, order.Caller.Actor, call.Key), service.Intent(r, call.Body)
	return order, proof, nil
}

// confirms verifies the SCA key's part. One that does not stand is a proof that
// failed, not an error: the commands count it. It is good for one recovery, which
// is completed once, so it need not be remembered.
func (p *Provider) confirms(r *http.Request, proof *token.Proof, body schemas.CompleteRecovery) bool {
	keys, err := p.settings.Bank.Devices().Keys(r.Context(), id.Named[id.Device](proof.JKT))
	if err != nil || keys.SCA.IsZero() {
		return false
	}
	assent, err := token.OpenRecoveryAssent(body.SCAAssertion, p.settings.Issuer, keys.SCA, p.settings.Bank.Sources().Wall())
	return err == nil && assent.JKT == proof.JKT && assent.Recovery == body.Recovery.String()
}
