// Package vectors finds the attestations of real devices that tests are judged by.
// They are other people's data and no part of the project; what each must give is
// written beside them.
package vectors

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir is the directory of the attestation vectors, which lie beside the project
// and are no part of it: FLORIN_VECTORS, or ../shared/vectors above some directory. A
// test that finds none is skipped, loudly, unless FLORIN_TEST_VECTORS is "required".
func Dir(t testing.TB) string {
	t.Helper()
	if named := os.Getenv("FLORIN_VECTORS"); named != "" {
		return named
	}
	if at, err := os.Getwd(); err == nil {
		for ; at != filepath.Dir(at); at = filepath.Dir(at) {
			vectors := filepath.Join(filepath.Dir(at), "shared", "vectors")
			if _, err := os.Stat(filepath.Join(vectors, "android", "verdicts.json")); err == nil {
				return vectors
			}
		}
	}
	if os.Getenv("FLORIN_TEST_VECTORS") == "required" {
		t.Fatal("FLORIN_TEST_VECTORS=required, and there are no vectors: set FLORIN_VECTORS")
	}
	t.Skip("*** NO ATTESTATION VECTORS HERE: set FLORIN_VECTORS to their directory; own chains are tested all the same ***")
	return ""
}
