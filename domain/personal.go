package domain

import "log/slog"

// Retention says how long a personal field may be read after its person has
// asked to be forgotten: it names the key that the field is sealed under.
type Retention string

const (
	RetainProfile  Retention = "profile"  // destroyed at once on erasure
	RetainEvidence Retention = "evidence" // destroyed when the legal retention ends
)

// Profile is text that names or locates a person (name, phone, e-mail, address,
// IP, place, device fingerprint) and is forgotten as soon as the person asks.
// In the log it is sealed (package schemas); printed, it redacts itself.
type Profile struct{ personal }

// Evidence is personal text that the bank must keep for a time after erasure:
// signed request bodies, proofs, remittance text.
type Evidence struct{ personal }

// NewProfile wraps text as personal data of the profile class.
func NewProfile(text string) Profile { return Profile{personal{text: text}} }

// NewEvidence wraps text as personal data of the evidence class.
func NewEvidence(text string) Evidence { return Evidence{personal{text: text}} }

// ErasedProfile stands for a field whose key is destroyed.
func ErasedProfile() Profile { return Profile{personal{erased: true}} }

// ErasedEvidence stands for a field whose key is destroyed.
func ErasedEvidence() Evidence { return Evidence{personal{erased: true}} }

type personal struct {
	text   string
	erased bool
}

// Reveal gives the text in clear, or "" if it is erased. Whoever calls it
// answers for where the text goes.
func (p personal) Reveal() string { return p.text }

// Erased tells whether the text was destroyed with its key.
func (p personal) Erased() bool { return p.erased }

// IsZero tells whether there never was a text; such a field is not stored.
func (p personal) IsZero() bool { return p == personal{} }

// String never shows the text, so that no log line or error can.
func (p personal) String() string { return "[personal]" }

// GoString keeps %#v from showing it too.
func (p personal) GoString() string { return "[personal]" }

// LogValue keeps slog from showing it.
func (p personal) LogValue() slog.Value { return slog.StringValue("[personal]") }

// MarshalJSON refuses: only package schemas writes personal data, sealed.
func (p personal) MarshalJSON() ([]byte, error) { return []byte(`"[personal]"`), nil }
