package gateway

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain/dataset"
	"florin/gateway/phone"
)

// listDigest is that of the one file that lies in the houses' directory of data sets.
var listDigest = strings.Repeat("1f", 32)

func openListed(_, digest string) (commands.DataSetFile, error) {
	if digest != listDigest {
		return nil, errors.New("there is no such file")
	}
	return func(_ netip.Addr, facts *dataset.Facts) { facts.Flags |= dataset.Listed }, nil
}

type shownSets struct {
	Sets []struct {
		Name, Digest, Reason string
		Proposer             string `json:"proposed_by"`
		Approver             string `json:"approved_by"`
	} `json:"data_sets"`
}

func TestADataSetTakesTwo(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	rita, ravi := h.person("rita", "risk"), h.person("ravi", "risk")
	put := func(desk *phone.Phone, body map[string]any) phone.Answer {
		return h.command(desk, http.MethodPut, "/v1/risk/data-sets", body, desk.NewID())
	}
	list := func(desk *phone.Phone) shownSets { return read[shownSets](t, h.get(desk, "/v1/risk/data-sets")) }
	before := h.written()
	for want, body := range map[string]map[string]any{
		"data-set-unknown": {"name": "karma", "digest": listDigest, "reason": "monthly"},
		"data-set-missing": {"name": "addresses", "digest": strings.Repeat("2", 64), "reason": "monthly"},
		"data-set-stale":   {"name": "addresses", "digest": listDigest, "base": strings.Repeat("2", 64), "reason": "monthly"},
		"invalid-reason":   {"name": "addresses", "digest": listDigest, "reason": "because I like it"},
		"unknown-field":    {"name": "addresses", "digest": listDigest, "reason": "monthly", "mood": "good"},
	} {
		require.Equal(t, want, code(put(rita, body)), "%v", body)
	}
	require.Equal(t, before, h.written())
	asked := put(rita, map[string]any{"name": "addresses", "digest": listDigest, "reason": "monthly"})
	require.Equal(t, 202, asked.Status, "%s", asked.Body)
	made := field[string](t, asked, "proposal")
	require.Empty(t, list(rita).Sets, "it is only proposed")
	shown := field[struct {
		Set map[string]any `json:"data_set"`
	}](t, h.get(ravi, "/v1/operators/proposals/"+made), "details")
	require.Equal(t, map[string]any{"name": "addresses", "digest": listDigest}, shown.Set)
	require.Equal(t, "proposal-own", code(h.approve(rita, made)))
	require.Equal(t, 200, h.approve(ravi, made).Status)
	now := list(ravi).Sets
	require.Len(t, now, 1)
	require.Equal(t, []string{"addresses", listDigest, "monthly", rita.Profile().Operator, ravi.Profile().Operator},
		[]string{now[0].Name, now[0].Digest, now[0].Reason, now[0].Proposer, now[0].Approver})
	require.Equal(t, "data-set-in-force", code(put(ravi, map[string]any{"name": "addresses", "digest": listDigest, "reason": "again"})))
}
