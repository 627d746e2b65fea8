package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	acceptanceSuite  = "../../gateway/identity/acceptance"
	acceptanceWithin = 15 * time.Minute
	nodeAtLeast      = 18

	clientSuite  = "../../gateway/sdk/ts"
	nodeOfClient = 20
)

// TestAcceptance drives the running binary with the clients of others: the npm
// suite in gateway/identity/acceptance (openid-client, and headless Chromium on
// the pages). Without Node it is skipped, and 'make test' says so; with
// FLORIN_TEST_NODE=required, as in CI, it fails.
func TestAcceptance(t *testing.T) { driven(t, acceptanceSuite, "run.js", nodeAtLeast) }

// TestTheTypeScriptClient builds the client in gateway/sdk/ts with types from this
// build's OpenAPI document, and drives the running binary with it.
func TestTheTypeScriptClient(t *testing.T) { driven(t, clientSuite, "test.js", nodeOfClient) }

func driven(t *testing.T, folder, script string, atLeastNode int) {
	if testing.Short() {
		t.Skip("the suite runs whole in 'make test'")
	}
	t.Parallel()
	digest := suiteDigest(t, folder) // read, so that a change of the suite is no cached pass
	leave := t.Skipf
	if os.Getenv("FLORIN_TEST_NODE") == "required" {
		leave = t.Fatalf
	}
	node, err := exec.LookPath("node")
	if err != nil {
		leave("NO NODE: %s DOES NOT RUN", folder)
	}
	version, err := exec.Command(node, "-p", "process.versions.node").Output()
	require.NoError(t, err)
	if major, _, _ := strings.Cut(string(version), "."); !atLeast(major, atLeastNode) {
		leave("NODE %s IS TOO OLD: %s DOES NOT RUN", version, folder)
	}
	if err := installSuite(folder, digest); err != nil {
		leave("%s DOES NOT RUN, FOR npm ci FAILED: %v", folder, err)
	}
	path, environ := program(t)
	ctx, cancel := context.WithTimeout(t.Context(), acceptanceWithin)
	defer cancel()
	suite := exec.CommandContext(ctx, node, script)
	suite.Dir, suite.Env = folder, append(environ, "FLORIN_TEST_PROGRAM="+path)
	suite.Cancel, suite.WaitDelay = func() error { return suite.Process.Signal(syscall.SIGTERM) }, 30*time.Second
	told, err := suite.CombinedOutput()
	t.Logf("%s", told)
	require.NoError(t, err)
}

func atLeast(text string, floor int) bool {
	number, err := strconv.Atoi(text)
	return err == nil && number >= floor
}

// suiteDigest is that of what decides which packages are installed. It reads the
// rest of the suite too.
func suiteDigest(t *testing.T, folder string) string {
	t.Helper()
	digest := sha256.New()
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "dist"):
			return filepath.SkipDir
		case entry.IsDir() || entry.Name() == "api.ts": // made by the build
			return nil
		}
		text, err := os.ReadFile(path)
		if name := entry.Name(); name == "package.json" || name == "package-lock.json" || name == ".npmrc" {
			digest.Write(text)
		}
		return err
	}))
	return hex.EncodeToString(digest.Sum(nil))
}

// installSuite installs the locked packages, once for every lock file.
func installSuite(folder, digest string) error {
	stamp := filepath.Join(folder, "node_modules", ".installed")
	if installed, err := os.ReadFile(stamp); err == nil && string(installed) == digest {
		return nil
	}
	var says bytes.Buffer
	install := exec.Command("npm", "ci")
	install.Dir, install.Stdout, install.Stderr = folder, &says, &says
	if err := install.Run(); err != nil {
		return &exec.Error{Name: "npm ci: " + says.String(), Err: err}
	}
	return os.WriteFile(stamp, []byte(digest), 0o600)
}
