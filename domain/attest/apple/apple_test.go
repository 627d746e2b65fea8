package apple_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/attest"
	"florin/domain/attest/apple"
	"florin/domain/attest/attesttest"
)

var (
	noon    = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	bound   = bytes.Repeat([]byte{9}, sha256.Size)
	bankApp = apple.App{ID: "TEAM.com.example.bank", Environment: apple.Production}
)

type bench struct {
	t     testing.TB
	maker *attesttest.Maker
	roots apple.Trust
}

func newBench(t testing.TB) bench {
	t.Helper()
	maker, err := attesttest.New(rand.Reader, noon)
	require.NoError(t, err)
	roots, err := attest.ParseRoots(maker.Root())
	require.NoError(t, err)
	return bench{t, maker, apple.Trust{Chains: roots, Receipts: roots}}
}

// good is what a phone sends.
func good() attesttest.Apple {
	return attesttest.Apple{At: noon.Add(-time.Hour), ClientData: bound, App: bankApp.ID}
}

func (b bench) made(changes ...func(*attesttest.Apple)) (object, id []byte, key *ecdsa.PrivateKey) {
	b.t.Helper()
	a := good()
	for _, change := range changes {
		change(&a)
	}
	object, id, key, err := b.maker.Apple(a)
	require.NoError(b.t, err)
	return object, id, key
}

func (b bench) judge(object, id []byte) (apple.Attestation, error) {
	return apple.Attest(object, bound, id, []apple.App{{ID: "TEAM.com.example.other"}, bankApp}, b.roots, noon)
}

func TestAMadeKeyStands(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	object, id, key := b.made()
	made, err := b.judge(object, id)
	require.NoError(t, err)
	public, err := domain.ECKey(&key.PublicKey)
	require.NoError(t, err)
	require.Equal(t, public.Thumbprint(), made.Key.Thumbprint())
	require.False(t, made.Extended)

	object, id, _ = b.made(func(a *attesttest.Apple) {
		a.Extensions = map[string]any{"apple_validation_category_01": []byte{4, 0, 0, 0}, "apple_bundle_version_01": "1.2.3", "apple_new_02": 1}
	})
	made, err = b.judge(object, id)
	require.NoError(t, err)
	require.Equal(t, []any{true, uint32(4), "1.2.3"}, []any{made.Extended, made.Category, made.Version})

	object, id, _ = b.made(func(a *attesttest.Apple) { a.Development = true })
	_, err = apple.Attest(object, bound, id, []apple.App{bankApp, {ID: bankApp.ID, Environment: apple.Development}}, b.roots, noon)
	require.NoError(t, err, "an app may be configured for both")
}

