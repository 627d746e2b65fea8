package android_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/attest"
	"florin/domain/attest/android"
	"florin/domain/attest/attesttest"
)

var (
	noon      = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	challenge = []byte("a nonce, and the keys that it is for")
	signer    = bytes.Repeat([]byte{7}, sha256.Size)
	bankApp   = android.App{Package: "com.example.bank", Signers: [][]byte{signer}}
)

// bench is a maker, and a bank that trusts it.
type bench struct {
	t     *testing.T
	maker *attesttest.Maker
	key   *ecdsa.PrivateKey
	trust android.Trust
}

func newBench(t *testing.T) bench {
	t.Helper()
	maker, err := attesttest.New(rand.Reader, noon)
	require.NoError(t, err)
	roots, err := attest.ParseRoots(maker.Root())
	require.NoError(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return bench{t, maker, key, android.Trust{Roots: roots}}
}

func (b bench) chain(public crypto.PublicKey, changes ...func(*attesttest.Android)) [][]byte {
	b.t.Helper()
	said := attesttest.GoodAndroid(challenge, bankApp.Package, signer, true, noon)
	for _, change := range changes {
		change(&said)
	}
	chain, _, err := b.maker.Android(public, said)
	require.NoError(b.t, err)
	return chain
}

func (b bench) expected() android.Expected {
	return android.Expected{Challenges: [][]byte{challenge}, Key: &b.key.PublicKey, Apps: []android.App{bankApp}, Use: android.Gated}
}

func (b bench) refused(name string, chain [][]byte, why ...*domain.Refusal) {
	b.t.Helper()
	_, err := android.Judge(chain, b.trust, b.expected(), noon)
	require.Equal(b.t, attest.Refusals(why), err, name)
}

func TestAMadeKeyStands(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	finding, err := android.Judge(b.chain(&b.key.PublicKey), b.trust, b.expected(), noon)
	require.NoError(t, err)
	require.Equal(t, []string{"android-tee", "factory-provisioned", "boot-verified"}, finding.Reasons())
	require.Equal(t, int64(202511), finding.OSPatch)

	finding, err = android.Judge(b.chain(&b.key.PublicKey, func(a *attesttest.Android) {
		a.Level, a.KeyLevel, a.Remote, a.Purposes, a.Digests = 2, 2, true, []int{2, 3}, []int{4, 5}
		a.Boot.Key = make([]byte, 32)
	}), b.trust, b.expected(), noon)
	require.NoError(t, err)
	require.Equal(t, []string{"android-strongbox", "remotely-provisioned", "boot-verified", "boot-key-zero"}, finding.Reasons())
}

func TestWhatADescriptionIsRefusedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	type change = func(*attesttest.Android)
	for name, tc := range map[string]struct {
		change change
		why    []*domain.Refusal
	}{
		"another challenge":             {func(a *attesttest.Android) { a.Challenge = []byte("x") }, []*domain.Refusal{attest.ErrChallenge}},
		"no challenge":                  {func(a *attesttest.Android) { a.Challenge = nil }, []*domain.Refusal{attest.ErrChallenge}},
		"another package":               {func(a *attesttest.Android) { a.Package = "com.example.bank2" }, []*domain.Refusal{attest.ErrApp}},
		"another signer":                {func(a *attesttest.Android) { a.Signer = make([]byte, 32) }, []*domain.Refusal{attest.ErrSigner}},
		"software":                      {func(a *attesttest.Android) { a.Level, a.KeyLevel = 0, 0 }, []*domain.Refusal{attest.ErrLevelSoftware}},
		"attested in software":          {func(a *attesttest.Android) { a.Level = 0 }, []*domain.Refusal{attest.ErrLevelSoftware, attest.ErrLevelMismatch}},
		"key in software":               {func(a *attesttest.Android) { a.KeyLevel = 0 }, []*domain.Refusal{attest.ErrLevelMismatch}},
		"a StrongBox speaks for a TEE":  {func(a *attesttest.Android) { a.Level = 2 }, []*domain.Refusal{attest.ErrLevelMismatch}},
		"a level that is none":          {func(a *attesttest.Android) { a.Level, a.KeyLevel = 3, 3 }, []*domain.Refusal{attest.ErrNotDER}},
		"imported":                      {func(a *attesttest.Android) { a.Origin = 2 }, []*domain.Refusal{attest.ErrImported}},
		"imported securely":             {func(a *attesttest.Android) { a.Origin = 4 }, []*domain.Refusal{attest.ErrImported}},
		"for decryption":                {func(a *attesttest.Android) { a.Purposes = []int{1} }, []*domain.Refusal{attest.ErrKeyPurpose}},
		"for signing and agreeing":      {func(a *attesttest.Android) { a.Purposes = []int{2, 6} }, []*domain.Refusal{attest.ErrKeyPurpose}},
		"for attesting other keys":      {func(a *attesttest.Android) { a.Purposes = []int{2, 7} }, []*domain.Refusal{attest.ErrKeyPurpose}},
		"for verifying alone":           {func(a *attesttest.Android) { a.Purposes = []int{3} }, []*domain.Refusal{attest.ErrKeyPurpose}},
		"by SHA-512":                    {func(a *attesttest.Android) { a.Digests = []int{6} }, []*domain.Refusal{attest.ErrKeyPurpose}},
		"for all apps":                  {func(a *attesttest.Android) { a.AllApps = true }, []*domain.Refusal{attest.ErrKeyPurpose}},
		"of RSA by its word":            {func(a *attesttest.Android) { a.Algorithm = 1 }, []*domain.Refusal{attest.ErrCurve}},
		"of P-384 by its word":          {func(a *attesttest.Android) { a.Curve = 2 }, []*domain.Refusal{attest.ErrCurve}},
		"of 224 bits by its word":       {func(a *attesttest.Android) { a.KeySize = 224 }, []*domain.Refusal{attest.ErrCurve}},
		"unlocked":                      {func(a *attesttest.Android) { a.Boot.Locked = 0 }, []*domain.Refusal{attest.ErrUnlocked}},
		"self-signed boot":              {func(a *attesttest.Android) { a.Boot.State = 1 }, []*domain.Refusal{attest.ErrUnverified}},
		"unverified boot":               {func(a *attesttest.Android) { a.Boot.State = 2 }, []*domain.Refusal{attest.ErrUnverified}},
		"failed boot, unlocked":         {func(a *attesttest.Android) { a.Boot.State, a.Boot.Locked = 3, 0 }, []*domain.Refusal{attest.ErrUnlocked, attest.ErrUnverified}},
		"no root of trust":              {func(a *attesttest.Android) { a.Boot = nil }, []*domain.Refusal{attest.ErrBootUnknown}},
		"a boolean that is not DER":     {func(a *attesttest.Android) { a.Boot.Locked = 1 }, []*domain.Refusal{attest.ErrNotDER}},
		"no authentication wanted":      {func(a *attesttest.Android) { a.NoAuth = true }, []*domain.Refusal{attest.ErrUngated}},
		"no kind of authentication":     {func(a *attesttest.Android) { a.AuthType = 0 }, []*domain.Refusal{attest.ErrUngated}},
		"authentication for a minute":   {func(a *attesttest.Android) { a.AuthTimeout = 60 }, []*domain.Refusal{attest.ErrUngated}},
		"the extension twice over":      {func(a *attesttest.Android) { a.MiddleSpeaks = true }, []*domain.Refusal{attest.ErrExtensionElsewhere}},
		"an extra leaf":                 {func(a *attesttest.Android) { a.MiddleSpeaks, a.Silent = true, true }, []*domain.Refusal{attest.ErrExtraLeaf}},
		"no extension":                  {func(a *attesttest.Android) { a.Silent = true }, []*domain.Refusal{attest.ErrExtensionMissing}},
		"bytes after the description":   {func(a *attesttest.Android) { a.Edit = func(d []byte) []byte { return append(d, 5, 0) } }, []*domain.Refusal{attest.ErrNotDER}},
		"an empty description":          {func(a *attesttest.Android) { a.Edit = func([]byte) []byte { return []byte{0x30, 0} } }, []*domain.Refusal{attest.ErrNotDER}},
		"a server's chain that ran out": {func(a *attesttest.Android) { a.Remote, a.MiddleEnds = true, noon.Add(-time.Second) }, []*domain.Refusal{attest.ErrExpired}},
	} {
		b.refused(name, b.chain(&b.key.PublicKey, tc.change), tc.why...)
	}
	_, err := android.Judge(b.chain(&b.key.PublicKey, func(a *attesttest.Android) { a.MiddleEnds = noon.Add(-time.Second) }), b.trust, b.expected(), noon)
	require.NoError(t, err, "a factory's certificates outlive their dates")
}

