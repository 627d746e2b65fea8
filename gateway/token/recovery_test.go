package token

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

func TestRecoveryAssents(t *testing.T) {
	t.Parallel()
	sca, thief := newKey(t), newKey(t)
	sign := func(typ string, change map[string]any) string {
		claims := map[string]any{"aud": issuer, "jkt": "device", "recovery_id": "rec_1", "jti": "j1", "iat": start.Unix()}
		maps.Copy(claims, change)
		return forge(t, jwt.SigningMethodES256, sca, map[string]any{"typ": typ, "alg": "ES256"}, claims)
	}
	const typ = "florin-recovery+jwt"
	said, err := OpenRecoveryAssent(sign(typ, nil), issuer, jwkOf(t, sca), start.Add(9*time.Minute))
	require.NoError(t, err)
	require.Equal(t, RecoveryAssent{issuer, "device", "rec_1", "j1", start.Unix()}, said)
	for name, raw := range map[string]string{
		"for another bank":         sign(typ, map[string]any{"aud": "http://other"}),
		"without a name":           sign(typ, map[string]any{"jti": ""}),
		"older than a recovery":    sign(typ, map[string]any{"iat": start.Add(-11 * time.Minute).Unix()}),
		"of the future":            sign(typ, map[string]any{"iat": start.Add(11 * time.Minute).Unix()}),
		"made for a login":         sign("florin-login+jwt", nil),
		"made for a payment":       sign("florin-txn+jwt", nil),
		"without a type":           sign("", nil),
		"by nobody":                "",
		"of three empty parts":     "..",
		"longer than any":          strings.Repeat("a", StatementBytesMax+1),
		"signed by a thief's key":  forge(t, jwt.SigningMethodES256, thief, map[string]any{"typ": typ, "alg": "ES256"}, map[string]any{"aud": issuer, "jti": "j", "iat": start.Unix()}),
		"signed with the key's id": forge(t, jwt.SigningMethodHS256, []byte("sca"), map[string]any{"typ": typ, "alg": "HS256"}, map[string]any{"aud": issuer, "jti": "j", "iat": start.Unix()}),
	} {
		_, err := OpenRecoveryAssent(raw, issuer, jwkOf(t, sca), start)
		require.ErrorIs(t, err, ErrStatement, name)
	}
}
