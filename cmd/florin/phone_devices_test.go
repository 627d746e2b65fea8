package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"
)

// What a person tries by hand, on the real binary.
func TestAPersonMindsDevicesSessionsAndFactors(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	on := func(name string, args ...string) []string {
		return append([]string{"phone", "--url", h.base, "--state", filepath.Join(h.work, name+".json")}, args...)
	}
	who := []string{"--user", "ada", "--password", "a long pass phrase"}
	h.does(on("old", append([]string{"enrol"}, who...)...)...)
	codes := read[struct{ Codes []string }](t, h.does(on("old", "recovery-codes")...)).Codes
	require.Contains(t, h.fails(on("new", append([]string{"join", "--by", "pigeon"}, who...)...)...), `"pigeon" is none of`)
	require.Contains(t, h.fails(on("new", append([]string{"join", "--by", "recovery-code", "--code", "AAAA"}, who...)...)...), "access_denied")
	h.does(on("new", append([]string{"join", "--by", "recovery-code", "--code", codes[0]}, who...)...)...)
	require.Contains(t, h.fails(on("new", append([]string{"join"}, who...)...)...), "give another --state")

	type device struct {
		ID      string `json:"device_id"`
		Current bool
	}
	both := read[struct{ Devices []device }](t, h.does(on("new", "devices")...)).Devices
	require.Len(t, both, 2)
	old := both[0].ID
	if both[0].Current {
		old = both[1].ID
	}
	require.Contains(t, h.does(on("new", "rename", old, "the old one")...), "the old one")
	sessions := read[struct {
		Sessions []struct {
			ID     string `json:"session_id"`
			Device string `json:"device_id"`
		}
	}](t, h.does(on("new", "sessions")...)).Sessions
	for _, session := range sessions {
		if session.Device == old {
			h.does(on("new", "end", session.ID)...)
		}
	}
	require.Contains(t, h.fails(on("old", "get", "/v1/accounts")...), "invalid-token")
	h.does(on("old", "login")...)
	require.Contains(t, h.does(on("new", "totp")...), "factor_id")
	require.Contains(t, h.does(on("new", "factors")...), `"totp"`)
	require.Contains(t, h.fails(on("new", "login", "--passkey")...), "florin phone passkey")
	require.Contains(t, h.does(on("new", "passkey")...), "factor_id")
	require.Contains(t, h.does(on("new", "factors")...), `"passkey"`)
	for range 2 { // it counts its signatures, and the count is kept
		require.Contains(t, h.does(on("new", "login", "--passkey")...), "DPoP")
	}
	require.Contains(t, h.does(on("new", "revoke", old)...), "revoked")
	require.Contains(t, h.fails(on("old", "login")...), "access_denied")

	raw, err := os.ReadFile(filepath.Join(h.work, "new.json"))
	require.NoError(t, err)
	var saved struct {
		Phone struct {
			Profile struct {
				Secret string `json:"totp_secret"`
			}
		}
	}
	require.NoError(t, json.Unmarshal(raw, &saved))
	next, err := totp.GenerateCode(saved.Phone.Profile.Secret, time.Now().Add(30*time.Second)) // the present one is spent
	require.NoError(t, err)
	h.does(on("third", append([]string{"join", "--by", "totp", "--code", next}, who...)...)...)
	require.Contains(t, h.does(on("third", "devices")...), `"current": true`)
}

// Strangers have used up every guess at the name that strangers have; the phone that
// its owner expects comes in.
func TestAPersonExpectsTheirNextPhone(t *testing.T) {
	t.Parallel()
	h := newHost(t, "--rate-burst", "10000", "--rate-per-second", "10000")
	on := func(name string, args ...string) []string {
		return append([]string{"phone", "--url", h.base, "--state", filepath.Join(h.work, name+".json")}, args...)
	}
	join := func(password string, more ...string) []string {
		return append([]string{"join", "--by", "recovery-code", "--user", "ada", "--password", password}, more...)
	}
	h.does(on("old", "enrol", "--user", "ada", "--password", "a long pass phrase")...)
	code := read[struct{ Codes []string }](t, h.does(on("old", "recovery-codes")...)).Codes[0]
	word := read[struct{ Expected string }](t, h.does(on("old", "expect")...)).Expected
	require.NotEmpty(t, word)
	for i := 0; !strings.Contains(h.fails(on("stranger", join("a wrong pass phrase", "--code", "AAAA")...)...), "too_many_attempts"); i++ {
		require.Less(t, i, 60)
	}
	require.Contains(t, h.fails(on("new", join("a long pass phrase", "--code", code)...)...), "too_many_attempts", "like any stranger")
	require.Contains(t, h.fails(on("new", join("a long pass phrase", "--code", code, "--expected", strings.Repeat("A", len(word)))...)...), "too_many_attempts", "another word is none")
	require.Contains(t, h.does(on("new", join("a long pass phrase", "--code", code, "--expected", word)...)...), "DPoP")
}
