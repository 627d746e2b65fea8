package attesttest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"
)

// Android is what a phone's hardware says of a key.
type Android struct {
	At                        time.Time // the phone is a day old
	Challenge                 []byte
	Package                   string
	Signer                    []byte
	Level, KeyLevel           int // 1: TEE, 2: StrongBox
	Purposes, Digests         []int
	Algorithm, KeySize, Curve int
	NoAuth                    bool
	AuthType, AuthTimeout     int
	AllApps                   bool
	Origin                    int
	Boot                      *Boot
	Remote                    bool // provisioned by a server
	MiddleEnds                time.Time
	MiddleSerial              *big.Int
	MiddleSpeaks              bool // the extension is in the certificate above the leaf too
	Silent                    bool // no extension
	Edit                      func(description []byte) []byte
}

// Boot is the root of trust.
type Boot struct {
	Key    []byte
	Locked byte // 255 is true, 0 false; anything else is not DER
	State  int  // 0: verified
}

// GoodAndroid is a locked phone's signing key; gated: it asks for its owner each time.
func GoodAndroid(challenge []byte, app string, signer []byte, gated bool, at time.Time) Android {
	a := Android{
		At: at, Challenge: challenge, Package: app, Signer: signer, Level: 1, KeyLevel: 1, Purposes: []int{2}, Digests: []int{4},
		Algorithm: 3, KeySize: 256, Curve: 1, NoAuth: !gated, Boot: &Boot{Key: []byte("the maker's own key of this boot"), Locked: 255},
	}
	if gated {
		a.AuthType = 2
	}
	return a
}

var extension = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}

// Android attests a key: a chain, the leaf first, and the key that has signed the leaf.
func (m *Maker) Android(public crypto.PublicKey, a Android) ([][]byte, *ecdsa.PrivateKey, error) {
	said := a.description()
	if a.Edit != nil {
		said = a.Edit(said)
	}
	leaf := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Android Keystore Key"}, SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0),
		NotAfter: a.At.Add(lives), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	between := authority("Simulated Android", a.At)
	if a.Remote {
		between.Subject = pkix.Name{CommonName: "Droid CA2", Organization: []string{"Google LLC"}}
	}
	if !a.MiddleEnds.IsZero() {
		between.NotAfter = a.MiddleEnds
	}
	if a.MiddleSerial != nil {
		between.SerialNumber = a.MiddleSerial
	}
	if !a.Silent {
		leaf.ExtraExtensions = []pkix.Extension{{Id: extension, Value: said}}
	}
	if a.MiddleSpeaks {
		between.ExtraExtensions = []pkix.Extension{{Id: extension, Value: said}}
	}
	return m.issue(between, leaf, public)
}

func (a Android) description() []byte {
	software := sequence(asn1.TagSequence, field(701, number(int(a.At.UnixMilli()))), field(709, octets(a.application())))
	hardware := [][]byte{field(1, set(a.Purposes)), field(2, number(a.Algorithm)), field(3, number(a.KeySize)), field(5, set(a.Digests)), field(10, number(a.Curve))}
	if a.NoAuth {
		hardware = append(hardware, field(503, null))
	}
	if a.AuthType != 0 {
		hardware = append(hardware, field(504, number(a.AuthType)))
	}
	if a.AuthTimeout != 0 {
		hardware = append(hardware, field(505, number(a.AuthTimeout)))
	}
	if a.AllApps {
		hardware = append(hardware, field(600, null))
	}
	hardware = append(hardware, field(702, number(a.Origin)))
	if a.Boot != nil {
		boot := sequence(asn1.TagSequence, octets(a.Boot.Key), []byte{asn1.TagBoolean, 1, a.Boot.Locked}, enumerated(a.Boot.State), octets(make([]byte, 32)))
		hardware = append(hardware, field(704, boot))
	}
	hardware = append(hardware, field(705, number(160000)), field(706, number(202511)))
	return sequence(asn1.TagSequence, number(300), enumerated(a.Level), number(300), enumerated(a.KeyLevel), octets(a.Challenge), octets(nil),
		software, sequence(asn1.TagSequence, hardware...))
}

func (a Android) application() []byte {
	return sequence(asn1.TagSequence,
		sequence(asn1.TagSet, sequence(asn1.TagSequence, octets([]byte(a.Package)), number(1))),
		sequence(asn1.TagSet, octets(a.Signer)))
}

// What follows writes DER. Values are the maker's own, so nothing can fail.

var null = []byte{asn1.TagNull, 0}

func marshalled(value any) []byte {
	raw, err := asn1.Marshal(value)
	if err != nil {
		panic(err)
	}
	return raw
}

func number(n int) []byte      { return marshalled(n) }
func enumerated(n int) []byte  { return marshalled(asn1.Enumerated(n)) }
func octets(raw []byte) []byte { return marshalled(append([]byte{}, raw...)) }

func sequence(tag int, members ...[]byte) []byte {
	return marshalled(asn1.RawValue{Tag: tag, IsCompound: true, Bytes: joined(members)})
}

func field(tag int, value []byte) []byte {
	return marshalled(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: value})
}

func set(numbers []int) []byte {
	members := make([][]byte, len(numbers))
	for i, n := range numbers {
		members[i] = number(n)
	}
	return sequence(asn1.TagSet, members...)
}

func joined(parts [][]byte) (all []byte) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}