func TestWhatAnAttestationIsRefusedFor(t *testing.T) {
	t.Parallel()
	b, foreign := newBench(t), newBench(t)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		change func(*attesttest.Apple)
		why    error
	}{
		"another challenge":                   {func(a *attesttest.Apple) { a.ClientData = []byte("x") }, attest.ErrChallenge},
		"another app":                         {func(a *attesttest.Apple) { a.App = "TEAM.com.example.evil" }, attest.ErrApp},
		"another team":                        {func(a *attesttest.Apple) { a.App = "MATE.com.example.bank" }, attest.ErrApp},
		"a development build":                 {func(a *attesttest.Apple) { a.Development = true }, attest.ErrEnvironment},
		"another key in the data":             {func(a *attesttest.Apple) { a.DataKey = &other.PublicKey }, attest.ErrKey},
		"a key that was used before":          {func(a *attesttest.Apple) { a.Counter = 1 }, attest.ErrNewCounter},
		"a leaf that has run out":             {func(a *attesttest.Apple) { a.At = noon.Add(-73 * time.Hour) }, attest.ErrExpired},
		"a leaf of tomorrow":                  {func(a *attesttest.Apple) { a.At = noon.Add(time.Second) }, attest.ErrExpired},
		"no nonce":                            {func(a *attesttest.Apple) { a.Silent = true }, attest.ErrExtensionMissing},
		"a nonce spelled otherwise":           {func(a *attesttest.Apple) { a.EditNonce = func(n []byte) []byte { return n[2:] } }, attest.ErrNotDER},
		"bytes that are no map after the key": {func(a *attesttest.Apple) { a.EditData = func(d []byte) []byte { return append(d, 1) } }, attest.ErrTrailing},
		"two maps after the key":              {func(a *attesttest.Apple) { a.EditData = func(d []byte) []byte { return append(d, 0xa0, 0xa0) } }, attest.ErrTrailing},
		"a map that is cut off":               {func(a *attesttest.Apple) { a.EditData = func(d []byte) []byte { return append(d, 0xa1, 1) } }, attest.ErrCBOR},
		"a map with a key twice": {func(a *attesttest.Apple) {
			a.EditData = func(d []byte) []byte { return append(d, 0xa2, 0x61, 'a', 1, 0x61, 'a', 2) }
		}, attest.ErrCBORDuplicate},
		"an endless map": {func(a *attesttest.Apple) { a.EditData = func(d []byte) []byte { return append(d, 0xbf, 0xff) } }, attest.ErrCBORIndefinite},
		"a category that is none": {func(a *attesttest.Apple) {
			a.Extensions = map[string]any{"apple_validation_category_01": []byte{0, 0, 0, 0}}
		}, attest.ErrMalformed},
		"a category of one byte":               {func(a *attesttest.Apple) { a.Extensions = map[string]any{"apple_validation_category_01": []byte{4}} }, attest.ErrMalformed},
		"a version that is a number":           {func(a *attesttest.Apple) { a.Extensions = map[string]any{"apple_bundle_version_01": 1} }, attest.ErrMalformed},
		"data that is cut off":                 {func(a *attesttest.Apple) { a.EditData = func(d []byte) []byte { return d[:30] } }, attest.ErrMalformed},
		"data without a key":                   {func(a *attesttest.Apple) { a.EditData = func(d []byte) []byte { return d[:37] } }, attest.ErrMalformed},
		"flags without a key":                  {func(a *attesttest.Apple) { a.EditData = func(d []byte) []byte { d[32] = 0; return d } }, attest.ErrMalformed},
		"a credential id of another length":    {func(a *attesttest.Apple) { a.EditData = func(d []byte) []byte { d[54] = 31; return d } }, attest.ErrMalformed},
		"another credential id":                {func(a *attesttest.Apple) { a.EditData = func(d []byte) []byte { d[60]++; return d } }, attest.ErrKey},
		"a key of another algorithm":           {func(a *attesttest.Apple) { a.EditData = func(d []byte) []byte { d[91]++; return d } }, attest.ErrCurve},
		"an authenticator that nobody has set": {func(a *attesttest.Apple) { a.EditData = func(d []byte) []byte { d[37]++; return d } }, attest.ErrEnvironment},
	} {
		object, id, _ := b.made(tc.change)
		_, err := b.judge(object, id)
		require.Equal(t, tc.why, err, name)
	}
	object, id, _ := foreign.made()
	_, err = b.judge(object, id)
	require.Equal(t, attest.ErrRoot, err)
	object, id, _ = b.made()
	_, err = b.judge(object, flipped(id, 0))
	require.Equal(t, attest.ErrKey, err, "another key id")
}

