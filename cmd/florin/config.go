package main

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"florin/commands"
	"florin/domain/iban"
	"florin/gateway/notify"
)

// config is what the platform team sets. Every field is a flag, a FLORIN_*
// variable and a key of the file under the same name.
type config struct {
	Dir            string `koanf:"dir"`
	Log            string `koanf:"log"`
	SingleNodeNATS bool   `koanf:"single_node_nats"`
	Listen         string `koanf:"listen"`
	Admin          string `koanf:"admin"`
	Issuer         string `koanf:"issuer"`
	Sandbox        bool   `koanf:"sandbox"`
	LegalEntity    string `koanf:"legal_entity"`
	MasterKeyFile  string `koanf:"master_key_file"`
	KeyRingFile    string `koanf:"key_ring_file"`
	LogLevel       string `koanf:"log_level"`
	RiskPolicy     string `koanf:"risk_policy"`
	NewDeviceHours int64  `koanf:"new_device_hours"`
	NewDeviceLimit int64  `koanf:"new_device_limit"`
	Notifier       string `koanf:"notifier"`
	RecoveryWait   string `koanf:"recovery_wait"`
	RatePerSecond  int    `koanf:"rate_per_second"`
	RateBurst      int    `koanf:"rate_burst"`
	RequestsAtOnce int    `koanf:"requests_at_once"`
	TLSCert        string `koanf:"tls_cert"`
	TLSKey         string `koanf:"tls_key"`
	TLSClientCA    string `koanf:"tls_client_ca"`

	TLSClientOptional bool `koanf:"tls_client_optional"`

	TrustedProxies string `koanf:"trusted_proxies"`

	BreachedPasswords string `koanf:"breached_passwords"`
	DataSets          string `koanf:"data_sets"`
	Attestation       string `koanf:"attestation"`
	BankCode          string `koanf:"bank_code"`
	Rail              string `koanf:"rail"`
	BIC               string `koanf:"bic"`

	Only         string `koanf:"only"`
	Internal     string `koanf:"internal"`
	InternalCert string `koanf:"internal_cert"`
	InternalKey  string `koanf:"internal_key"`
	InternalCA   string `koanf:"internal_ca"`

	policyText []byte // in place of a file's
	standBy    func() // told when another process writes the log, which is then waited for; nil: that is an error
}

// setting is one row of the table that flags, environment, file and help share.
type setting struct {
	key     string
	initial any
	help    string
	secret  bool
}

// sandboxEntity is the name of a sandbox that was given none.
const sandboxEntity = "Florin Sandbox Bank"

