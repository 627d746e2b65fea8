package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// layCertificate writes a self-signed certificate for this machine and its key.
func layCertificate(t *testing.T, certFile, keyFile string, serial int64) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "florin"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

// requireFramed has a connection of HTTP/1.1 answer request after request, and one
// whose end can be seen in two places with the connection's end.
func requireFramed(t *testing.T, conn net.Conn, host string) {
	t.Helper()
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	reader := bufio.NewReader(conn)
	ask := func(text string) (status int, body string) {
		_, err := io.WriteString(conn, text)
		require.NoError(t, err)
		answer, err := http.ReadResponse(reader, nil)
		require.NoError(t, err)
		told, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(told)
	}
	for range 3 {
		status, _ := ask("GET /oauth2/jwks HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
		require.Equal(t, http.StatusOK, status)
	}
	status, body := ask("POST /v1/transfers HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, body, `"bad-framing"`)
	_, err := reader.ReadByte()
	require.ErrorIs(t, err, io.EOF, "the connection is over")
}

// TestRow50TheBankServesTLSAndReloads has a customer bank over TLS with the real
// binary while the certificate is replaced: the requests go on, and new
// connections are shown the new one within five seconds.
func TestRow50TheBankServesTLSAndReloads(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path, environ := program(t)
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	roots := x509.NewCertPool()
	roots.AddCert(layCertificate(t, certFile, keyFile, 1))
	bank, base, err := newChild(path, filepath.Join(dir, "bank"), filepath.Join(dir, "bank.log"), childEnvironment(environ),
		"--tls-cert", certFile, "--tls-key", keyFile, "--rate-per-second", "100000", "--rate-burst", "100000")
	require.NoError(t, err)
	require.NoError(t, bank.start(ctx))
	t.Cleanup(func() { ends(t, bank) })
	address := strings.TrimPrefix(base, "http://")

	client := newHTTPClient()
	client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	anna, err := newPerson(ctx, "https://"+address, "anna", client)
	require.NoError(t, err)
	require.NoError(t, anna.openFunded(ctx, "10.00"))

	second := filepath.Join(dir, "second.pem")
	secondKey := filepath.Join(dir, "second-key.pem")
	layCertificate(t, second, secondKey, 2)
	var asked, failed atomic.Int64
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() { // over connections that were open before
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := anna.phone.Refresh(ctx); err != nil {
				failed.Add(1)
				t.Log(err)
			}
			asked.Add(1)
		}
	}()
	require.NoError(t, os.Rename(second, certFile))
	require.NoError(t, os.Rename(secondKey, keyFile))
	changed := time.Now()
	require.Eventually(t, func() bool {
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) // only its serial number is looked at
		if err != nil {
			return false
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64() == 2
	}, 30*time.Second, 20*time.Millisecond)
	took := time.Since(changed)
	close(stop)
	<-ended
	require.Zero(t, failed.Load(), "requests over connections that were open")
	require.NotZero(t, asked.Load())
	t.Logf("the new certificate was served after %s; %d requests meanwhile, none failed", took.Round(time.Millisecond), asked.Load())

	h1, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	requireFramed(t, h1, address)
	h2, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	require.Equal(t, "h2", h2.ConnectionState().NegotiatedProtocol)
	require.NoError(t, h2.Close())

	followed := follow(t, client, "https://"+address, anna) // over HTTP/2, with requests beside it
	plain, err := http.Get(base + "/oauth2/jwks")
	require.NoError(t, err)
	plain.Body.Close()
	require.Equal(t, http.StatusBadRequest, plain.StatusCode, "nothing is served in clear")
	_, err = tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	require.Error(t, err)
	stopsWith(t, bank, followed)
}

// follow opens the stream of a person's notifications.
func follow(t *testing.T, client *http.Client, base string, p *person) *http.Response {
	t.Helper()
	signed, err := p.phone.Prepare(http.MethodGet, "/v1/notifications/stream", nil, "")
	require.NoError(t, err)
	request, err := http.NewRequest(http.MethodGet, base+signed.Path, nil)
	require.NoError(t, err)
	request.Header = signed.Header
	request.Header.Set("Accept", "text/event-stream")
	answer, err := client.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	require.Equal(t, http.StatusOK, answer.StatusCode)
	return answer
}

// stopsWith stops a process in order, which waits for no stream; the stream has an end.
func stopsWith(t *testing.T, bank *child, followed *http.Response) {
	t.Helper()
	began := time.Now()
	require.NoError(t, bank.stop())
	require.Less(t, time.Since(began), stopWithin/2)
	_, err := io.Copy(io.Discard, followed.Body)
	require.NoError(t, err)
}

func TestABankWithoutItsCertificateDoesNotBegin(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "bank")
	code, _, says := florin(t, nil, "serve", "--sandbox", "--dir", dir, "--tls-cert", "absent.pem", "--tls-key", "absent.pem")
	require.NotEqual(t, exitDone, code)
	require.Contains(t, says, "absent.pem")
	require.NoDirExists(t, dir, "nothing is opened before")
}
