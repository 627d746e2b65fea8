package main

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// The admin listener's probes are for anybody who can reach it. What acts there is
// for who may read the data directory: they show the token that the first start
// keeps in it. Why a token on a private port: a browser on the same machine
// reaches that port too, on behalf of any page that it shows.

func adminTokenFile(dir string) string { return filepath.Join(dir, "keys", "admin.token") }

// makeAdminToken makes the token where there is none, at a bank's first start.
func makeAdminToken(dir string) error {
	if _, err := os.Stat(adminTokenFile(dir)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	token := make([]byte, 32)
	if _, err := rand.Read(token); err != nil {
		return err
	}
	if err := writePrivate(adminTokenFile(dir), []byte(hex.EncodeToString(token)+"\n")); err != nil {
		return fmt.Errorf("make the admin token: %w", err)
	}
	return nil
}

// readAdminToken refuses a file that others may read: what they could read they have.
func readAdminToken(dir string) (string, error) {
	path := adminTokenFile(dir)
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("read the admin token: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("the admin token %s is open to others: delete it and start the bank again, and a new one is made", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the admin token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if raw, err := hex.DecodeString(token); err != nil || len(raw) != 32 {
		return "", fmt.Errorf("the admin token %s is not 32 bytes in hex", path)
	}
	return token, nil
}

// guarded lets through who shows the token of dir, and nothing that a page in a
// browser could send: no Origin, no name that DNS could be made to point here, and
// a type that no form has.
func guarded(dir, admin string, act http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch {
		case len(r.Header.Values("Origin")) > 0:
			http.Error(w, "not for browsers", http.StatusForbidden)
		case !strings.EqualFold(r.Host, admin) && !local(hostOf(r.Host)):
			http.Error(w, "this host is not "+admin, http.StatusMisdirectedRequest)
		case kind != "application/json":
			http.Error(w, "the body is application/json", http.StatusUnsupportedMediaType)
		case !shows(r, dir):
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "show the token of keys/admin.token in the bank's --dir", http.StatusUnauthorized)
		default:
			act(w, r)
		}
	}
}

// hostOf is a Host header without its port.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

func shows(r *http.Request, dir string) bool {
	want, err := readAdminToken(dir)
	got := r.Header.Values("Authorization")
	return err == nil && len(got) == 1 && subtle.ConstantTimeCompare([]byte(got[0]), []byte("Bearer "+want)) == 1
}
