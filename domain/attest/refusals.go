package attest

import "florin/domain"

// ErrUnsupported: nobody here reads it, or the bank has no app of that platform.
var ErrUnsupported = &domain.Refusal{Class: domain.Invalid, Code: "attestation-unsupported", Detail: "This bank does not read that attestation."}

// Refusals of bytes that are not what a platform makes.
var (
	ErrMalformed      = &domain.Refusal{Class: domain.Invalid, Code: "attestation-malformed", Detail: "The attestation cannot be read."}
	ErrTooLarge       = &domain.Refusal{Class: domain.Invalid, Code: "attestation-too-large", Detail: "The attestation is larger than any that a platform makes."}
	ErrNotDER         = &domain.Refusal{Class: domain.Invalid, Code: "attestation-not-der", Detail: "The description of the key is not spelled as it must be."}
	ErrTagsUnordered  = &domain.Refusal{Class: domain.Invalid, Code: "attestation-tags-unordered", Detail: "The description of the key is out of order."}
	ErrCBOR           = &domain.Refusal{Class: domain.Invalid, Code: "attestation-cbor-invalid", Detail: "The attestation is not the CBOR that it should be."}
	ErrCBORDuplicate  = &domain.Refusal{Class: domain.Invalid, Code: "attestation-cbor-duplicate-key", Detail: "The attestation says something twice."}
	ErrCBORIndefinite = &domain.Refusal{Class: domain.Invalid, Code: "attestation-cbor-indefinite", Detail: "The attestation does not say how long it is."}
	ErrCBORNested     = &domain.Refusal{Class: domain.Invalid, Code: "attestation-cbor-nested", Detail: "The attestation is nested deeper than any that a platform makes."}
	ErrTrailing       = &domain.Refusal{Class: domain.Invalid, Code: "attestation-trailing-bytes", Detail: "Something follows the attestation."}
)

// Refusals of what was attested: for what, by whom, from where.
var (
	ErrChallenge   = &domain.Refusal{Class: domain.Invalid, Code: "attestation-challenge-wrong", Detail: "The attestation was made for another challenge."}
	ErrKey         = &domain.Refusal{Class: domain.Invalid, Code: "attestation-key-mismatch", Detail: "The attestation is of another key."}
	ErrApp         = &domain.Refusal{Class: domain.Invalid, Code: "attestation-app-wrong", Detail: "The attestation is of an app that is not this bank's."}
	ErrSigner      = &domain.Refusal{Class: domain.Invalid, Code: "attestation-signer-wrong", Detail: "The app was not signed by this bank."}
	ErrEnvironment = &domain.Refusal{Class: domain.Invalid, Code: "attestation-environment-wrong", Detail: "The attestation is of another environment of the platform."}
	ErrSignature   = &domain.Refusal{Class: domain.Invalid, Code: "attestation-signature-wrong", Detail: "The attestation's signature does not stand."}
	ErrPresence    = &domain.Refusal{Class: domain.Invalid, Code: "attestation-user-absent", Detail: "Nobody has confirmed at the authenticator."}
)

// Refusals of certificates.
var (
	ErrRoot               = &domain.Refusal{Class: domain.Invalid, Code: "attestation-root-unknown", Detail: "The attestation goes back to nobody this bank trusts."}
	ErrSoftwareRoot       = &domain.Refusal{Class: domain.Invalid, Code: "attestation-root-software", Detail: "The attestation was made in software."}
	ErrChain              = &domain.Refusal{Class: domain.Invalid, Code: "attestation-chain-broken", Detail: "The certificates of the attestation do not sign one another."}
	ErrChainLength        = &domain.Refusal{Class: domain.Invalid, Code: "attestation-chain-length", Detail: "The attestation has too few or too many certificates."}
	ErrExtraLeaf          = &domain.Refusal{Class: domain.Invalid, Code: "attestation-leaf-extra", Detail: "Something was put in front of the attested key."}
	ErrExpired            = &domain.Refusal{Class: domain.Invalid, Code: "attestation-certificate-expired", Detail: "A certificate of the attestation is not valid at this time."}
	ErrRevoked            = &domain.Refusal{Class: domain.Invalid, Code: "attestation-certificate-revoked", Detail: "A certificate of the attestation was revoked."}
	ErrStaleList          = &domain.Refusal{Class: domain.Invalid, Code: "attestation-list-stale", Detail: "The bank's list of revoked certificates is too old to judge by."}
	ErrExtensionMissing   = &domain.Refusal{Class: domain.Invalid, Code: "attestation-extension-missing", Detail: "The certificate says nothing about the key."}
	ErrExtensionTwice     = &domain.Refusal{Class: domain.Invalid, Code: "attestation-extension-duplicate", Detail: "The certificate says twice what the key is."}
	ErrExtensionElsewhere = &domain.Refusal{Class: domain.Invalid, Code: "attestation-extension-elsewhere", Detail: "A certificate speaks of a key that is not its own."}
)

