package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"florin/gateway"
	"florin/gateway/service"
)

func newOpenAPI() *cobra.Command {
	var issuer string
	var sandbox bool
	cmd := &cobra.Command{
		Use:   "openapi",
		Short: "Print the OpenAPI 3.1 document of the HTTP API",
		Long: `Prints the document that a bank serves at /openapi.json, from the code alone: no bank has to run.
Clients are generated from it (gateway/sdk/ts).`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			doc, err := gateway.DescribeAPI(gateway.Routes(nil, service.Desk{Issuer: issuer, Sandbox: sandbox}), issuer)
			if err != nil {
				return err
			}
			text, err := doc.JSON()
			if err != nil {
				return err
			}
			encoder := json.NewEncoder(cmd.OutOrStdout())
			encoder.SetIndent("", "  ")
			return encoder.Encode(json.RawMessage(text))
		},
	}
	cmd.Flags().StringVar(&issuer, "issuer", "http://127.0.0.1:8080", "public base URL of the bank")
	cmd.Flags().BoolVar(&sandbox, "sandbox", false, "of a bank that was begun with --sandbox")
	return cmd
}
