package main

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"florin/commands"
	"florin/domain/attest"
	"florin/domain/attest/android"
	"florin/domain/attest/apple"
	"florin/domain/attest/play"
	"florin/domain/attest/trust"
	"florin/domain/attest/webauthn"
)

// attestationFile is what --attestation names: the bank's apps, and what it believes of
// the devices that they run on. Paths are relative to the file.
type attestationFile struct {
	Apple []struct {
		App         string `json:"app"`         // team and bundle: 6MURL8TA57.com.example.bank
		Environment string `json:"environment"` // production or development
	} `json:"apple,omitzero"`
	Android []androidApp `json:"android,omitzero"`
	Play    []struct {
		androidApp
		DecryptionKeyFile string `json:"decryption_key_file"` // base64, as the Play Console has it
		VerificationKey   string `json:"verification_key"`    // base64
	} `json:"play,omitzero"`
	WebAuthn struct {
		ID      string   `json:"id"`
		Origins []string `json:"origins"`
		Roots   string   `json:"roots"` // PEM, of the makers of authenticators
	} `json:"webauthn,omitzero"`

	// RevocationList is https://android.googleapis.com/attestation/status, as it was
	// fetched: its time is the file's. It is read again when it changes.
	RevocationList      string `json:"revocation_list,omitzero"`
	RevocationListHours int64  `json:"revocation_list_hours,omitzero"` // that it is good for; 0: a week

	DailyLimits struct { // in euros, or as many hundreds of another currency's smallest sums; 0: none
		None     int64 `json:"none,omitzero"`
		Software int64 `json:"software,omitzero"`
	} `json:"daily_limits,omitzero"`

	SandboxRoots string `json:"sandbox_roots,omitzero"` // PEM of a simulated maker of phones
}

type androidApp struct {
	Package string   `json:"package"`
	Signers []string `json:"signers"` // SHA-256 of certificates, in hexadecimal
}

const (
	attestationBytesMax = 64 << 10
	listBytesMax        = 64 << 20
	listHours           = 7 * 24
)

// beliefs are what the bank believes of devices: the file's, with the list as it lies
// there now.
type beliefs struct {
	base   trust.Trust
	limits commands.Unproven
	list   string // path; "": none
	life   time.Duration

	mu     sync.Mutex
	read   time.Time // of the list that is known
	listed android.List
}

// openBeliefs reads the file. A production bank believes no simulated maker, and no
// Android chain without a list of the revoked.
func openBeliefs(path string, sandbox bool) (_ *beliefs, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w: attestation: %w", errUsage, err)
		}
	}()
	text, err := readAtMost(path, attestationBytesMax)
	if err != nil {
		return nil, err
	}
	var f attestationFile
	if err := json.Unmarshal(text, &f, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case f.SandboxRoots != "" && !sandbox:
		return nil, fmt.Errorf("%s: sandbox_roots are for a sandbox", path)
	case len(f.Android) > 0 && f.RevocationList == "" && !sandbox:
		return nil, fmt.Errorf("%s: android needs a revocation_list", path)
	case f.RevocationListHours < 0, f.DailyLimits.None < 0, f.DailyLimits.Software < 0:
		return nil, fmt.Errorf("%s: hours and limits are not negative", path)
	}
	beside := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(filepath.Dir(path), name)
	}
	b := &beliefs{limits: commands.Unproven{NoneUnits: f.DailyLimits.None, SoftwareUnits: f.DailyLimits.Software}}
	if b.base, err = f.trust(beside); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if f.RevocationList == "" {
		return b, nil
	}
	b.list, b.life = beside(f.RevocationList), time.Duration(orHours(f.RevocationListHours))*time.Hour
	return b, b.refresh()
}

func orHours(hours int64) int64 {
	if hours == 0 {
		return listHours
	}
	return hours
}

