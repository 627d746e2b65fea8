package main

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/stretchr/testify/require"

	"florin/domain/dataset"
)

// minted is an MMDB with one record.
func minted(t *testing.T, kind, network string, record mmdbtype.Map) []byte {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, RecordSize: 24, IncludeReservedNetworks: true})
	require.NoError(t, err)
	_, prefix, err := net.ParseCIDR(network)
	require.NoError(t, err)
	require.NoError(t, tree.Insert(prefix, record))
	var out bytes.Buffer
	_, err = tree.WriteTo(&out)
	require.NoError(t, err)
	return out.Bytes()
}

func TestDataSetsAreReadAndKnownByTheirDigest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := config{Dir: filepath.Join(dir, "bank")}
	files := map[string][]byte{
		dataset.Places: minted(t, "Florin-City", "203.0.113.0/24", mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String("NZ")},
			"location": mmdbtype.Map{"latitude": mmdbtype.Float64(-36.85), "longitude": mmdbtype.Float64(174.76), "accuracy_radius": mmdbtype.Uint16(20)}}),
		dataset.Networks:  minted(t, "Florin-ASN", "2001:db8::/32", mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(64500)}),
		dataset.Addresses: []byte("# a list\n203.0.113.0/24 hosting\n203.0.113.7 anonymiser # a remark\n\n2001:db8::/48 listed\n"),
	}
	known := map[string]dataset.Facts{}
	for name, data := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		done, err := c.putDataSet(name, path)
		require.NoError(t, err, name)
		file, err := c.openDataSet(name, done.Digest)
		require.NoError(t, err, name)
		for _, address := range []string{"203.0.113.7", "203.0.113.8", "2001:db8::1", "192.0.2.1"} {
			facts := known[address]
			file(netip.MustParseAddr(address), &facts)
			known[address] = facts
		}
		require.NoError(t, os.WriteFile(done.File, append(data, '\n'), 0o600))
		_, err = c.openDataSet(name, done.Digest)
		require.ErrorContains(t, err, "its SHA-256 is another", "a file that was changed")
		require.NoError(t, os.Remove(done.File))
		_, err = c.openDataSet(name, done.Digest)
		require.ErrorContains(t, err, done.Digest)
	}
	auckland := dataset.At(-36.85, 174.76, 20)
	require.Equal(t, map[string]dataset.Facts{
		"203.0.113.7": {Flags: dataset.Hosting | dataset.Anonymiser, Country: "NZ", Place: auckland},
		"203.0.113.8": {Flags: dataset.Hosting, Country: "NZ", Place: auckland},
		"2001:db8::1": {Flags: dataset.Listed, Network: 64500},
		"192.0.2.1":   {},
	}, known)
	for name, text := range map[string]string{dataset.Places: "no database", dataset.Networks: "", dataset.Addresses: "203.0.113.0/33 hosting", "karma": "x"} {
		path := filepath.Join(dir, "bad")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := c.putDataSet(name, path)
		require.Error(t, err, name)
	}
	for _, line := range []string{"203.0.113.1 nice", "203.0.113.1", "203.0.113.1 hosting listed", "here hosting"} {
		_, err := addressesIn([]byte("# x\n" + line))
		require.ErrorContains(t, err, "line 2", line)
	}
}
