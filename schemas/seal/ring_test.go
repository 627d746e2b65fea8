package seal

import (
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
)

const ringPath = "/keys/ring"

var (
	testMaster = [32]byte{1, 2, 3}
	anna       = Subject{"customer", uuid.MustParse("00000000-0000-4000-8000-00000000000a")}
	bert       = Subject{"customer", uuid.MustParse("00000000-0000-4000-8000-00000000000b")}
)

func created(t *testing.T, fs vfs.FS) *Ring {
	t.Helper()
	r, err := CreateOn(fs, ringPath, testMaster, rand.Reader)
	require.NoError(t, err)
	return r
}

func reopened(t *testing.T, fs vfs.FS, r *Ring) *Ring {
	t.Helper()
	require.NoError(t, r.Close())
	again, err := OpenOn(fs, ringPath, testMaster, rand.Reader)
	require.NoError(t, err)
	return again
}

func TestWhatARingHoldsIsThereAfterReopening(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	r := created(t, fs)
	fingerprint := r.Fingerprint()
	profile, profileKey, err := r.Seal(anna, domain.RetainProfile)
	require.NoError(t, err)
	evidence, evidenceKey, err := r.Seal(anna, domain.RetainEvidence)
	require.NoError(t, err)
	bertID, _, err := r.Seal(bert, domain.RetainProfile)
	require.NoError(t, err)
	require.NotEqual(t, profileKey, evidenceKey)
	require.NotEqual(t, profile, bertID)
	claim, err := r.Named("claim")
	require.NoError(t, err)
	require.NoError(t, r.SetBlob("signing/1", []byte("old")))
	require.NoError(t, r.SetBlob("signing/1", []byte("private")))
	require.NoError(t, r.Hold(bert, "court-1"))
	mac, err := r.MAC(anna, []byte("intent"))
	require.NoError(t, err)

	r = reopened(t, fs, r)
	require.Equal(t, fingerprint, r.Fingerprint())
	require.NoError(t, r.Check(fingerprint))
	again, key, err := r.Seal(anna, domain.RetainProfile)
	require.NoError(t, err)
	require.Equal(t, profile, again)
	require.Equal(t, profileKey, key)
	key, err = r.Key(evidence)
	require.NoError(t, err)
	require.Equal(t, evidenceKey, key)
	claimAgain, err := r.Named("claim")
	require.NoError(t, err)
	require.Equal(t, claim, claimAgain)
	blob, err := r.Blob("signing/1")
	require.NoError(t, err)
	require.Equal(t, "private", string(blob))
	require.Equal(t, []string{"court-1"}, r.Holds(bert))
	macAgain, err := r.MAC(anna, []byte("intent"))
	require.NoError(t, err)
	require.Equal(t, mac, macAgain)
	require.Equal(t, Summary{Keys: 3, Holds: 1, Named: []string{"claim"}, Blobs: []string{"signing/1"}}, r.Summary())
}

func TestDestroyedKeysAreGoneForEver(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	r := created(t, fs)
	id, secret, err := r.Seal(anna, domain.RetainProfile)
	require.NoError(t, err)
	_, err = r.CipherOf(id)
	require.NoError(t, err)
	_, _, err = r.Seal(anna, domain.RetainEvidence)
	require.NoError(t, err)

	for range 2 { // twice is nothing twice
		require.NoError(t, r.Destroy(anna, domain.RetainProfile))
		require.ErrorIs(t, keyError(r.Key(id)), ErrDestroyed)
		_, err = r.CipherOf(id)
		require.ErrorIs(t, err, ErrDestroyed, "no cipher is kept")
		_, _, err = r.Seal(anna, domain.RetainProfile)
		require.ErrorIs(t, err, ErrDestroyed, "no second key is made for an erased person")
		_, err = r.MAC(anna, []byte("intent"))
		require.ErrorIs(t, err, ErrDestroyed)
		_, _, err = r.Seal(anna, domain.RetainEvidence)
		require.NoError(t, err, "the other class lives on")
		r = reopened(t, fs, r)
	}
	for _, e := range entriesOf(t, fs) {
		require.NotEqual(t, secret[:], e.data, "the file does not hold the key any more")
	}
	require.NoError(t, r.Destroy(bert, domain.RetainProfile), "who never had a key gets none later")
	r = reopened(t, fs, r)
	_, _, err = r.Seal(bert, domain.RetainProfile)
	require.ErrorIs(t, err, ErrDestroyed)
}

func keyError(_ [32]byte, err error) error { return err }