// trust is the file as the rules know it.
func (f attestationFile) trust(beside func(string) string) (t trust.Trust, err error) {
	t.AppleRoots, t.Chains.Roots = apple.Roots(), android.GoogleRoots()
	for _, app := range f.Apple {
		environment, known := map[string]apple.Environment{"production": apple.Production, "development": apple.Development}[app.Environment]
		if !known || !strings.Contains(app.App, ".") {
			return t, fmt.Errorf("apple: %q in %q is no TEAM.bundle in production or development", app.App, app.Environment)
		}
		t.Apple = append(t.Apple, apple.App{ID: app.App, Environment: environment})
	}
	for _, app := range f.Android {
		signers, err := app.digests()
		if err != nil {
			return t, err
		}
		t.Android = append(t.Android, android.App{Package: app.Package, Signers: signers})
	}
	if t.Play, err = f.store(beside); err != nil {
		return t, err
	}
	if f.WebAuthn.ID != "" {
		t.WebAuthn = webauthn.Party{ID: f.WebAuthn.ID, Origins: f.WebAuthn.Origins}
		if t.WebAuthn.Roots, err = readRoots(beside(f.WebAuthn.Roots)); err != nil {
			return t, err
		}
	}
	if f.SandboxRoots == "" {
		return t, nil
	}
	more, err := readRoots(beside(f.SandboxRoots))
	t.AppleRoots, t.Chains.Roots, t.WebAuthn.Roots = t.AppleRoots.With(more), t.Chains.Roots.With(more), t.WebAuthn.Roots.With(more)
	return t, err
}

func (f attestationFile) store(beside func(string) string) (apps []play.App, err error) {
	for _, app := range f.Play {
		signers, err := app.digests()
		if err != nil {
			return nil, err
		}
		secret, err := readAtMost(beside(app.DecryptionKeyFile), 1<<10)
		if err != nil {
			return nil, err
		}
		opening, verifying, err := play.Keys(strings.TrimSpace(string(secret)), app.VerificationKey)
		if err != nil {
			return nil, err
		}
		apps = append(apps, play.App{Package: app.Package, Signers: signers, Opening: opening, Verifying: verifying})
	}
	return apps, nil
}

func (a androidApp) digests() (signers [][]byte, err error) {
	for _, text := range a.Signers {
		raw, err := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
		if err != nil || len(raw) != 32 {
			return nil, fmt.Errorf("%q: %q is no SHA-256 in hexadecimal", a.Package, text)
		}
		signers = append(signers, raw)
	}
	if a.Package == "" || len(signers) == 0 {
		return nil, fmt.Errorf("an app has a package and signers")
	}
	return signers, nil
}

func readRoots(path string) (attest.Roots, error) {
	text, err := readAtMost(path, 1<<20)
	if err != nil {
		return attest.Roots{}, err
	}
	roots, err := attest.ParseRoots(text)
	if err != nil {
		return attest.Roots{}, fmt.Errorf("%s: %w", path, err)
	}
	return roots, nil
}

func readAtMost(path string, bytesMax int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular(), info.Size() > bytesMax:
		return nil, fmt.Errorf("%s: not a file of at most %d bytes", path, bytesMax)
	}
	return os.ReadFile(path)
}

// refresh reads the list if it has changed since it was last read.
func (b *beliefs) refresh() error {
	info, err := os.Stat(b.list)
	if err != nil || info.ModTime().Equal(b.read) {
		return err
	}
	text, err := readAtMost(b.list, listBytesMax)
	if err != nil {
		return err
	}
	list, err := android.ParseList(text, info.ModTime(), b.life)
	if err != nil {
		return fmt.Errorf("%s: %w", b.list, err)
	}
	b.read, b.listed = info.ModTime(), list
	return nil
}

// now is what is believed at this moment. A list that cannot be read leaves the one
// before, which grows too old to judge by.
func (b *beliefs) now(logger *slog.Logger) trust.Trust {
	if b.list == "" {
		return b.base
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.refresh(); err != nil {
		logger.Warn("the list of revoked attestation certificates cannot be read; the one before is kept", "error", err)
	}
	believed := b.base
	believed.Chains.List = b.listed
	return believed
}
