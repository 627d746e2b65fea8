package main

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"florin/gateway/phone"
	"florin/gateway/rail/simulated"
	"florin/gateway/service"
)

// newSimulate plays what is outside of a bank.
func newSimulate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "simulate", Short: "Play what is outside of a bank", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSimulateRail())
	return cmd
}

// deliverEvery is how soon a simulated rail says what it has to say by itself.
const deliverEvery = time.Second

func newSimulateRail() *cobra.Command {
	var listen, bank, keyFile, client string
	cmd := &cobra.Command{
		Use:   "rail",
		Short: "A rail of SEPA credit transfers, for banks that are tried",
		Long: `A rail in a process of its own, in ISO 20022's XML, for 'florin serve --rail http://...': it outlives the
bank's restarts, and forgets everything when it ends. What becomes of a payment stands in its reference:
"simulate reject AC04", "simulate accept", "simulate pending", "simulate return AC04", and of its recall:
"simulate deny CUST", "simulate hesitate". GET / tells what it was told, as JSON.

With --bank, --client and --key-file it also tells the bank by itself what comes back, as a machine with the
scope payments.operate ('florin operator create').`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (bank == "") != (client == "") || (bank == "") != (keyFile == "") {
				return fmt.Errorf("%w: --bank, --client and --key-file go together", errUsage)
			}
			played := simulated.New()
			tell := func(context.Context) error { return nil }
			if bank != "" {
				messenger, err := newCourier(bank, client, keyFile)
				if err != nil {
					return err
				}
				tell = func(ctx context.Context) error {
					return played.Deliver(func(name string, text []byte) error { return messenger.send(ctx, name, text) })
				}
			}
			return serveRail(cmd, listen, played, tell)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&listen, "listen", "127.0.0.1:8090", "address of this machine to serve on; port 0: a free one")
	flags.StringVar(&bank, "bank", "", "base URL of the bank that is told what comes back")
	flags.StringVar(&client, "client", "", "client_id there: opr_...")
	flags.StringVar(&keyFile, "key-file", "", "its private key (PEM, PKCS #8)")
	return cmd
}

// serveRail serves until the command is asked to end, and says where.
func serveRail(cmd *cobra.Command, listen string, played *simulated.Rail, tell func(context.Context) error) error {
	address, err := netip.ParseAddrPort(listen)
	if err != nil || !address.Addr().IsLoopback() {
		return fmt.Errorf("%w: --listen: a simulated rail serves this machine alone, such as 127.0.0.1:8090", errUsage)
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	server := &http.Server{Handler: played, ReadHeaderTimeout: headerWithin}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	fmt.Fprintf(cmd.OutOrStdout(), "rail: http://%s\n", listener.Addr())
	clock := time.NewTicker(deliverEvery)
	defer clock.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			err := server.Close()
			if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
				err = errors.Join(err, served)
			}
			return err
		case <-clock.C:
			if err := tell(ctx); err != nil && ctx.Err() == nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "florin: the bank was not told, and will be: %v\n", err)
			}
		}
	}
}

// courier brings the rail's messages to a bank.
type courier struct {
	phone  *phone.Phone
	client string
	key    *ecdsa.PrivateKey
}

func newCourier(bank, client, keyFile string) (*courier, error) {
	key, err := readKey(keyFile)
	if err != nil {
		return nil, err
	}
	p, err := phone.New(phoneSettings(bank, nil))
	return &courier{p, client, key}, err
}

// send brings one message, under the return's name as its key: so the bank takes it
// once, however often it is brought. That it came back otherwise before is fine too.
func (c *courier) send(ctx context.Context, name string, pacs004 []byte) error {
	for range 3 { // a token that is over, and a nonce
		request, err := c.phone.Prepare(http.MethodPost, "/v1/payment-returns", pacs004, name)
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", service.MediaXML)
		answer, err := c.phone.Send(ctx, request)
		if err != nil {
			return err
		}
		var problem struct {
			Code string `json:"code"`
		}
		_ = json.Unmarshal(answer.Body, &problem) // of what is none the status tells
		switch {
		case answer.Status == http.StatusOK, problem.Code == "payment-not-returnable":
			return nil
		case problem.Code == "use-dpop-nonce":
		case answer.Status == http.StatusUnauthorized:
			if err := c.phone.LoginByKey(ctx, c.client, c.key); err != nil {
				return err
			}
		default:
			return fmt.Errorf("it answered %d %s", answer.Status, problem.Code)
		}
	}
	return errors.New("it lets the rail's machine not in")
}