// edited has members of the description, or fields of its hardware list, moved about.
func edited(edit func(members []asn1.RawValue) []asn1.RawValue, within bool) func(*attesttest.Android) {
	return func(a *attesttest.Android) {
		a.Edit = func(der []byte) []byte {
			var members []asn1.RawValue
			if _, err := asn1.Unmarshal(der, &members); err != nil {
				panic(err)
			}
			if !within {
				return packed(edit(members))
			}
			var fields []asn1.RawValue
			if _, err := asn1.Unmarshal(members[7].FullBytes, &fields); err != nil {
				panic(err)
			}
			members[7] = asn1.RawValue{FullBytes: packed(edit(fields))}
			return packed(members)
		}
	}
}

func packed(members []asn1.RawValue) []byte {
	der, err := asn1.Marshal(members)
	if err != nil {
		panic(err)
	}
	return der
}

func TestADescriptionIsSpelledInOneWay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	raw := func(der ...byte) asn1.RawValue { return asn1.RawValue{FullBytes: der} }
	for name, tc := range map[string]struct {
		edit   func([]asn1.RawValue) []asn1.RawValue
		within bool
		why    *domain.Refusal
	}{
		"seven members":           {func(m []asn1.RawValue) []asn1.RawValue { return m[:7] }, false, attest.ErrNotDER},
		"nine members":            {func(m []asn1.RawValue) []asn1.RawValue { return append(m, m[0]) }, false, attest.ErrNotDER},
		"a level as an integer":   {func(m []asn1.RawValue) []asn1.RawValue { m[1] = raw(2, 1, 1); return m }, false, attest.ErrNotDER},
		"a number with a nought":  {func(m []asn1.RawValue) []asn1.RawValue { m[0] = raw(2, 2, 0, 1); return m }, false, attest.ErrNotDER},
		"a long form of a length": {func(m []asn1.RawValue) []asn1.RawValue { m[5] = raw(4, 0x81, 0); return m }, false, attest.ErrNotDER},
		"an indefinite length":    {func(m []asn1.RawValue) []asn1.RawValue { m[5] = raw(4, 0x80, 0, 0); return m }, false, attest.ErrNotDER},
		"a list that is a set":    {func(m []asn1.RawValue) []asn1.RawValue { m[7] = raw(0x31, 0); return m }, false, attest.ErrNotDER},
		"tags that do not ascend": {func(f []asn1.RawValue) []asn1.RawValue { slices.Reverse(f); return f }, true, attest.ErrTagsUnordered},
		"a tag twice":             {func(f []asn1.RawValue) []asn1.RawValue { return slices.Insert(f, 1, f[0]) }, true, attest.ErrTagsUnordered},
		"a field without its tag": {func(f []asn1.RawValue) []asn1.RawValue { f[0] = raw(2, 1, 1); return f }, true, attest.ErrNotDER},
		"a tag spelled longer":    {func(f []asn1.RawValue) []asn1.RawValue { f[0] = raw(0xbf, 0x01, 5, 0x31, 3, 2, 1, 2); return f }, true, attest.ErrNotDER},
		"two values in a field":   {func(f []asn1.RawValue) []asn1.RawValue { f[1] = raw(0xa2, 6, 2, 1, 3, 2, 1, 3); return f }, true, attest.ErrNotDER},
		"an empty field":          {func(f []asn1.RawValue) []asn1.RawValue { f[1] = raw(0xa2, 0); return f }, true, attest.ErrNotDER},
	} {
		b.refused(name, b.chain(&b.key.PublicKey, edited(tc.edit, tc.within)), tc.why)
	}
}

