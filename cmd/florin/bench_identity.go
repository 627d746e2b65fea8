package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"golang.org/x/crypto/argon2"

	"florin/commands"
	"florin/domain"
	"florin/domain/id"
	"florin/gateway/phone"
	"florin/gateway/token"
	"florin/schemas/seal"
)

func identityExperiments() []experiment {
	return []experiment{
		{name: "identity", figures: []string{"identity-refresh", "identity-refresh-http", "identity-login"},
			run: func(ctx context.Context, b *bench) ([]figure, error) { return b.identities(ctx) }},
		{name: "gateway check", figures: []string{"gateway-check"},
			run: func(ctx context.Context, b *bench) ([]figure, error) { return b.gatewayCheck(ctx) }},
	}
}

const (
	refreshesAtOnce = 64
	identityPeople  = 4
	refreshBytes    = 800 // of the bare record: about a stored refresh
)

// chain is one token family that is refreshed again and again.
type chain struct {
	jkt     string
	refresh string
}

// identities measures refreshes in process and over HTTP, each durable before its
// answer, beside Pebble alone; and logins over HTTP beside the bare password hash.
func (b *bench) identities(ctx context.Context) (_ []figure, err error) {
	served, err := serveBench(ctx, filepath.Join(b.dir, "identity"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, served.close()) }()
	people := make([]*person, refreshesAtOnce)
	chains := make([]*chain, refreshesAtOnce)
	client := newHTTPClient()
	if err := inParallel(refreshesAtOnce, identityPeople, func(i int) (err error) {
		if people[i], err = newPerson(ctx, served.base, fmt.Sprintf("chain%d", i), client); err != nil {
			return err
		}
		chains[i] = &chain{people[i].phone.Thumbprint(), people[i].phone.Tokens().Refresh}
		return people[i].phone.Login(ctx) // another family, which the phone refreshes over HTTP
	}); err != nil {
		return nil, err
	}
	bare, err := openBarePebble(filepath.Join(b.dir, "identity-pebble"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.close()) }()
	record := make([]byte, refreshBytes)
	rates, err := b.inTurns(ctx,
		func(ctx context.Context, length time.Duration) (float64, error) {
			return atOnce(refreshesAtOnce, length, func(i int) error { return chains[i].rotate(ctx, served.bank.write) })
		},
		func(_ context.Context, length time.Duration) (float64, error) {
			return atOnce(refreshesAtOnce, length, func(int) error { return bare.append(record) })
		},
		func(ctx context.Context, length time.Duration) (float64, error) {
			return atOnce(refreshesAtOnce, length, func(i int) error { return people[i].phone.Refresh(ctx) })
		})
	if err != nil {
		return nil, err
	}
	cost := commands.DefaultArgon()
	logins, err := b.inTurns(ctx,
		func(ctx context.Context, length time.Duration) (float64, error) {
			return atOnce(identityPeople, length, func(i int) error { return people[i].phone.Login(ctx) })
		},
		func(_ context.Context, length time.Duration) (float64, error) {
			return atOnce(runtime.GOMAXPROCS(0), length, func(int) error {
				argon2.IDKey([]byte("correct horse battery"), record[:16], cost.Passes, cost.MemoryKiB, cost.Lanes, 32)
				return nil
			})
		})
	if err != nil {
		return nil, err
	}
	return []figure{
		beside("identity-refresh", "refreshes/s", rates[0], rates[1], fmt.Sprintf("in process, %d families in flight, each refresh a synced commit before its answer, read models and guards following; "+
			"floor: Pebble alone, a synced batch of %d bytes and its index keys, as many in flight", refreshesAtOnce, refreshBytes)),
		beside("identity-refresh-http", "refreshes/s", rates[2], rates[0], fmt.Sprintf("over HTTP, %d phones that each sign a fresh DPoP proof (ES256) on the same cores, and wait for a synced commit; "+
			"floor: the same in process", refreshesAtOnce)),
		beside("identity-login", "logins/s", logins[0], logins[1], fmt.Sprintf("over HTTP, %d phones that are bound: password, code, tokens, each step durable before its answer; the phones on the same cores; "+
			"floor: bare argon2id of %d MiB, %d passes, one on each core", identityPeople, cost.MemoryKiB>>10, cost.Passes)),
	}, nil
}

