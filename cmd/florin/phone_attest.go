package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"florin/domain/attest/attesttest"
	"florin/gateway/phone"
)

// What simulated phones run, as maker/attestation.json names it.
const (
	simulatedPackage = "org.example.florin"
	simulatedApp     = "SANDBOX.org.example.florin"
)

// simulatedSigner is the SHA-256 of a certificate that nobody has.
var simulatedSigner = make([]byte, 32)

// Files of a simulated maker of phones.
const (
	makerKey   = "maker.pem"
	makerRoots = "roots.pem"
	makerFile  = "attestation.json"
)

// maker makes a simulated maker of phones, and the file by which a sandbox believes it.
func (a *app) maker() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "maker", Short: "Make a simulated maker of phones, whom a sandbox can believe", Args: cobra.NoArgs,
		Long: `Makes a maker of phones that nobody sells: its key, its root, and the file that tells a sandbox to believe it.

  florin phone maker --dir maker
  florin serve --sandbox --attestation maker/attestation.json
  florin phone enrol --user ada --password '...' --maker maker --platform android-key
  florin phone login --sca-key                          # acr urn:florin:acr:sca-hw`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			made, err := attesttest.New(rand.Reader, time.Now())
			if err != nil {
				return err
			}
			secret, err := made.PEM()
			if err != nil {
				return err
			}
			text, err := json.MarshalIndent(map[string]any{
				"apple":         []map[string]string{{"app": simulatedApp, "environment": "production"}},
				"android":       []map[string]any{{"package": simulatedPackage, "signers": []string{hex.EncodeToString(simulatedSigner)}}},
				"daily_limits":  map[string]int64{"none": 1000, "software": 5000},
				"sandbox_roots": makerRoots,
			}, "", "  ")
			if err != nil {
				return err
			}
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			for name, content := range map[string][]byte{makerKey: secret, makerRoots: made.Root(), makerFile: append(text, '\n')} {
				if err := writePrivate(filepath.Join(dir, name), content); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "florin serve --sandbox --attestation %s\n", filepath.Join(dir, makerFile))
			return err
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "maker", "directory to make")
	return cmd
}

// attest registers the phone's keys again, with what its maker says of them.
func (a *app) attest() *cobra.Command {
	cmd := a.act("attest", "Have the maker vouch for this phone's keys (--maker), and tell the bank", func(cmd *cobra.Command, _ []string, p *phone.Phone) error {
		if a.madeBy == "" {
			return errors.New("who vouches for this phone? --maker")
		}
		if err := p.Register(cmd.Context()); err != nil {
			return err
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), "attested by", a.format)
		return err
	})
	a.addMaker(cmd)
	return cmd
}

func (a *app) addMaker(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.madeBy, "maker", "", "directory of the phone's maker ('florin phone maker'); without one nobody vouches for its keys")
	cmd.Flags().StringVar(&a.format, "platform", phone.FormatAndroid, phone.FormatAndroid+" or "+phone.FormatApple)
}

// platform is who has made this phone; nil: nobody.
func (a *app) platform() (*phone.Platform, error) {
	if a.madeBy == "" {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(a.madeBy, makerKey))
	if err != nil {
		return nil, err
	}
	made, err := attesttest.Parse(text, rand.Reader)
	if err != nil {
		return nil, err
	}
	platform := &phone.Platform{Maker: made, Format: a.format, App: simulatedPackage, Signer: simulatedSigner}
	if a.format == phone.FormatApple {
		platform.App = simulatedApp
	}
	return platform, nil
}
