package play_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"florin/domain/attest"
	"florin/domain/attest/attesttest"
	"florin/domain/attest/play"
)

var (
	noon      = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	challenge = bytes.Repeat([]byte{3}, sha256.Size)
	signer    = bytes.Repeat([]byte{7}, sha256.Size)
)

const bankApp = "com.example.bank"

func newStore(t testing.TB) (attesttest.Store, []play.App) {
	t.Helper()
	store, err := attesttest.NewStore(rand.Reader)
	require.NoError(t, err)
	opening, verifying, err := store.Keys()
	require.NoError(t, err)
	key, public, err := play.Keys(opening, verifying)
	require.NoError(t, err)
	return store, []play.App{{Package: bankApp, Signers: [][]byte{signer}, Opening: key, Verifying: public}}
}

func token(t testing.TB, store attesttest.Store, changes ...func(*attesttest.Play)) string {
	t.Helper()
	verdict := attesttest.GoodPlay(challenge, bankApp, signer, noon)
	for _, change := range changes {
		change(&verdict)
	}
	made, err := store.Token(verdict)
	require.NoError(t, err)
	return made
}

func TestAMadeTokenStands(t *testing.T) {
	t.Parallel()
	store, apps := newStore(t)
	finding, err := play.Judge(token(t, store), challenge, apps, noon.Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, []string{"play-recognized", "device-integrity"}, finding.Reasons())
	finding, err = play.Judge(token(t, store, func(p *attesttest.Play) {
		p.Request["requestHash"] = strings.TrimRight(p.Request["nonce"].(string), "=")
		delete(p.Request, "nonce")
		p.Device["deviceRecognitionVerdict"] = []string{"MEETS_BASIC_INTEGRITY", "MEETS_DEVICE_INTEGRITY", "MEETS_STRONG_INTEGRITY"}
	}), challenge, apps, noon)
	require.NoError(t, err)
	require.True(t, finding.Strong)
}

func TestWhatATokenIsRefusedFor(t *testing.T) {
	t.Parallel()
	store, apps := newStore(t)
	strangers, _ := newStore(t)
	forged := attesttest.Store{Opening: store.Opening, Signing: strangers.Signing}
	millis := func(at time.Time) func(*attesttest.Play) {
		return func(p *attesttest.Play) { p.Request["timestampMillis"] = strconv.FormatInt(at.UnixMilli(), 10) }
	}
	request := func(name string, value any) func(*attesttest.Play) {
		return func(p *attesttest.Play) { p.Request[name] = value }
	}
	app := func(name string, value any) func(*attesttest.Play) {
		return func(p *attesttest.Play) { p.App[name] = value }
	}
	device := func(verdicts ...string) func(*attesttest.Play) {
		return func(p *attesttest.Play) { p.Device["deviceRecognitionVerdict"] = verdicts }
	}
	good := token(t, store)
	for name, tc := range map[string]struct {
		token string
		why   error
	}{
		"another package asked":      {token(t, store, request("requestPackageName", "com.example.evil")), attest.ErrApp},
		"another challenge":          {token(t, store, request("nonce", "AAAA")), attest.ErrChallenge},
		"no challenge":               {token(t, store, request("nonce", "")), attest.ErrChallenge},
		"two challenges":             {token(t, store, request("requestHash", "x")), attest.ErrChallenge},
		"made too long ago":          {token(t, store, millis(noon.Add(-play.Age-time.Second))), attest.ErrTokenTime},
		"dated ahead":                {token(t, store, millis(noon.Add(time.Minute))), attest.ErrTokenTime},
		"of no time":                 {token(t, store, request("timestampMillis", "0")), attest.ErrTokenTime},
		"of a time that is none":     {token(t, store, request("timestampMillis", "soon")), attest.ErrMalformed},
		"an app from elsewhere":      {token(t, store, app("appRecognitionVerdict", "UNRECOGNIZED_VERSION")), attest.ErrUnrecognized},
		"an app nobody looked at":    {token(t, store, app("appRecognitionVerdict", "UNEVALUATED")), attest.ErrUnrecognized},
		"another package recognised": {token(t, store, app("packageName", "com.example.evil")), attest.ErrApp},
		"another signer":             {token(t, store, app("certificateSha256Digest", []string{"AAAA"})), attest.ErrSigner},
		"another signer beside ours": {token(t, store, func(p *attesttest.Play) {
			p.App["certificateSha256Digest"] = append(p.App["certificateSha256Digest"].([]string), "AAAA")
		}), attest.ErrSigner},
		"no signer":                {token(t, store, app("certificateSha256Digest", []string{})), attest.ErrSigner},
		"no integrity":             {token(t, store, device()), attest.ErrIntegrity},
		"basic integrity":          {token(t, store, device("MEETS_BASIC_INTEGRITY")), attest.ErrIntegrity},
		"an emulator":              {token(t, store, device("MEETS_VIRTUAL_INTEGRITY")), attest.ErrIntegrity},
		"sealed for somebody else": {token(t, strangers), attest.ErrSealed},
		"signed by somebody else":  {token(t, forged), attest.ErrSignature},
		"sealed by the key itself": {token(t, store, func(p *attesttest.Play) { p.Key = jose.DIRECT }), attest.ErrAlgorithm},
		"sealed by A256GCMKW":      {token(t, store, func(p *attesttest.Play) { p.Key = jose.A256GCMKW }), attest.ErrAlgorithm},
		"sealed in CBC":            {token(t, store, func(p *attesttest.Play) { p.Content = jose.A256CBC_HS512 }), attest.ErrAlgorithm},
		"signed by HS256":          {token(t, store, func(p *attesttest.Play) { p.Sign, p.SignKey = jose.HS256, store.Opening }), attest.ErrAlgorithm},
		"not sealed at all":        {strings.Join(strings.Split(good, ".")[:3], "."), attest.ErrMalformed},
		"nothing":                  {"", attest.ErrMalformed},
		"a megabyte":               {strings.Repeat("a", 1<<20), attest.ErrTooLarge},
		"padded":                   {good + "=", attest.ErrMalformed},
	} {
		_, err := play.Judge(tc.token, challenge, apps, noon)
		require.Equal(t, tc.why, err, name)
	}
	_, err := play.Judge(good, challenge, nil, noon)
	require.Equal(t, attest.ErrSealed, err, "no app of the platform")
}

func TestAFlippedByteOfAToken(t *testing.T) {
	t.Parallel()
	store, apps := newStore(t)
	good := []byte(token(t, store))
	for at := range good {
		for _, flip := range []byte{1, 2, 4, 32} {
			good[at] ^= flip
			_, err := play.Judge(string(good), challenge, apps, noon)
			require.Error(t, err, "byte %d", at)
			good[at] ^= flip
		}
	}
}

func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	opening, verifying, err := store.Keys()
	require.NoError(t, err)
	for _, pair := range [][2]string{{"", verifying}, {opening, ""}, {opening[:20], verifying}, {opening, opening}, {"!", verifying}, {opening, "!"}} {
		_, _, err := play.Keys(pair[0], pair[1])
		require.ErrorIs(t, err, play.ErrKeys)
	}
}

// FuzzToken reads whatever may be sent as a token.
func FuzzToken(f *testing.F) {
	store, apps := newStore(f)
	good := token(f, store)
	f.Add(good)
	f.Add("....")
	f.Fuzz(func(t *testing.T, sent string) {
		if _, err := play.Judge(sent, challenge, apps, noon); err == nil && sent != good {
			t.Fatal("a token that nobody has made was taken")
		}
	})
}