func (c *chain) rotate(ctx context.Context, bank *commands.Bank) error {
	sources := bank.Sources()
	device, at := id.Named[id.Device](c.jkt), sources.Time()
	order := commands.Order{ID: sources.NewID(), At: at, Subject: seal.Subject{Kind: "device", ID: device.UUID()},
		Caller: commands.Caller{ActorType: commands.ActorDevice, Actor: device.UUID(), Device: device}}
	tokens, _, err := bank.Sessions().Refresh(ctx, order, commands.RefreshTokens{ClientID: phone.ClientID, JKT: c.jkt, Token: c.refresh, Key: order.ID.String()})
	if err == nil {
		c.refresh = tokens.Refresh
	}
	return err
}

// atOnce has n workers do the same for so long and gives how many a second.
func atOnce(n int, length time.Duration, do func(i int) error) (float64, error) {
	var done atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, n)
	began := time.Now()
	for i := range n {
		group.Go(func() {
			for errs[i] == nil && time.Since(began) < length {
				if errs[i] = do(i); errs[i] == nil {
					done.Add(1)
				}
			}
		})
	}
	group.Wait()
	return float64(done.Load()) / time.Since(began).Seconds(), errors.Join(errs...)
}

// checkMax is the aim for a gateway's check, in microseconds of CPU.
const checkMax = 200

// gatewayCheck measures what who-asks costs a request: an access token that was
// seen before and a proof that was not, beside one P-256 verification.
func (b *bench) gatewayCheck(ctx context.Context) ([]figure, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	public, err := domain.ECKey(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	public.Algorithm = ""
	const issuer = "https://bank.example"
	verifier := &token.Verifier{URL: issuer, Now: time.Now, Revoked: func(*token.Access) bool { return false },
		Key: func(string) (*ecdsa.PublicKey, bool) { return &key.PublicKey, true }}
	proofs, err := token.NewProofs(time.Now, rand.Reader)
	if err != nil {
		return nil, err
	}
	raw, err := token.Issuer{URL: issuer, Key: func() (string, *ecdsa.PrivateKey, error) { return "k1", key, nil }}.Access(token.Claims{
		Subject: "app", ClientID: "app", Confirmation: token.Binding{JKT: public.Thumbprint()}, ID: uuid.NewString(),
		IssuedAt: time.Now().Unix(), ExpiresAt: time.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		return nil, err
	}
	ath, digest := sha256.Sum256([]byte(raw)), sha256.Sum256([]byte("bench"))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return nil, err
	}
	prove := func(n int) ([]http.Header, error) {
		made := make([]http.Header, n)
		return made, inParallel(n, runtime.GOMAXPROCS(0), func(i int) error {
			proof := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{"jti": uuid.NewString(), "htm": "GET", "htu": issuer + "/v1/accounts",
				"iat": time.Now().Unix(), "ath": base64.RawURLEncoding.EncodeToString(ath[:]), "nonce": proofs.Nonce()})
			proof.Header["typ"], proof.Header["jwk"] = "dpop+jwt", public
			text, err := proof.SignedString(key)
			made[i] = http.Header{"Dpop": {text}}
			return err
		})
	}
	checks := int(5000 * b.slice.Seconds())
	rates, err := b.inTurns(ctx,
		func(context.Context, time.Duration) (float64, error) {
			made, err := prove(checks)
			if err != nil {
				return 0, err
			}
			return perCPUSecond(checks, func(i int) error {
				access, err := verifier.Verify(raw)
				if err != nil {
					return err
				}
				_, err = proofs.Check(made[i], token.Want{Method: "GET", URL: issuer + "/v1/accounts", Access: access})
				return err
			})
		},
		func(context.Context, time.Duration) (float64, error) {
			return perCPUSecond(checks, func(int) error {
				if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
					return errors.New("not verified")
				}
				return nil
			})
		})
	if err != nil {
		return nil, err
	}
	return []figure{beside("gateway-check", "us of CPU", 1e6/rates[0], 1e6/rates[1], fmt.Sprintf(
		"token seen before (found by its hash, times and revocation asked), proof fresh (nonce, times, jti once), one after the other, CPU of the process; floor: one P-256 verify; the aim: under %d", checkMax))}, nil
}

// perCPUSecond does n things and gives how many fit in a second of this process's
// CPU, whatever else the machine is busy with.
func perCPUSecond(n int, do func(i int) error) (float64, error) {
	runtime.GC() // of what was prepared
	before, err := cpuTime()
	if err != nil {
		return 0, err
	}
	for i := range n {
		if err := do(i); err != nil {
			return 0, err
		}
	}
	after, err := cpuTime()
	return float64(n) / (after - before).Seconds(), err
}

func cpuTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, err
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}