func TestWhatAChainIsRefusedFor(t *testing.T) {
	t.Parallel()
	b, foreign := newBench(t), newBench(t)
	chain := b.chain(&b.key.PublicKey)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	changed := slices.Clone(chain)
	changed[1] = b.chain(&b.key.PublicKey)[1]
	b.refused("a foreign authority", foreign.chain(&b.key.PublicKey), attest.ErrRoot)
	b.refused("the bank's root above a foreign chain", append(foreign.chain(&b.key.PublicKey)[:2:2], chain[2]), attest.ErrChain)
	b.refused("another authority between", changed, attest.ErrChain)
	b.refused("out of order", [][]byte{chain[1], chain[0], chain[2]}, attest.ErrChain)
	b.refused("a certificate alone", chain[:1], attest.ErrChainLength)
	b.refused("no certificate", nil, attest.ErrChainLength)
	b.refused("eleven certificates", append(slices.Repeat(chain, 4)[:10], chain[2]), attest.ErrChainLength)
	b.refused("not a certificate", [][]byte{[]byte("hello"), chain[1], chain[2]}, attest.ErrMalformed)
	b.refused("a megabyte", [][]byte{make([]byte, 1<<20), chain[1], chain[2]}, attest.ErrTooLarge)
	b.refused("another key than the enrolled one", b.chain(&other.PublicKey), attest.ErrKey)
}

