package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
	"github.com/spf13/cobra"

	"florin/commands"
	"florin/domain/dataset"
)

// dataSetBytesMax bounds a data set: GeoLite2-City has some 60 MB.
const dataSetBytesMax = 512 << 20

// dataSetDir is where the files that risk looks into lie, each under the SHA-256 of its
// bytes. Operators put them there ('florin risk data put'), and two of them put one in force.
func (c config) dataSetDir() string {
	if c.DataSets != "" {
		return c.DataSets
	}
	return filepath.Join(c.Dir, "data-sets")
}

// openDataSet makes a file ready: it is read whole, and has to be what its name says.
func (c config) openDataSet(name, digest string) (commands.DataSetFile, error) {
	data, err := dataSetBytes(filepath.Join(c.dataSetDir(), digest))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s in the directory of data sets", digest)
	}
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != digest {
		return nil, errors.New("the file is not the one that its name promises: its SHA-256 is another")
	}
	return dataSetOf(name, data)
}

func dataSetBytes(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > dataSetBytesMax {
		return nil, fmt.Errorf("it is no file of at most %d bytes", dataSetBytesMax)
	}
	return os.ReadFile(path)
}

func dataSetOf(name string, data []byte) (commands.DataSetFile, error) {
	switch name {
	case dataset.Places:
		return placesIn(data)
	case dataset.Networks:
		return networksIn(data)
	case dataset.Addresses:
		return addressesIn(data)
	}
	return nil, fmt.Errorf("there is no data set %q", name)
}

// placesIn reads an MMDB of places, as GeoLite2-City has them. What a record does not
// say, and a record that cannot be read, is unknown.
func placesIn(data []byte) (commands.DataSetFile, error) {
	db, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, err
	}
	return func(of netip.Addr, facts *dataset.Facts) {
		var record struct {
			Country struct {
				ISOCode string `maxminddb:"iso_code"`
			} `maxminddb:"country"`
			Location *struct {
				Latitude  *float64 `maxminddb:"latitude"`
				Longitude *float64 `maxminddb:"longitude"`
				RadiusKM  uint16   `maxminddb:"accuracy_radius"`
			} `maxminddb:"location"`
		}
		if db.Lookup(of).Decode(&record) != nil {
			return
		}
		facts.Country = record.Country.ISOCode
		if l := record.Location; l != nil && l.Latitude != nil && l.Longitude != nil {
			facts.Place = dataset.At(*l.Latitude, *l.Longitude, int32(l.RadiusKM))
		}
	}, nil
}

// networksIn reads an MMDB of autonomous systems, as GeoLite2-ASN has them.
func networksIn(data []byte) (commands.DataSetFile, error) {
	db, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, err
	}
	return func(of netip.Addr, facts *dataset.Facts) {
		var record struct {
			Number uint32 `maxminddb:"autonomous_system_number"`
		}
		if db.Lookup(of).Decode(&record) == nil {
			facts.Network = record.Number
		}
	}, nil
}

var addressWords = map[string]int64{"hosting": dataset.Hosting, "anonymiser": dataset.Anonymiser, "listed": dataset.Listed}

// addressesIn reads a list of addresses: on each line a prefix (or one address) and what
// it is (hosting, anonymiser or listed); what follows a # is a remark. Of several that an
// address lies in all count.
func addressesIn(data []byte) (commands.DataSetFile, error) {
	listed, lengths := map[netip.Prefix]int64{}, map[int]bool{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		prefix, err := prefixOf(words[0])
		if err != nil || len(words) != 2 || addressWords[words[1]] == 0 {
			return nil, fmt.Errorf("line %d is no prefix with hosting, anonymiser or listed behind it", n)
		}
		listed[prefix] |= addressWords[words[1]]
		lengths[prefix.Bits()] = true
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return func(of netip.Addr, facts *dataset.Facts) {
		for bits := range lengths { // their order is of no matter: all count
			if prefix, err := of.Prefix(bits); err == nil {
				facts.Flags |= listed[prefix]
			}
		}
	}, nil
}

func prefixOf(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		address, err := netip.ParseAddr(text)
		return netip.PrefixFrom(address, address.BitLen()), err
	}
	prefix, err := netip.ParsePrefix(text)
	return prefix.Masked(), err
}

// putDataSet is what florin risk data put says.
type putDataSet struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
	File   string `json:"file"`
}

func newRiskData(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "data", Short: "The files that risk looks into", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	put := &cobra.Command{
		Use:   "put places|networks|addresses FILE",
		Short: "Try a data set, and put it where the bank of --dir finds it by its digest",
		Long: `Tries a file, and copies it into the bank's directory of data sets under the SHA-256 of its bytes. It is
in force once operators say so: PUT /v1/risk/data-sets with its name and digest, by two of them in production.
places and networks are MMDB files such as GeoLite2-City and GeoLite2-ASN; addresses is a text with a prefix
on each line and hosting, anonymiser or listed behind it. Every process of the bank needs the file.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd.Flags(), environ)
			if err != nil {
				return err
			}
			done, err := c.putDataSet(args[0], args[1])
			if err != nil {
				return err
			}
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), done)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s lies in %s\ndigest %s\n", done.Name, done.File, done.Digest)
			return err
		},
	}
	addSettings(put.Flags(), "data_sets")
	cmd.AddCommand(put)
	return cmd
}

func (c config) putDataSet(name, file string) (done putDataSet, err error) {
	data, err := dataSetBytes(file)
	if err == nil {
		_, err = dataSetOf(name, data)
	}
	if err != nil {
		return done, fmt.Errorf("%s: %w", file, err)
	}
	sum := sha256.Sum256(data)
	done = putDataSet{name, hex.EncodeToString(sum[:]), filepath.Join(c.dataSetDir(), hex.EncodeToString(sum[:]))}
	if err := os.MkdirAll(c.dataSetDir(), 0o700); err != nil {
		return done, err
	}
	if err := os.WriteFile(done.File+".part", data, 0o600); err != nil {
		return done, err
	}
	return done, os.Rename(done.File+".part", done.File)
}
