package split

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// FilesIn are the names that MakeAuthority writes in dir, for a role: core or gateway.
func FilesIn(dir, role string) Files {
	return Files{Cert: filepath.Join(dir, role+".pem"), Key: filepath.Join(dir, role+".key"), CA: filepath.Join(dir, "ca.pem")}
}

// MakeAuthority writes an internal authority, and a certificate of each role, into
// an empty or absent dir: to try it out, and for a bank without an authority of its
// own. A gateway's certificate opens connections and serves none, the core's the
// other way round, so neither passes for the other.
func MakeAuthority(dir string, now time.Time, life time.Duration) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the internal authority: %w", err)
	}
	ca := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Florin internal authority"}, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	caKey, err := issue(dir, "ca", ca, nil, nil, now, life)
	if err != nil {
		return err
	}
	for role, made := range map[string]struct {
		name  string
		usage x509.ExtKeyUsage
	}{"core": {CoreName, x509.ExtKeyUsageServerAuth}, "gateway": {GatewayName, x509.ExtKeyUsageClientAuth}} {
		leaf := &x509.Certificate{
			Subject: pkix.Name{CommonName: made.name}, DNSNames: []string{made.name}, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{made.usage},
		}
		if _, err := issue(dir, role, leaf, ca, caKey, now, life); err != nil {
			return err
		}
	}
	return nil
}

// issue writes name.pem and name.key; without an issuer it signs itself.
func issue(dir, name string, made, issuer *x509.Certificate, by ed25519.PrivateKey, now time.Time, life time.Duration) (ed25519.PrivateKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	if made.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, fmt.Errorf("make a serial number: %w", err)
	}
	made.NotBefore, made.NotAfter = now.Add(-time.Minute), now.Add(life)
	if issuer == nil {
		issuer, by = made, private
	}
	der, err := x509.CreateCertificate(rand.Reader, made, issuer, public, by)
	if err != nil {
		return nil, fmt.Errorf("make the certificate %s: %w", name, err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("make the key %s: %w", name, err)
	}
	if err := writeNew(filepath.Join(dir, name+".key"), "PRIVATE KEY", secret); err != nil {
		return nil, err
	}
	return private, writeNew(filepath.Join(dir, name+".pem"), "CERTIFICATE", der)
}

// writeNew refuses to write over a file: a key that is gone takes with it what it signed.
func writeNew(path, kind string, der []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := pem.Encode(file, &pem.Block{Type: kind, Bytes: der}); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return file.Close()
}
