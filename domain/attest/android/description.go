package android

import (
	"encoding/asn1"

	"florin/domain/attest"
)

// What a key description says, of the fields that are judged. Numbers are KeyMint's.
type (
	keyDescription struct {
		level, keyLevel    int64
		challenge          []byte
		software, hardware authorizations
	}
	authorizations struct {
		purposes, digests             []int64
		algorithm, keySize, curve     int64
		noAuthRequired, allApps       bool
		authType, authTimeout, origin int64 // origin is -1 where nothing is said
		osPatch                       int64
		boot                          *rootOfTrust
		app                           application
	}
	rootOfTrust struct {
		key    []byte
		locked bool
		state  int64
	}
	application struct {
		packages []string
		signers  [][]byte
	}
)

const (
	levelSoftware  = 0
	levelTEE       = 1
	levelStrongBox = 2

	purposeSign   = 2
	purposeVerify = 3

	algorithmEC     = 3
	curveP256       = 1
	digestSHA256    = 4
	originGenerated = 0
	bootVerified    = 0

	authPassword    = 1
	authFingerprint = 2
)

// signsOnly tells whether one app may sign SHA-256 digests with the key, and no more.
func (a authorizations) signsOnly() bool {
	signs := false
	for _, purpose := range a.purposes {
		signs = signs || purpose == purposeSign
		if purpose != purposeSign && purpose != purposeVerify {
			return false
		}
	}
	for _, digest := range a.digests {
		if digest == digestSHA256 {
			return signs && !a.allApps
		}
	}
	return false
}

// gated tells whether the hardware asks for the owner at every use: some kind of
// authentication, and no time for which one of them lasts.
func (a authorizations) gated() bool {
	return !a.noAuthRequired && a.authType&(authPassword|authFingerprint) != 0 && a.authTimeout == 0
}

// parseDescription reads the extension as strict DER: exactly eight members, tags in
// ascending order, and nothing left over anywhere. Fields that judge nothing are passed
// over whatever they hold.
func parseDescription(der []byte) (said keyDescription, err error) {
	members, err := sequence(der, asn1.TagSequence)
	if err != nil {
		return said, err
	}
	if len(members) != 8 {
		return said, attest.ErrNotDER
	}
	var levels [2]asn1.Enumerated
	for i, into := range []any{new(int64), &levels[0], new(int64), &levels[1], &said.challenge, new([]byte)} {
		if err := whole(members[i].FullBytes, into); err != nil {
			return said, err
		}
	}
	said.level, said.keyLevel = int64(levels[0]), int64(levels[1])
	if said.level < levelSoftware || said.level > levelStrongBox || said.keyLevel < levelSoftware || said.keyLevel > levelStrongBox {
		return said, attest.ErrNotDER
	}
	if said.software, err = parseAuthorizations(members[6]); err != nil {
		return said, err
	}
	said.hardware, err = parseAuthorizations(members[7])
	return said, err
}

// parseAuthorizations reads a list of explicitly tagged fields.
func parseAuthorizations(list asn1.RawValue) (a authorizations, err error) {
	a.origin = -1
	fields, err := sequence(list.FullBytes, asn1.TagSequence)
	if err != nil {
		return a, err
	}
	last := -1
	for _, field := range fields {
		switch {
		case field.Class != asn1.ClassContextSpecific || !field.IsCompound:
			return a, attest.ErrNotDER
		case field.Tag <= last:
			return a, attest.ErrTagsUnordered
		}
		last = field.Tag
		if err := a.take(field.Tag, field.Bytes); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (a *authorizations) take(tag int, der []byte) (err error) {
	var null asn1.RawValue
	switch tag {
	case 1:
		a.purposes, err = numbers(der)
	case 2:
		err = whole(der, &a.algorithm)
	case 3:
		err = whole(der, &a.keySize)
	case 5:
		a.digests, err = numbers(der)
	case 10:
		err = whole(der, &a.curve)
	case 503:
		a.noAuthRequired, err = true, whole(der, &null)
	case 504:
		err = whole(der, &a.authType)
	case 505:
		err = whole(der, &a.authTimeout)
	case 600:
		a.allApps, err = true, whole(der, &null)
	case 702:
		err = whole(der, &a.origin)
	case 704:
		a.boot, err = parseRootOfTrust(der)
	case 706:
		err = whole(der, &a.osPatch)
	case 709:
		var packed []byte
		if err = whole(der, &packed); err == nil {
			a.app, err = parseApplication(packed)
		}
	default: // one value that is none of ours
		err = whole(der, &null)
	}
	return err
}

func parseRootOfTrust(der []byte) (*rootOfTrust, error) {
	members, err := sequence(der, asn1.TagSequence)
	if err != nil {
		return nil, err
	}
	if len(members) != 3 && len(members) != 4 { // the hash came with version 3
		return nil, attest.ErrNotDER
	}
	var boot rootOfTrust
	var state asn1.Enumerated
	for i, into := range []any{&boot.key, &boot.locked, &state, new([]byte)}[:len(members)] {
		if err := whole(members[i].FullBytes, into); err != nil {
			return nil, err
		}
	}
	boot.state = int64(state)
	return &boot, nil
}

func parseApplication(der []byte) (app application, err error) {
	members, err := sequence(der, asn1.TagSequence)
	if err != nil {
		return app, err
	}
	if len(members) != 2 {
		return app, attest.ErrNotDER
	}
	packages, err := sequence(members[0].FullBytes, asn1.TagSet)
	if err != nil {
		return app, err
	}
	for _, one := range packages {
		parts, err := sequence(one.FullBytes, asn1.TagSequence)
		if err != nil {
			return app, err
		}
		var name []byte
		if len(parts) != 2 || whole(parts[0].FullBytes, &name) != nil || whole(parts[1].FullBytes, new(int64)) != nil {
			return app, attest.ErrNotDER
		}
		app.packages = append(app.packages, string(name))
	}
	signers, err := sequence(members[1].FullBytes, asn1.TagSet)
	for _, one := range signers {
		var digest []byte
		if err == nil {
			err = whole(one.FullBytes, &digest)
		}
		app.signers = append(app.signers, digest)
	}
	return app, err
}

// numbers reads a SET OF INTEGER.
func numbers(der []byte) (all []int64, err error) {
	members, err := sequence(der, asn1.TagSet)
	for _, member := range members {
		var n int64
		if err == nil {
			err = whole(member.FullBytes, &n)
		}
		all = append(all, n)
	}
	return all, err
}

// membersMax bounds a list: the longest has some sixty tags.
const membersMax = 128

// sequence reads a SEQUENCE or SET and gives its members.
func sequence(der []byte, tag int) (members []asn1.RawValue, err error) {
	var outer asn1.RawValue
	if err := whole(der, &outer); err != nil {
		return nil, err
	}
	if outer.Class != asn1.ClassUniversal || outer.Tag != tag || !outer.IsCompound {
		return nil, attest.ErrNotDER
	}
	for rest := outer.Bytes; len(rest) > 0; {
		var member asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &member); err != nil || len(members) == membersMax {
			return nil, attest.ErrNotDER
		}
		members = append(members, member)
	}
	return members, nil
}

// whole reads one value that fills its bytes.
func whole(der []byte, into any) error {
	rest, err := asn1.Unmarshal(der, into)
	if err != nil || len(rest) > 0 {
		return attest.ErrNotDER
	}
	return nil
}