var settings = []setting{
	{"dir", "data", "data directory: log, keys, read models", false},
	{"log", "", "where the log lies if not in --dir: postgres://user@host/database (the password in PGPASSFILE or PGPASSWORD) or nats://user:password@host,host,host/stream?system=user:password (or creds and system_creds: files)", true},
	{"single_node_nats", false, "for development: one server of NATS will do for --log, and it need not sync always", false},
	{"listen", "127.0.0.1:8080", "public HTTP address", false},
	{"admin", "127.0.0.1:9090", "address of /livez, /readyz and /metrics; never public", false},
	{"issuer", "", "public base URL (default http://LISTEN, or https with tls_cert)", false},
	{"sandbox", false, "open enrolment and deposits; written into a new log for ever", false},
	{"legal_entity", "", "name of the bank, written into a new log for ever (a sandbox: " + sandboxEntity + ")", false},
	{"master_key_file", "", "file of the key that seals the key ring, as the first start makes it (default DIR/keys/master.key)", true},
	{"key_ring_file", "", "file of the key ring (default DIR/keys/ring); processes that stand by for each other share it", false},
	{"log_level", "info", "debug, info, warn or error", false},
	{"risk_policy", "", "file of the risk policy that the first start activates (default: the one of 'florin risk policy')", false},
	{"new_device_hours", 24, "hours for which a further device of a customer's is new and sends only little; 0: none is new", false},
	{"new_device_limit", 200, "what may leave an account in a day when a new device asks, in euros, or as many hundreds of another currency's smallest sums", false},
	{"notifier", "", "how customers are told: console (sandbox, its default), smtp(s)://[user:password@]host:port?from=address, https://[:secret@]host/path; without one nobody is", true},
	{"recovery_wait", "24h", "how long a recovery that an operator has permitted waits for objections; at least 1h but in a sandbox", false},
	{"rate_per_second", 50, "requests a second that one caller may make", false},
	{"rate_burst", 100, "requests that one caller may make at once", false},
	{"requests_at_once", 512, "requests that are answered at once, of all callers; more are told to come back", false},
	{"trusted_proxies", "", "networks of the proxies before the bank, such as 10.1.0.0/16,10.2.3.4/32: their X-Forwarded-For says who asks; of nobody else's", false},
	{"tls_cert", "", "PEM file of the public listener's certificate chain; read again when it changes", false},
	{"tls_key", "", "PEM file of its private key", false},
	{"tls_client_ca", "", "PEM file of authorities; every client of the public listener needs a certificate of one", false},
	{"tls_client_optional", false, "clients may come without a certificate, but not with one of another authority", false},
	{"bank_code", "", "country and bank code that accounts are numbered under, such as DE37040044; without one they have no IBAN (a sandbox: " + commands.SandboxBankCode + ")", false},
	{"rail", "", "address of the rail to other banks, http(s)://host; without one no payment leaves the bank (a sandbox: a simulated rail of its own)", false},
	{"bic", "", "BIC that other banks know the bank by (a sandbox: " + commands.SandboxBIC + ")", false},
	{"breached_passwords", "", "file of passwords that nobody may choose: one a line, or their SHA-1 in hex, sorted, with or without :count (as Have I Been Pwned gives it)", false},
	{"data_sets", "", "directory of the files that risk looks into, each under the SHA-256 of its bytes ('florin risk data put'); without one data-sets in --dir", false},
	{"attestation", "", "JSON file of the bank's apps and of the roots, keys and lists that devices' attestations are judged by; without one no device is attested", false},
	{"only", "", "the part of the bank that this process is: core (log, read models, identity provider, services) or gateway; without it: all", false},
	{"internal", "127.0.0.1:8443", "address between gateway and core: the core listens there, never in public", false},
	{"internal_cert", "", "PEM file of this process's certificate for it; 'florin keys internal' makes one; read again when it changes", false},
	{"internal_key", "", "PEM file of its private key", false},
	{"internal_ca", "", "PEM file of the authority of all such certificates", false},
}

// What --only may name.
const (
	onlyCore    = "core"
	onlyGateway = "gateway"
)

// addCommonFlags gives every command --dir, --config and --json.
func addCommonFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.String("config", "", "YAML file with any of the settings of 'florin config'")
	flags.Bool("json", false, "machine-readable output on standard output")
	addSettings(flags, "dir", "log", "single_node_nats", "master_key_file", "key_ring_file")
}

// addSettings makes flags of the named settings; underscores become dashes.
func addSettings(flags *pflag.FlagSet, keys ...string) {
	for _, s := range settings {
		for _, key := range keys {
			if s.key == key {
				addSetting(flags, s)
			}
		}
	}
}

func addSetting(flags *pflag.FlagSet, s setting) {
	name := strings.ReplaceAll(s.key, "_", "-")
	switch initial := s.initial.(type) {
	case string:
		flags.String(name, initial, s.help)
	case bool:
		flags.Bool(name, initial, s.help)
	case int:
		flags.Int(name, initial, s.help)
	}
}