// TestWhatBytesAreRefusedFor takes the object apart and puts it together wrong.
func TestWhatBytesAreRefusedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	object, id, _ := b.made()
	changed := func(change func(said, statement map[string]any)) []byte {
		var said map[string]any
		require.NoError(t, cbor.Unmarshal(object, &said))
		statement := map[string]any{}
		for k, v := range said["attStmt"].(map[any]any) {
			statement[k.(string)] = v
		}
		said["attStmt"] = statement
		change(said, statement)
		raw, err := cbor.Marshal(said)
		require.NoError(t, err)
		return raw
	}
	chain := func(pick ...int) []byte {
		return changed(func(_, s map[string]any) {
			all := s["x5c"].([]any)
			var some []any
			for _, i := range pick {
				some = append(some, all[i])
			}
			s["x5c"] = some
		})
	}
	otherObject, _, _ := b.made()
	var other map[string]any
	require.NoError(t, cbor.Unmarshal(otherObject, &other))
	deep := bytes.Repeat([]byte{0x81}, 100)
	for name, tc := range map[string]struct {
		raw []byte
		why error
	}{
		"nothing":               {nil, attest.ErrCBOR},
		"a megabyte":            {make([]byte, 1<<20), attest.ErrTooLarge},
		"cut off":               {object[:len(object)-1], attest.ErrCBOR},
		"bytes that follow":     {append(bytes.Clone(object), 0), attest.ErrTrailing},
		"nested deeply":         {append(deep, 0), attest.ErrCBORNested},
		"a key twice":           {append([]byte{0xa2, 0x63, 'f', 'm', 't', 0x61, 'x', 0x63, 'f', 'm', 't'}, 0x61, 'x'), attest.ErrCBORDuplicate},
		"of no declared length": {[]byte{0xbf, 0x63, 'f', 'm', 't', 0x61, 'x', 0xff}, attest.ErrCBORIndefinite},
		"text of no end":        {[]byte{0xa1, 0x63, 'f', 'm', 't', 0x7f, 0x61, 'x', 0xff}, attest.ErrCBORIndefinite},
		"an array":              {[]byte{0x80}, attest.ErrMalformed},
		"a tag":                 {append([]byte{0xc0}, object...), attest.ErrCBOR},
		"another format":        {changed(func(said, _ map[string]any) { said["fmt"] = "packed" }), attest.ErrMalformed},
		"a member more":         {changed(func(said, _ map[string]any) { said["x"] = 1 }), attest.ErrMalformed},
		"no data":               {changed(func(said, _ map[string]any) { delete(said, "authData") }), attest.ErrChallenge},
		"no receipt":            {changed(func(_, s map[string]any) { delete(s, "receipt") }), attest.ErrMalformed},
		"a statement more":      {changed(func(_, s map[string]any) { s["alg"] = -7 }), attest.ErrMalformed},
		"no certificates":       {changed(func(_, s map[string]any) { delete(s, "x5c") }), attest.ErrChainLength},
		"a leaf alone":          {chain(0), attest.ErrChainLength},
		"an extra leaf":         {chain(0, 0, 1), attest.ErrChainLength},
		"out of order":          {chain(1, 0), attest.ErrChain},
		"another authority":     {changed(func(_, s map[string]any) { s["x5c"].([]any)[1] = other["attStmt"].(map[any]any)["x5c"].([]any)[1] }), attest.ErrChain},
		"not certificates":      {changed(func(_, s map[string]any) { s["x5c"] = [][]byte{{1}, {2}} }), attest.ErrMalformed},
	} {
		_, err := b.judge(tc.raw, id)
		require.Equal(t, tc.why, err, name)
	}
}

func TestAssertions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	object, id, key := b.made()
	made, err := b.judge(object, id)
	require.NoError(t, err)
	apps := []apple.App{bankApp}
	assert := func(app string, hash []byte, counter uint32, more ...byte) []byte {
		raw, err := b.maker.Assert(key, app, hash, counter, more...)
		require.NoError(t, err)
		return raw
	}
	counter, err := apple.Assert(assert(bankApp.ID, bound, 7), bound, made.Key, apps, 6)
	require.NoError(t, err)
	require.Equal(t, uint32(7), counter)
	_, err = apple.Assert(assert(bankApp.ID, bound, 8, 0xa1, 0x61, 'a', 1), bound, made.Key, apps, 7)
	require.NoError(t, err, "with the extensions of iOS 27")
	another, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	anotherKey, err := domain.ECKey(&another.PublicKey)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		raw  []byte
		key  domain.PublicKey
		last uint32
		why  error
	}{
		"replayed":               {assert(bankApp.ID, bound, 7), made.Key, 7, attest.ErrCounter},
		"an older counter":       {assert(bankApp.ID, bound, 6), made.Key, 7, attest.ErrCounter},
		"no counter":             {assert(bankApp.ID, bound, 0), made.Key, 0, attest.ErrCounter},
		"another app":            {assert("TEAM.com.example.evil", bound, 8), made.Key, 7, attest.ErrApp},
		"of something else":      {assert(bankApp.ID, []byte("x"), 8), made.Key, 7, attest.ErrSignature},
		"by another key":         {assert(bankApp.ID, bound, 8), anotherKey, 7, attest.ErrSignature},
		"before any attestation": {assert(bankApp.ID, bound, 8), domain.PublicKey{}, 7, attest.ErrNoAppKey},
		"bytes after the head":   {assert(bankApp.ID, bound, 8, 1), made.Key, 7, attest.ErrTrailing},
		"a kilobyte":             {make([]byte, 1025), made.Key, 7, attest.ErrTooLarge},
		"not CBOR":               {[]byte{0xff}, made.Key, 7, attest.ErrCBOR},
		"empty":                  {[]byte{0xa0}, made.Key, 7, attest.ErrMalformed},
	} {
		_, err := apple.Assert(tc.raw, bound, tc.key, apps, tc.last)
		require.Equal(t, tc.why, err, name)
	}
}