// TestAnAttestedKeySignsNoCertificate: its owner can, but nobody takes what is below it.
func TestAnAttestedKeySignsNoCertificate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	attested := b.chain(&b.key.PublicKey)
	parent, err := x509.ParseCertificate(attested[0])
	require.NoError(t, err)
	extension := parent.Extensions[slices.IndexFunc(parent.Extensions, func(e pkix.Extension) bool { return len(e.Id) == 10 })]
	thief, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		extensions []pkix.Extension
		why        *domain.Refusal
	}{"with a description": {[]pkix.Extension{extension}, attest.ErrExtensionElsewhere}, "without one": {nil, attest.ErrExtraLeaf}} {
		leaf := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: noon, NotAfter: noon.Add(time.Hour), ExtraExtensions: tc.extensions}
		der, err := x509.CreateCertificate(rand.Reader, leaf, parent, &thief.PublicKey, b.key)
		require.NoError(t, err)
		b.refused(name, append([][]byte{der}, attested...), tc.why)
	}
}

func TestKeysThatAreNotP256(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	factors, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for name, key := range map[string]crypto.PublicKey{"P-384": &p384.PublicKey, "Ed25519": edwards, "RSA": &factors.PublicKey} {
		b.refused(name, b.chain(key), attest.ErrCurve)
	}
	b.refused("an algorithm that nobody knows yet", b.signedAnew(
		[]byte{0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}, // id-ecPublicKey
		[]byte{0x06, 0x07, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04}), attest.ErrCurve)
}

// signedAnew is a good chain with some bytes of its leaf changed under a good signature.
func (b bench) signedAnew(from, to []byte) [][]byte {
	b.t.Helper()
	said := attesttest.GoodAndroid(challenge, bankApp.Package, signer, true, noon)
	chain, issuer, err := b.maker.Android(&b.key.PublicKey, said)
	require.NoError(b.t, err)
	var parts []asn1.RawValue
	_, err = asn1.Unmarshal(chain[0], &parts)
	require.NoError(b.t, err)
	body := bytes.Replace(parts[0].FullBytes, from, to, 1)
	require.NotEqual(b.t, parts[0].FullBytes, body)
	digest := sha256.Sum256(body)
	signature, err := ecdsa.SignASN1(rand.Reader, issuer, digest[:])
	require.NoError(b.t, err)
	bits, err := asn1.Marshal(asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)})
	require.NoError(b.t, err)
	chain[0] = packed([]asn1.RawValue{{FullBytes: body}, parts[1], {FullBytes: bits}})
	return chain
}

func TestACertificateSaysItTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	chain := b.chain(&b.key.PublicKey)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: noon, NotAfter: noon.Add(time.Hour), ExtraExtensions: []pkix.Extension{
		{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}, Value: []byte{5, 0}},
		{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}, Value: []byte{5, 0}},
	}}
	twice, err := x509.CreateCertificate(rand.Reader, template, template, &b.key.PublicKey, b.key)
	require.NoError(t, err)
	b.refused("twice", append([][]byte{twice}, chain[1:]...), attest.ErrExtensionTwice)
}

func TestRevokedCertificates(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, spelling := range []string{"6681152659205225093", "5cb838f1fe157a85", "5CB838F1FE157A85", "0x05cb838f1fe157a85", " 005cb838f1fe157a85"} {
		for _, status := range []string{"REVOKED", "SUSPENDED", "WHATEVER"} {
			list, err := android.ParseList([]byte(`{"entries":{"`+spelling+`":{"status":"`+status+`","reason":"KEY_COMPROMISE"}}}`), noon, time.Hour)
			require.NoError(t, err)
			require.Len(t, list.Digest(), 64)
			b.trust.List = list
			serial, _ := new(big.Int).SetString("6681152659205225093", 10)
			b.refused(spelling, b.chain(&b.key.PublicKey, func(a *attesttest.Android) { a.MiddleSerial = serial }), attest.ErrRevoked)
			_, err = android.Judge(b.chain(&b.key.PublicKey), b.trust, b.expected(), noon.Add(time.Hour))
			require.NoError(t, err, "another serial number")
			_, err = android.Judge(b.chain(&b.key.PublicKey), b.trust, b.expected(), noon.Add(time.Hour+time.Second))
			require.Equal(t, attest.Refusals{attest.ErrStaleList}, err)
		}
	}
	for _, text := range []string{"", "{}", "[]", `{"entries":[]}`, `{"entries":null}`} {
		_, err := android.ParseList([]byte(text), noon, 0)
		require.ErrorIs(t, err, android.ErrList, text)
	}
}

// TestAFlippedByteOfAMadeChain walks over every byte of a chain that a clone makes itself.
func TestAFlippedByteOfAMadeChain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	chain := b.chain(&b.key.PublicKey)
	for i := range chain {
		for at := range chain[i] {
			chain[i][at] ^= 1 << (at % 8)
			_, err := android.Judge(chain, b.trust, b.expected(), noon)
			require.Error(t, err, "byte %d of certificate %d", at, i)
			chain[i][at] ^= 1 << (at % 8)
		}
	}
	_, err := android.Judge(chain, b.trust, b.expected(), noon)
	require.NoError(t, err)
}

func TestGooglesRootsAreTheOnesThatAreWrittenDown(t *testing.T) {
	t.Parallel()
	require.Equal(t, "fe8815450cf462af237e00d255393fa3e345a9830fe3b90c91268d6a38ffd70b", android.GoogleRoots().Digest())
	text, err := os.ReadFile("roots.pem")
	require.NoError(t, err)
	for _, known := range []string{"cedb1cb6dc896ae5ec797348bce9286753c2b38ee71ce0fbe34a9a1248800dfc", "6d9db4ce6c5c0b293166d08986e05774a8776ceb525d9e4329520de12ba4bcc0"} {
		block, rest := pem.Decode(text)
		require.NotNil(t, block)
		require.Equal(t, known, attest.Digest(block.Bytes))
		text = rest
	}
}
