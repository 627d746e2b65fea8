package seal

import (
	"crypto/rand"
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
)

var here = Where{Event: uuid.MustParse("00000000-0000-5000-8000-000000000001"), Path: "/reference"}

func memory(t testing.TB) *Ring {
	t.Helper()
	r, err := Memory(rand.Reader)
	require.NoError(t, err)
	return r
}

func sealed(t testing.TB, r *Ring, text string) []byte {
	t.Helper()
	field, id, err := r.AppendField(nil, anna, domain.RetainProfile, here, text)
	require.NoError(t, err)
	require.NotEqual(t, uuid.Nil, id)
	return field
}

func TestASealedFieldOpensOnlyInItsPlace(t *testing.T) {
	t.Parallel()
	r := memory(t)
	for _, text := range []string{"", "x", "Zoë", string(make([]byte, 70_000))} {
		field := sealed(t, r, text)
		require.True(t, json.Valid(field))
		require.True(t, IsField(field))
		got, err := r.OpenField(field, here)
		require.NoError(t, err)
		require.Equal(t, text, got)
		_, err = r.OpenField(field, Where{uuid.New(), here.Path})
		require.ErrorIs(t, err, ErrField, "in another event")
		_, err = r.OpenField(field, Where{here.Event, "/name"})
		require.ErrorIs(t, err, ErrField, "at another path")
		_, err = memory(t).OpenField(field, here)
		require.ErrorIs(t, err, ErrUnknownKey, "under another ring")
	}
	require.NotEqual(t, sealed(t, r, "x"), sealed(t, r, "x"), "never the same nonce")
}

func TestAnErasedFieldIsToldFromADamagedOne(t *testing.T) {
	t.Parallel()
	r := memory(t)
	field := sealed(t, r, "Zoë")
	require.NoError(t, r.Destroy(anna, domain.RetainProfile))
	_, err := r.OpenField(field, here)
	require.ErrorIs(t, err, ErrDestroyed)
	_, _, err = r.AppendField(nil, anna, domain.RetainProfile, here, "Zoë")
	require.ErrorIs(t, err, ErrDestroyed)
	_, err = r.OpenField(AppendErased(nil), here)
	require.ErrorIs(t, err, ErrDestroyed, "it was gone already when it was written")
	require.True(t, IsField(AppendErased(nil)))
}

func TestAFlippedByteNeverOpens(t *testing.T) {
	t.Parallel()
	r := memory(t)
	field := sealed(t, r, "Zoë")
	for at := range field {
		for bit := range 8 {
			field[at] ^= 1 << bit
			_, err := r.OpenField(field, here)
			require.Error(t, err, "byte %d bit %d", at, bit)
			require.NotErrorIs(t, err, ErrDestroyed, "damage is never taken for an erasure")
			field[at] ^= 1 << bit
		}
	}
	for end := range field {
		_, err := r.OpenField(field[:end], here)
		require.ErrorIs(t, err, ErrField)
	}
}

func FuzzField(f *testing.F) {
	r := memory(f)
	field := sealed(f, r, "Zoë")
	f.Add(field, []byte(here.Path))
	f.Add(AppendErased(nil), []byte(""))
	f.Add([]byte(`{"alg":"A256GCM","kid":"00000000-0000-4000-8000-000000000000","nonce":"","ct":""}`), []byte("/x"))
	f.Fuzz(func(t *testing.T, stored, path []byte) {
		text, err := r.OpenField(stored, Where{here.Event, string(path)})
		if err == nil && (string(stored) != string(field) || string(path) != here.Path) {
			t.Fatalf("opened %q as %q", stored, text)
		}
		if err == nil {
			require.True(t, IsField(stored))
		}
	})
}

func BenchmarkAppendField(b *testing.B) {
	r := memory(b)
	buffer := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := r.AppendField(buffer, anna, domain.RetainProfile, here, "rent for January, flat 4"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenField(b *testing.B) {
	r := memory(b)
	field := sealed(b, r, "rent for January, flat 4")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.OpenField(field, here); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMAC(b *testing.B) {
	r := memory(b)
	intent := make([]byte, 300)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.MAC(anna, intent); err != nil {
			b.Fatal(err)
		}
	}
}