// Refusals of keys.
var (
	ErrLevelMismatch = &domain.Refusal{Class: domain.Invalid, Code: "attestation-level-mismatch", Detail: "Key and attestation are not of the same security level."}
	ErrLevelSoftware = &domain.Refusal{Class: domain.Invalid, Code: "attestation-level-software", Detail: "The key does not live in hardware."}
	ErrImported      = &domain.Refusal{Class: domain.Invalid, Code: "attestation-key-imported", Detail: "The key was not made where it lives."}
	ErrKeyPurpose    = &domain.Refusal{Class: domain.Invalid, Code: "attestation-key-purpose", Detail: "The key is not a signing key of one app, and nothing else."}
	ErrCurve         = &domain.Refusal{Class: domain.Invalid, Code: "attestation-key-not-p256", Detail: "The attested key is not a P-256 key."}
	ErrUngated       = &domain.Refusal{Class: domain.Invalid, Code: "attestation-sca-ungated", Detail: "The key for confirmations does not ask for its owner at every use."}
)

// Refusals of devices, by how they have started.
var (
	ErrUnlocked    = &domain.Refusal{Class: domain.Invalid, Code: "attestation-boot-unlocked", Detail: "The device's boot loader is unlocked."}
	ErrUnverified  = &domain.Refusal{Class: domain.Invalid, Code: "attestation-boot-unverified", Detail: "The device has not started what its maker released."}
	ErrBootUnknown = &domain.Refusal{Class: domain.Invalid, Code: "attestation-boot-unknown", Detail: "Nothing is said of how the device has started."}
)

// Refusals of counters.
var (
	ErrReceipt    = &domain.Refusal{Class: domain.Invalid, Code: "attestation-receipt-wrong", Detail: "The attestation's receipt is not Apple's, or of another attestation."}
	ErrNewCounter = &domain.Refusal{Class: domain.Invalid, Code: "attestation-counter-not-new", Detail: "The attested key has been used before."}
	ErrCounter    = &domain.Refusal{Class: domain.Invalid, Code: "attestation-counter-replayed", Detail: "An assertion with this counter was seen before."}
	ErrNoAppKey   = &domain.Refusal{Class: domain.Invalid, Code: "attestation-assertion-without-key", Detail: "This device has no attested key to assert by."}
)

// Refusals of tokens.
var (
	ErrAlgorithm    = &domain.Refusal{Class: domain.Invalid, Code: "attestation-algorithm-refused", Detail: "The token is not sealed and signed as it must be."}
	ErrSealed       = &domain.Refusal{Class: domain.Invalid, Code: "attestation-token-sealed", Detail: "The token is not for this bank."}
	ErrTokenTime    = &domain.Refusal{Class: domain.Invalid, Code: "attestation-token-expired", Detail: "The token is not of this time."}
	ErrUnrecognized = &domain.Refusal{Class: domain.Invalid, Code: "attestation-app-unrecognized", Detail: "The app is not the one that the store has."}
	ErrIntegrity    = &domain.Refusal{Class: domain.Invalid, Code: "attestation-device-integrity", Detail: "The platform does not vouch for the device."}
)
