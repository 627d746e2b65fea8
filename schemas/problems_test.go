package schemas_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/schemas"
)

func TestProblemsAreCompleteAndInOrder(t *testing.T) {
	t.Parallel()
	problems, err := schemas.Problems()
	require.NoError(t, err)
	code := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	last := ""
	for _, p := range problems {
		require.Regexp(t, code, p.Code)
		require.Less(t, last, p.Code, "codes stand in alphabetical order, each once")
		require.NotEmpty(t, p.Title, p.Code)
		require.NotEmpty(t, p.Meaning, p.Code)
		require.NotEmpty(t, p.Action, p.Code)
		require.NotEmpty(t, p.Status, p.Code)
		for _, status := range p.Status {
			require.True(t, status >= 400 && status < 600, "%s: %d", p.Code, status)
		}
		last = p.Code
	}
}

// TestEveryRefusalIsListed reads the source, because a refusal is a value in
// whatever package decides it. That the statuses are right is shown where they
// are made: gateway/problem.
func TestEveryRefusalIsListed(t *testing.T) {
	t.Parallel()
	problems, err := schemas.Problems()
	require.NoError(t, err)
	listed := map[string]bool{}
	for _, p := range problems {
		listed[p.Code] = true
	}
	refusal := regexp.MustCompile(`domain\.Refusal\{[^}]*?Code:\s*"([^"]+)"`)
	said := map[string]bool{}
	for path, text := range sources(t, "../domain", "../commands", "../projections", "../gateway") {
		for _, match := range refusal.FindAllStringSubmatch(text, -1) {
			said[match[1]] = true
			require.True(t, listed[match[1]], "%s refuses with %q: add it to schemas/problems.json", path, match[1])
		}
		for code := range listed {
			said[code] = said[code] || strings.Contains(text, `"`+code+`"`)
		}
	}
	for code := range listed {
		require.True(t, said[code], "nothing says %q: take it out of schemas/problems.json", code)
	}
}

// sources reads the program, without its tests.
func sources(t *testing.T, rooms ...string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, room := range rooms {
		require.NoError(t, filepath.WalkDir(room, func(path string, _ fs.DirEntry, err error) error {
			require.NoError(t, err)
			if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				text, err := os.ReadFile(path)
				require.NoError(t, err)
				texts[path] = string(text)
			}
			return nil
		}))
	}
	require.NotEmpty(t, texts, "this test has lost sight of the program")
	return texts
}