// entriesOf opens everything that the file on disk holds.
func entriesOf(t *testing.T, fs vfs.FS) []entry {
	t.Helper()
	data, err := readAll(fs, ringPath)
	require.NoError(t, err)
	aead, err := newAEAD(testMaster)
	require.NoError(t, err)
	f := &file{path: ringPath, master: testMaster, aead: aead}
	_, err = f.parseHead(data)
	require.NoError(t, err)
	var all []entry
	for at := entriesAt; at < len(data); f.count++ {
		body, ok := frameBody(data[at:], f.salt, f.count)
		require.True(t, ok)
		plain, err := aead.Open(nil, body[:nonceBytes], body[nonceBytes:], entryAAD(f.salt, f.count))
		require.NoError(t, err)
		e, err := parseEntry(plain)
		require.NoError(t, err)
		all, at = append(all, e), at+frameHead+len(body)
	}
	return all
}

func TestALegalHoldForbidsDestruction(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	r := created(t, fs)
	_, _, err := r.Seal(anna, domain.RetainEvidence)
	require.NoError(t, err)
	require.NoError(t, r.Hold(anna, "court-1"))
	require.NoError(t, r.Hold(anna, "court-2"))
	require.NoError(t, r.Hold(anna, "court-2"))
	require.ErrorIs(t, r.Destroy(anna, domain.RetainEvidence), ErrHeld)
	require.NoError(t, r.Destroy(bert, domain.RetainEvidence), "another person is not held")
	require.NoError(t, r.Release(anna, "court-1"))
	r = reopened(t, fs, r)
	require.ErrorIs(t, r.Destroy(anna, domain.RetainEvidence), ErrHeld, "one hold is left")
	require.NoError(t, r.Release(anna, "court-2"))
	require.NoError(t, r.Release(anna, "court-2"), "a hold that does not stand is nothing")
	require.NoError(t, r.Destroy(anna, domain.RetainEvidence))
}

func TestConcurrentSealsMakeOneKey(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	r := created(t, fs)
	var wait sync.WaitGroup
	ids := make([]uuid.UUID, 64)
	names := make([][32]byte, 64)
	for i := range ids {
		wait.Go(func() {
			ids[i], _, _ = r.Seal(anna, domain.RetainProfile)
			names[i], _ = r.Named("claim")
		})
	}
	wait.Wait()
	for i := range ids {
		require.Equal(t, ids[0], ids[i])
		require.Equal(t, names[0], names[i])
	}
	require.NotEqual(t, uuid.Nil, ids[0])
	require.Equal(t, 1, reopened(t, fs, r).Summary().Keys)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	_, err := OpenOn(fs, ringPath, testMaster, rand.Reader)
	require.ErrorIs(t, err, ErrNoRing)
	r := created(t, fs)
	_, err = OpenOn(fs, ringPath, testMaster, rand.Reader)
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorIs(t, keyError(r.Key(uuid.New())), ErrUnknownKey)
	_, err = r.CipherOf(uuid.New())
	require.ErrorIs(t, err, ErrUnknownKey)
	_, err = r.Blob("none")
	require.ErrorIs(t, err, ErrNoBlob)
	require.ErrorIs(t, r.SetBlob("b", nil), ErrLimit)
	require.ErrorIs(t, r.SetBlob("b", make([]byte, BlobBytesMax+1)), ErrLimit)
	require.NoError(t, r.SetBlob("b", make([]byte, BlobBytesMax)))
	require.NoError(t, r.DropBlob("none"))
	require.NoError(t, r.DropBlob("b"))
	_, err = r.Named(string(make([]byte, NameBytesMax+1)))
	require.ErrorIs(t, err, ErrLimit)
	_, _, err = r.Seal(Subject{}, domain.RetainProfile)
	require.ErrorIs(t, err, ErrLimit)
	require.ErrorIs(t, r.Check([32]byte{1}), ErrOtherRing)
	require.NoError(t, r.Close())
	require.NoError(t, r.Close())
	_, _, err = r.Seal(anna, domain.RetainProfile)
	require.ErrorIs(t, err, ErrBroken)
	_, err = CreateOn(fs, ringPath, testMaster, rand.Reader)
	require.ErrorIs(t, err, ErrExists)
	_, err = OpenOn(fs, ringPath, [32]byte{9}, rand.Reader)
	require.ErrorIs(t, err, ErrMaster)
	reopenedRing, err := OpenOn(fs, ringPath, testMaster, rand.Reader)
	require.NoError(t, err, "a refused opening leaves no lock behind")
	require.Empty(t, reopenedRing.Summary().Blobs)
}