// TestReceiptsAreOfTheirAttestation: one of another app, key or challenge is none.
func TestReceiptsAreOfTheirAttestation(t *testing.T) {
	t.Parallel()
	b, foreign := newBench(t), newBench(t)
	replaced := func(from, to []byte) func(*attesttest.Receipt) {
		return func(r *attesttest.Receipt) {
			r.Edit = func(cms []byte) []byte {
				require.Contains(t, string(cms), string(from))
				return bytes.Replace(cms, from, to, 1)
			}
		}
	}
	for name, tc := range map[string]struct {
		edit func(*attesttest.Receipt)
		why  error
	}{
		"another app":         {func(r *attesttest.Receipt) { r.App = "TEAM.com.example.other" }, attest.ErrReceipt},
		"another certificate": {func(r *attesttest.Receipt) { r.Certificate = []byte("x") }, attest.ErrReceipt},
		"another challenge":   {func(r *attesttest.Receipt) { r.ClientData = []byte("x") }, attest.ErrReceipt},
		"of an assertion":     {func(r *attesttest.Receipt) { r.Kind = "RECEIPT" }, attest.ErrReceipt},
		"not valid yet":       {func(r *attesttest.Receipt) { r.At = noon.Add(2 * time.Hour) }, attest.ErrExpired},
		"nothing":             {func(r *attesttest.Receipt) { r.Edit = func([]byte) []byte { return []byte{0} } }, attest.ErrReceipt},
		"cut off":             {func(r *attesttest.Receipt) { r.Edit = func(cms []byte) []byte { return cms[:len(cms)-2] } }, attest.ErrReceipt},
		"bytes that follow":   {func(r *attesttest.Receipt) { r.Edit = func(cms []byte) []byte { return append(cms, 0) } }, attest.ErrReceipt},
		"nested deeply": {func(r *attesttest.Receipt) {
			r.Edit = func([]byte) []byte { return bytes.Repeat([]byte{0x30, 0x80}, 5000) }
		}, attest.ErrReceipt},
		"changed content":          {replaced([]byte("sandbox"), []byte("saNdbox")), attest.ErrReceipt},
		"another message":          {replaced([]byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2}, []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3}), attest.ErrReceipt},
		"a length spelled longer":  {replaced([]byte{0x02, 0x01, 0x01, 0x31}, []byte{0x02, 0x81, 0x01, 0x01, 0x31}), attest.ErrReceipt},
		"a name spelled otherwise": {replaced([]byte("Simulated Receipt"), []byte("SimulateD Receipt")), attest.ErrChain},
	} {
		object, id, _ := b.made(func(a *attesttest.Apple) { a.EditReceipt = tc.edit })
		_, err := b.judge(object, id)
		require.Equal(t, tc.why, err, name)
	}
	object, id, _ := b.made()
	_, err := apple.Attest(object, bound, id, []apple.App{bankApp}, apple.Trust{Chains: b.roots.Chains, Receipts: foreign.roots.Chains}, noon)
	require.Equal(t, attest.ErrRoot, err, "of nobody whom the bank knows")
}

// TestAFlippedByteOfAMadeObject walks over all bytes that a clone makes itself.
func TestAFlippedByteOfAMadeObject(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	object, id, _ := b.made(func(a *attesttest.Apple) { a.Extensions = map[string]any{"apple_bundle_version_01": "1"} })
	_, err := b.judge(object, id)
	require.NoError(t, err)
	for at := range object {
		object[at] ^= 1 << (at % 8)
		_, err := b.judge(object, id)
		require.Error(t, err, "byte %d", at)
		object[at] ^= 1 << (at % 8)
	}
}

// FuzzObject reads whatever may be sent as an attestation.
func FuzzObject(f *testing.F) {
	b := newBench(f)
	object, id, _ := b.made()
	f.Add(object)
	f.Add([]byte{0xa0})
	f.Add(bytes.Repeat([]byte{0x81}, 50))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := b.judge(raw, id); err == nil && !bytes.Equal(raw, object) {
			t.Fatal("an object that nobody has made was taken")
		}
	})
}

// FuzzAssertion reads whatever may be sent as an assertion.
func FuzzAssertion(f *testing.F) {
	b := newBench(f)
	object, id, key := b.made()
	made, err := b.judge(object, id)
	require.NoError(f, err)
	raw, err := b.maker.Assert(key, bankApp.ID, bound, 1)
	require.NoError(f, err)
	f.Add(raw)
	f.Fuzz(func(t *testing.T, sent []byte) {
		if counter, err := apple.Assert(sent, bound, made.Key, []apple.App{bankApp}, 0); err == nil && counter != 1 {
			t.Fatal("an assertion that nobody has made was taken")
		}
	})
}
