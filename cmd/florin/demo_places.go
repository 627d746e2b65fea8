package main

import (
	"bytes"
	"net"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// demoPlace is a network for documentation (RFC 5737), and where the demo says it is.
type demoPlace struct {
	network, country string
	north, east      float64
}

var (
	demoHome   = demoPlace{"192.0.2.0/24", "DE", 52.52, 13.40}     // Berlin
	demoAbroad = demoPlace{"203.0.113.0/24", "NZ", -36.85, 174.76} // Auckland
)

// mintPlaces is an MMDB as GeoLite2-City is one, but of the demo's places alone.
func mintPlaces(places ...demoPlace) ([]byte, error) {
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Florin-Demo-City", RecordSize: 24, IncludeReservedNetworks: true})
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		_, network, err := net.ParseCIDR(p.network)
		if err != nil {
			return nil, err
		}
		err = tree.Insert(network, mmdbtype.Map{
			"country": mmdbtype.Map{"iso_code": mmdbtype.String(p.country)},
			"location": mmdbtype.Map{"latitude": mmdbtype.Float64(p.north), "longitude": mmdbtype.Float64(p.east),
				"accuracy_radius": mmdbtype.Uint16(20)},
		})
		if err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	_, err = tree.WriteTo(&out)
	return out.Bytes(), err
}
