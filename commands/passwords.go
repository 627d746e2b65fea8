package commands

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/secure/precis"

	"florin/domain/customer"
	"florin/domain/id"
	"florin/eventbus"
)

// Argon is the cost of argon2id (RFC 9106).
type Argon struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// DefaultArgon is the first choice of OWASP's cheat sheet: 19 MiB, two passes.
func DefaultArgon() Argon { return Argon{MemoryKiB: 19 << 10, Passes: 2, Lanes: 1} }

const (
	argonSaltBytes = 16
	argonKeyBytes  = 32
	hashWaitingMax = 256
	argonMemoryMax = 1 << 20 // KiB; more than this in a stored string is damage
)

// newPassword checks a password that somebody chooses and makes its hash. own are
// words that are easily found out about the person. Refused: ErrPassword.
func (b *Bank) newPassword(ctx context.Context, password string, own ...string) (string, error) {
	if err := b.choosable(password, own...); err != nil {
		return "", err
	}
	return b.hashPassword(ctx, password)
}

// choosable says whether a password may be chosen, by the rules and by the list of
// those that have leaked. Give it no words of a person's before it is proven that
// this person asks: a refusal would tell them.
func (b *Bank) choosable(password string, own ...string) error {
	if err := checkPassword(password, append(own, b.settings.Identity.Issuer)...); err != nil {
		return err
	}
	breached := b.settings.Identity.Breached
	if breached == nil {
		return nil
	}
	known, err := breached(password)
	switch {
	case err != nil:
		return fmt.Errorf("commands: breached passwords: %w", err)
	case known:
		return ErrPassword
	}
	return nil
}

// ownWords are what is easily found out about a customer: names, e-mail, phone.
func (b *Bank) ownWords(ctx context.Context, of id.Customer) ([]string, error) {
	reached, err := b.contactsOf(ctx, of, 0)
	if err != nil {
		return nil, err
	}
	own := []string{reached.email.Reveal(), reached.phone.Reveal()}
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return nil, fmt.Errorf("commands: read %s: %w", of, err)
		}
		event, err := b.treaty.Customers.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return nil, fmt.Errorf("commands: read %s: %w", of, err)
		}
		if e, ok := event.(customer.Enrolled); ok {
			own = append(own, e.UserName.Reveal(), e.Name.Reveal())
		}
		break
	}
	return own, nil
}

// prepared is a password as it is hashed: RFC 8265's OpaqueString where that
// takes it, so that two keyboards that compose letters differently agree.
func prepared(password string) []byte {
	if text, err := precis.OpaqueString.String(password); err == nil {
		return []byte(text)
	}
	return []byte(password)
}

func (b *Bank) argon() Argon {
	if cost := b.settings.Identity.Argon; cost != (Argon{}) {
		return cost
	}
	return DefaultArgon()
}

// hashPassword makes a PHC string with a fresh salt.
func (b *Bank) hashPassword(ctx context.Context, password string) (string, error) {
	cost, salt := b.argon(), b.sources.Secret(argonSaltBytes)
	digest, err := b.derive(ctx, cost, salt, password)
	if err != nil {
		return "", err
	}
	return phc(cost, salt, digest), nil
}

// rightPassword hashes once, whatever comes of it: for nobody's password a made-up
// string of the same cost is compared, and does not match.
func (b *Bank) rightPassword(ctx context.Context, stored, password string) (bool, error) {
	cost, salt, want, ok := parsePHC(stored)
	if !ok {
		cost, salt, want = b.argon(), make([]byte, argonSaltBytes), make([]byte, argonKeyBytes)
	}
	digest, err := b.derive(ctx, cost, salt, password)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(digest, want) == 1 && ok, nil
}

// derive waits for a slot and hashes. Too many in the queue is ErrBusy.
func (b *Bank) derive(ctx context.Context, cost Argon, salt []byte, password string) ([]byte, error) {
	i := b.identity
	if i.waiting.Add(1) > hashWaitingMax {
		i.waiting.Add(-1)
		return nil, fmt.Errorf("commands: password hashes: %w", eventbus.ErrBusy)
	}
	select {
	case i.slots <- struct{}{}:
		i.waiting.Add(-1)
	case <-ctx.Done():
		i.waiting.Add(-1)
		return nil, ctx.Err()
	}
	defer func() { <-i.slots }()
	i.hashes.Add(1)
	return argon2.IDKey(prepared(password), salt, cost.Passes, cost.MemoryKiB, cost.Lanes, argonKeyBytes), nil
}

// PasswordHashes is how many password hashes were computed since the start:
// tests show with it that a name that is nobody's costs the same.
func (b *Bank) PasswordHashes() uint64 { return b.identity.hashes.Load() }

// phc is the PHC string format: $argon2id$v=19$m=..,t=..,p=..$salt$hash.
func phc(cost Argon, salt, digest []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, cost.MemoryKiB, cost.Passes, cost.Lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(digest))
}

func parsePHC(text string) (cost Argon, salt, digest []byte, ok bool) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return cost, nil, nil, false
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &cost.MemoryKiB, &cost.Passes, &cost.Lanes); n != 3 || err != nil {
		return cost, nil, nil, false
	}
	salt, errSalt := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	digest, errDigest := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	ok = errSalt == nil && errDigest == nil && len(salt) >= 8 && len(digest) == argonKeyBytes &&
		cost.MemoryKiB >= 8 && cost.MemoryKiB <= argonMemoryMax && cost.Passes > 0 && cost.Lanes > 0
	return cost, salt, digest, ok
}