// loadConfig merges defaults, file, environment and flags, in that order, and
// refuses what it does not know or cannot mean.
func loadConfig(flags *pflag.FlagSet, environ []string) (config, error) {
	k := koanf.New("/")
	defaults := map[string]any{}
	for _, s := range settings {
		defaults[s.key] = s.initial
	}
	_ = k.Load(confmap.Provider(defaults, "/"), nil) // a map cannot fail
	if path, _ := flags.GetString("config"); path != "" {
		if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
			return config{}, fmt.Errorf("read --config %s: %w", path, err)
		}
	}
	_ = k.Load(env.Provider("/", env.Opt{
		Prefix:      "FLORIN_",
		EnvironFunc: func() []string { return bankVariables(environ) },
		TransformFunc: func(key, value string) (string, any) {
			key = strings.ToLower(strings.TrimPrefix(key, "FLORIN_"))
			return key, value
		},
	}), nil)
	flags.VisitAll(func(flag *pflag.Flag) {
		key := strings.ReplaceAll(flag.Name, "-", "_")
		if _, known := defaults[key]; !known || !flag.Changed {
			return
		}
		_ = k.Set(key, flag.Value.String())
	})
	for _, key := range k.Keys() {
		if _, known := defaults[key]; !known {
			return config{}, fmt.Errorf("%w: unknown setting %q; 'florin config' lists them all", errUsage, key)
		}
	}
	var c config
	if err := k.Unmarshal("", &c); err != nil {
		return config{}, fmt.Errorf("%w: %w", errUsage, err)
	}
	return c.checked()
}

// bankVariables leaves out what tests and CI set under the same prefix.
func bankVariables(environ []string) []string {
	var ours []string
	for _, pair := range environ {
		switch name, _, _ := strings.Cut(pair, "="); {
		case name == "FLORIN_CI", name == "FLORIN_SOAK", name == "FLORIN_VECTORS", strings.HasPrefix(name, "FLORIN_TEST_"), strings.HasPrefix(name, "FLORIN_BENCH_"):
		default:
			ours = append(ours, pair)
		}
	}
	return ours
}

// checked validates before anything is opened.
func (c config) checked() (config, error) {
	for _, address := range []string{c.Listen, c.Admin, c.Internal} {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return config{}, fmt.Errorf("%w: %q is not HOST:PORT", errUsage, address)
		}
	}
	if c.Issuer == "" {
		c.Issuer = c.scheme() + "://" + c.Listen
	}
	issuer, err := url.Parse(c.Issuer)
	switch {
	case err != nil, issuer.Host == "", issuer.Scheme != "https" && issuer.Scheme != "http", issuer.RawQuery != "", issuer.Fragment != "":
		return config{}, fmt.Errorf("%w: issuer %q is not a base URL such as https://bank.example", errUsage, c.Issuer)
	case (c.TLSCert == "") != (c.TLSKey == ""), c.TLSClientCA != "" && c.TLSCert == "", c.TLSClientOptional && c.TLSClientCA == "":
		return config{}, fmt.Errorf("%w: tls_cert and tls_key belong together, tls_client_ca to both, and tls_client_optional to all", errUsage)
	case !c.trusts():
		return config{}, fmt.Errorf("%w: trusted_proxies are networks such as 10.1.0.0/16,10.2.3.4/32, none wider than /8 or, of IPv6, /16: not %q", errUsage, c.TrustedProxies)
	case c.TLSCert != "" && issuer.Scheme != "https":
		return config{}, fmt.Errorf("%w: with tls_cert the issuer is https, not %q", errUsage, c.Issuer)
	case c.Sandbox && !local(issuer.Hostname()):
		return config{}, fmt.Errorf("%w: a sandbox serves localhost only, not the issuer %q", errUsage, c.Issuer)
	case c.NewDeviceHours < 0, c.NewDeviceHours > 24*365, c.NewDeviceLimit < 1, c.NewDeviceLimit > 1_000_000_000:
		return config{}, fmt.Errorf("%w: new_device_hours is from 0 to 8760, new_device_limit from 1 to 1000000000", errUsage)
	case !c.waits():
		return config{}, fmt.Errorf("%w: recovery_wait is a time such as 24h, from 1s (in production from 1h) to 720h", errUsage)
	case c.Notifier == "console" && !c.Sandbox:
		return config{}, fmt.Errorf("%w: the console notifier shows codes to whoever reads the log: it is for a sandbox", errUsage)
	case c.Only != "" && c.Only != onlyCore && c.Only != onlyGateway:
		return config{}, fmt.Errorf("%w: only is core or gateway, not %q", errUsage, c.Only)
	case c.Only != "" && (c.InternalCert == "" || c.InternalKey == "" || c.InternalCA == ""):
		return config{}, fmt.Errorf("%w: with only, internal_cert, internal_key and internal_ca are needed; 'florin keys internal' makes them", errUsage)
	case c.Only == onlyCore && c.TLSCert != "":
		return config{}, fmt.Errorf("%w: a core has no public listener: tls_cert is the gateway's", errUsage)
	case c.RatePerSecond < 1, c.RateBurst < 1, c.RequestsAtOnce < 1:
		return config{}, fmt.Errorf("%w: rate_per_second, rate_burst and requests_at_once are at least 1", errUsage)
	}
	if c.LegalEntity == "" && c.Sandbox {
		c.LegalEntity = sandboxEntity
	}
	if c.Sandbox && c.BankCode == "" {
		c.BankCode, c.BIC = commands.SandboxBankCode, commands.SandboxBIC
	}
	if _, err := iban.NewIssuer(c.BankCode); err != nil {
		return config{}, fmt.Errorf("%w: bank_code %q: %w", errUsage, c.BankCode, err)
	}
	if c.BIC != "" && iban.BIC(c.BIC) != nil {
		return config{}, fmt.Errorf("%w: bic %q has eight or eleven capital letters and digits", errUsage, c.BIC)
	}
	if c.Notifier == "" && c.Sandbox {
		c.Notifier = "console"
	}
	if c.Notifier == "" {
		return c, nil
	}
	if _, err := notify.Open(c.Notifier, io.Discard, time.Now); err != nil {
		return config{}, fmt.Errorf("%w: %w", errUsage, err)
	}
	return c, nil
}

