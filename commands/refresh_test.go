package commands

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/grant"
	"florin/domain/session"
)

func TestRefreshRotatesAndLosesTheElevation(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	phone := b.phone(home)
	first := phone.login(b.enrol("ada"))
	second, err := phone.refresh(first.Refresh, "")
	require.NoError(t, err)
	require.NotEqual(t, first.Refresh, second.Refresh)
	require.NotEqual(t, first.JTI, second.JTI)
	require.Equal(t, grant.ACRDevice, second.ACR)
	require.EqualValues(t, 1, second.Strength)
	require.Equal(t, first.Session, second.Session)
	require.Equal(t, first.AuthSession, second.AuthSession)
	require.Equal(t, first.AuthTime, second.AuthTime)
	b.restart() // what was rotated is not forgotten by a restart
	_, err = phone.refresh(first.Refresh, "")
	require.ErrorIs(t, err, session.ErrGrant)
	require.Equal(t, "refresh-token-reused", b.reason(first.Session))
	_, err = phone.refresh(second.Refresh, "")
	require.ErrorIs(t, err, session.ErrGrant)
}

func TestALostAnswerIsGivenAgain(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	phone := b.phone(home)
	first := phone.login(b.enrol("ada"))
	lost, err := phone.refresh(first.Refresh, "key")
	require.NoError(t, err)
	b.restart()
	b.pass(7 * 24 * time.Hour)
	again, err := phone.refresh(first.Refresh, "key")
	require.NoError(t, err)
	require.Equal(t, lost.Refresh, again.Refresh, "the same successor")
	require.NotEqual(t, lost.JTI, again.JTI, "with an access token of its own")
	third, err := phone.refresh(again.Refresh, "key") // the same key for another token is another request
	require.NoError(t, err)
	_, err = phone.refresh(first.Refresh, "key")
	require.ErrorIs(t, err, session.ErrGrant, "the successor was used")
	_, err = phone.refresh(third.Refresh, "")
	require.ErrorIs(t, err, session.ErrGrant)
}

func TestTwentyRefreshesAtOnce(t *testing.T) {
	t.Parallel()
	t.Run("of one request agree", func(t *testing.T) {
		t.Parallel()
		b := newBranch(t)
		phone := b.phone(home)
		first := phone.login(b.enrol("ada"))
		tokens := make([]Tokens, 20)
		failures := together(len(tokens), func(i int) (err error) {
			tokens[i], err = phone.refresh(first.Refresh, "key")
			return err
		})
		require.Equal(t, 20, succeeded(failures), errors.Join(failures...))
		for _, token := range tokens {
			require.Equal(t, tokens[0].Refresh, token.Refresh)
		}
	})
	t.Run("of different ones have a winner at most, and end the family", func(t *testing.T) {
		t.Parallel()
		b := newBranch(t)
		phone := b.phone(home)
		first := phone.login(b.enrol("ada"))
		tokens := make([]Tokens, 20)
		failures := together(len(tokens), func(i int) (err error) {
			tokens[i], err = phone.refresh(first.Refresh, fmt.Sprint("key ", i))
			return err
		})
		require.LessOrEqual(t, succeeded(failures), 1)
		for _, token := range tokens {
			if token.Refresh != "" {
				_, err := phone.refresh(token.Refresh, "")
				require.ErrorIs(t, err, session.ErrGrant)
			}
		}
	})
	t.Run("against a revocation lose in the end", func(t *testing.T) {
		t.Parallel()
		b := newBranch(t)
		phone := b.phone(home)
		first := phone.login(b.enrol("ada"))
		tokens := make([]Tokens, 20)
		together(len(tokens), func(i int) (err error) {
			if i == 7 {
				_, err = b.bank.Sessions().Revoke(background, b.as(first), first.Session, "logout")
				return err
			}
			tokens[i], err = phone.refresh(first.Refresh, "key")
			return err
		})
		for _, token := range append(tokens, first) {
			if token.Refresh != "" {
				_, err := phone.refresh(token.Refresh, "key")
				require.ErrorIs(t, err, session.ErrGrant)
			}
		}
	})
}

func TestATokenThatLeakedDoesNotLogItsOwnerOut(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	phone, thief := b.phone(home), b.phone(abroad)
	first := phone.login(b.enrol("ada"))
	head := b.head()
	for range 3 {
		_, err := thief.refresh(first.Refresh, "")
		require.ErrorIs(t, err, session.ErrGrant)
	}
	require.Equal(t, []string{(session.TokenRefused{}).Kind()}, b.since(head).kinds, "a security event, folded")
	outcome, err := b.bank.Sessions().RevokeToken(background, b.order(abroad), RevokeToken{ClientID: OwnApp, JKT: thief.jkt, Token: first.Refresh})
	require.NoError(t, err)
	require.Zero(t, outcome.Receipt)
	_, err = phone.refresh(first.Refresh, "")
	require.NoError(t, err)
}

func TestTokensThatAreNotOurs(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	phone := b.phone(home)
	first := phone.login(b.enrol("ada"))
	raw, err := opaque.DecodeString(first.Refresh)
	require.NoError(t, err)
	ahead := append([]byte(nil), raw...)
	ahead[19]++ // the next generation, before there is one
	head := b.head()
	for name, token := range map[string]string{
		"shortened": first.Refresh[:len(first.Refresh)-4], "shortened to its head": first.Refresh[:24], "longer": first.Refresh + "AAAA", "empty": "",
		"of another family": "AAAA" + first.Refresh[4:], "of the next generation": opaque.EncodeToString(ahead), "no base64": strings.Repeat("!", len(first.Refresh)),
	} {
		_, err := phone.refresh(token, "")
		require.ErrorIs(t, err, session.ErrGrant, name)
		outcome, err := b.bank.Sessions().RevokeToken(background, b.order(home), RevokeToken{ClientID: OwnApp, JKT: phone.jkt, Token: token})
		require.NoError(t, err, name)
		require.Zero(t, outcome.Receipt, name)
	}
	require.Equal(t, head, b.head())
	_, err = phone.refresh(first.Refresh, "")
	require.NoError(t, err)
}
