package consent_test

import (
	"testing"

	"florin/domain/consent"
	"florin/domain/domaintest"
)

// OpenID Connect Core 3.1.2.1: prompt=none.
func TestASilentRequestAsksNobody(t *testing.T) {
	t.Parallel()
	silence, silenced := consent.Silence{At: noon}, consent.Silenced{At: noon}
	open := func(browser string) consent.Open { return consent.Open{Client: shop, Browser: browser, At: noon} }
	domaintest.Run[consent.State](t, []domaintest.Case[consent.Command, consent.Event]{
		{Name: "it is said with the request", Given: given(pushed), When: silence, Then: given(silenced)},
		{Name: "once", Given: given(pushed, silenced), When: silence, Refused: consent.ErrURI},
		{Name: "of none", When: silence, Refused: consent.ErrURI},
		{Name: "not once a browser was shown it", Given: given(pushed, opened), When: silence, Refused: consent.ErrURI},
		{Name: "not after the yes", Given: given(pushed, opened, granted), When: silence, Refused: consent.ErrURI},
		{Name: "a browser opens it", Given: given(pushed, silenced), When: open("b"), Then: given(opened)},
		{Name: "and again", Given: given(pushed, silenced, opened), When: open("b")},
		{Name: "another does not", Given: given(pushed, silenced, opened), When: open("c"), Refused: consent.ErrURI},
		{Name: "it is not agreed to", Given: given(pushed, silenced, opened), When: grant, Refused: consent.ErrURI},
		{Name: "nor denied", Given: given(pushed, silenced, opened), When: consent.Deny{Browser: "b", At: noon}, Refused: consent.ErrURI},
	})
}