// recoveryWait is checked before it is asked for.
func (c config) recoveryWait() time.Duration {
	wait, _ := time.ParseDuration(c.RecoveryWait)
	return wait
}

func (c config) waits() bool {
	return c.recoveryWait() >= time.Second && c.recoveryWait() <= 720*time.Hour
}

func (c config) scheme() string {
	if c.TLSCert != "" {
		return "https"
	}
	return "http"
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func newConfig(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the effective configuration, secrets masked",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd.Flags(), environ)
			if err != nil {
				return err
			}
			values := c.masked()
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), values)
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, s := range settings {
				fmt.Fprintf(table, "%s\t%v\t# %s\n", s.key, values[s.key], s.help)
			}
			return table.Flush()
		},
	}
	addServeFlags(cmd.Flags())
	return cmd
}

// addServeFlags gives a command all settings that --dir and its like are not.
func addServeFlags(flags *pflag.FlagSet) {
	for _, s := range settings {
		if s.key != "dir" && s.key != "master_key_file" {
			addSetting(flags, s)
		}
	}
}

func (c config) masked() map[string]any {
	values := map[string]any{
		"dir": c.Dir, "listen": c.Listen, "admin": c.Admin, "issuer": c.Issuer, "sandbox": c.Sandbox,
		"legal_entity": c.LegalEntity, "master_key_file": c.MasterKeyFile, "log_level": c.LogLevel,
		"risk_policy": c.RiskPolicy, "new_device_hours": c.NewDeviceHours, "new_device_limit": c.NewDeviceLimit, "rate_per_second": c.RatePerSecond, "rate_burst": c.RateBurst, "requests_at_once": c.RequestsAtOnce,
		"notifier": c.Notifier, "recovery_wait": c.RecoveryWait, "trusted_proxies": c.TrustedProxies, "tls_cert": c.TLSCert, "tls_key": c.TLSKey, "tls_client_ca": c.TLSClientCA, "tls_client_optional": c.TLSClientOptional,
		"breached_passwords": c.BreachedPasswords, "data_sets": c.DataSets, "attestation": c.Attestation, "bank_code": c.BankCode, "bic": c.BIC, "rail": c.Rail, "only": c.Only, "internal": c.Internal, "internal_cert": c.InternalCert,
		"internal_key": c.InternalKey, "internal_ca": c.InternalCA,
	}
	for _, s := range settings {
		if s.secret && values[s.key] != "" {
			values[s.key] = "***"
		}
	}
	return values
}
