package client_test

import (
	"testing"

	"florin/domain/client"
	"florin/domain/domaintest"
	"florin/domain/id"
)

// By which algorithm a client's ID tokens are signed.
func TestAClientArrangesItsIDTokens(t *testing.T) {
	t.Parallel()
	shop := client.Registered{Client: id.Named[id.Client]("shop"), ClientID: "shop", At: noon}
	given := []client.Event{shop}
	arranged := client.IDTokensArranged{Algorithm: client.RS256, At: noon}
	wants := func(algorithm string) client.ArrangeIDTokens {
		return client.ArrangeIDTokens{Algorithm: algorithm, At: noon}
	}
	domaintest.Run[client.State](t, []domaintest.Case[client.Command, client.Event]{
		{Name: "by RS256", Given: given, When: wants("RS256"), Then: []client.Event{arranged}},
		{Name: "once", Given: []client.Event{shop, arranged}, When: wants("RS256")},
		{Name: "not by nothing", Given: given, When: wants(""), Refused: client.ErrAlgorithm},
		{Name: "not unsigned", Given: given, When: wants("none"), Refused: client.ErrAlgorithm},
		{Name: "not by a secret that both have", Given: given, When: wants("HS256"), Refused: client.ErrAlgorithm},
		{Name: "not by what the bank's key is not for", Given: given, When: wants("PS256"), Refused: client.ErrAlgorithm},
		{Name: "not by another spelling", Given: given, When: wants("rs256"), Refused: client.ErrAlgorithm},
		{Name: "what every client has needs no fact", Given: given, When: wants("ES256"), Refused: client.ErrAlgorithm},
		{Name: "not of a client that nobody knows", When: wants("RS256"), Refused: client.ErrUnknown},
	})
}