func TestWithoutRandomnessNothingIsMade(t *testing.T) {
	t.Parallel()
	dry := errors.New("dry")
	_, err := Memory(iotest.ErrReader(dry))
	require.ErrorIs(t, err, dry)
	fs := vfs.NewMem()
	_, err = CreateOn(fs, ringPath, testMaster, iotest.ErrReader(dry))
	require.ErrorIs(t, err, dry)
	require.NoError(t, created(t, fs).Close())
	r, err := OpenOn(fs, ringPath, testMaster, iotest.ErrReader(dry))
	require.NoError(t, err)
	_, _, err = r.Seal(anna, domain.RetainProfile)
	require.ErrorIs(t, err, dry)
	_, err = r.Named("claim")
	require.ErrorIs(t, err, dry)
}

func TestACopyIsTheWholeRing(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	r := created(t, fs)
	id, secret, err := r.Seal(anna, domain.RetainProfile)
	require.NoError(t, err)
	require.NoError(t, r.Copy("/keys/copy"))
	require.Error(t, r.Copy("/keys/copy"), "a backup is not written over")
	require.NoError(t, r.Destroy(anna, domain.RetainProfile))
	backup, err := OpenOn(fs, "/keys/copy", testMaster, rand.Reader)
	require.NoError(t, err)
	require.Equal(t, r.Fingerprint(), backup.Fingerprint())
	got, err := backup.Key(id)
	require.NoError(t, err)
	require.Equal(t, secret, got)
	memory, err := Memory(rand.Reader)
	require.NoError(t, err)
	require.Error(t, memory.Copy("/keys/other"))
}

func TestANewMasterKeyOpensAllAndTheOldOneNothing(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	r := created(t, fs)
	id, secret, err := r.Seal(anna, domain.RetainProfile)
	require.NoError(t, err)
	fingerprint := r.Fingerprint()
	require.NoError(t, r.Rotate([32]byte{7}))
	_, _, err = r.Seal(bert, domain.RetainProfile)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	_, err = OpenOn(fs, ringPath, testMaster, rand.Reader)
	require.ErrorIs(t, err, ErrMaster)
	r, err = OpenOn(fs, ringPath, [32]byte{7}, rand.Reader)
	require.NoError(t, err)
	got, err := r.Key(id)
	require.NoError(t, err)
	require.Equal(t, secret, got)
	require.Equal(t, fingerprint, r.Fingerprint())
}

func TestMACsTellPartsApart(t *testing.T) {
	t.Parallel()
	r, err := Memory(rand.Reader)
	require.NoError(t, err)
	mac := func(parts ...string) string {
		var raw [][]byte
		for _, part := range parts {
			raw = append(raw, []byte(part))
		}
		sum, err := r.MAC(anna, raw...)
		require.NoError(t, err)
		require.Len(t, sum, 32)
		return string(sum)
	}
	require.Equal(t, mac("ab", "c"), mac("ab", "c"))
	require.NotEqual(t, mac("ab", "c"), mac("a", "bc"))
	require.NotEqual(t, mac("abc"), mac("abc", ""))
	other, err := r.MAC(bert, []byte("abc"))
	require.NoError(t, err)
	require.NotEqual(t, mac("abc"), string(other))
}

func TestADayIsOneSubjectInUTC(t *testing.T) {
	t.Parallel()
	late := time.Date(2026, 1, 2, 23, 59, 59, 0, time.UTC)
	require.Equal(t, Day(late), Day(late.Add(-23*time.Hour)))
	require.NotEqual(t, Day(late), Day(late.Add(time.Second)))
	require.Equal(t, Day(late), Day(late.In(time.FixedZone("east", 3*3600))))
}

func TestToolsAreForgottenInTurns(t *testing.T) {
	t.Parallel()
	r, err := Memory(rand.Reader)
	require.NoError(t, err)
	for i := range 2*toolsMax + 2 {
		_, _, err := r.Cipher(Subject{"customer", uuid.UUID{byte(i), byte(i >> 8), byte(i >> 16), 1}}, domain.RetainProfile)
		require.NoError(t, err)
	}
	require.LessOrEqual(t, len(r.tools.young)+len(r.tools.old), 2*toolsMax)
	_, _, err = r.Cipher(Subject{"customer", uuid.UUID{0, 0, 0, 1}}, domain.RetainProfile)
	require.NoError(t, err, "what is forgotten is made again")
}
