package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the project's time zone is known on machines without zone files

	"github.com/caarlos0/env/v11"

	"pingyi/bot"
)

// config is the environment, read and checked once. What a subcommand needs of it says need.
type config struct {
	Token         string  `env:"PINGYI_TELEGRAM_TOKEN"`
	API           string  `env:"PINGYI_TELEGRAM_API"`
	DatabaseURL   string  `env:"PINGYI_DATABASE_URL"`
	RedisURL      string  `env:"PINGYI_REDIS_URL"`
	Secret        string  `env:"PINGYI_SECRET"`
	Admins        []int64 `env:"PINGYI_ADMINS"`
	Listen        string  `env:"PINGYI_LISTEN"          envDefault:"127.0.0.1:8080"`
	PublicURL     string  `env:"PINGYI_PUBLIC_URL"`
	WebhookSecret string  `env:"PINGYI_WEBHOOK_SECRET"`
	Timezone      string  `env:"PINGYI_TIMEZONE"        envDefault:"Asia/Shanghai"`
	SendRate      float64 `env:"PINGYI_SEND_RATE"       envDefault:"30"`
	Lang          string  `env:"PINGYI_LANG"            envDefault:"zh-Hans"`

	zone *time.Location
}

// The parts of the environment a subcommand can need.
const (
	needDatabase = "PINGYI_DATABASE_URL"
	needRedis    = "PINGYI_REDIS_URL"
	needSecret   = "PINGYI_SECRET"
	needToken    = "PINGYI_TELEGRAM_TOKEN"
)

// minSecret is the least length of PINGYI_SECRET in bytes: it keys every ballot.
const minSecret = 32

// configFault is one wrong setting: a code of the locale files and the variable's name. The value is
// never part of it.
type configFault struct{ code, name string }

// Error implements error.
func (f configFault) Error() string { return f.code + ": " + f.name }

// readConfig reads the environment and reports all that is wrong with it together.
func readConfig(environ []string, needs ...string) (config, error) {
	vars := map[string]string{}
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, "PINGYI_") && value != "" {
			vars[name] = value
		}
	}
	var faults []error
	cfg := config{}
	if err := env.ParseWithOptions(&cfg, env.Options{Environment: vars}); err != nil {
		for _, name := range []string{"PINGYI_ADMINS", "PINGYI_SEND_RATE"} {
			if strings.Contains(err.Error(), strings.ReplaceAll(fieldOf(name), " ", "")) {
				faults = append(faults, configFault{"cli.config_number", name})
			}
		}
		if len(faults) == 0 {
			faults = append(faults, fmt.Errorf("environment: %w", err))
		}
	}
	for _, name := range needs {
		if vars[name] == "" {
			faults = append(faults, configFault{"cli.config_missing", name})
		}
	}
	faults = append(faults, cfg.check()...)
	return cfg, errors.Join(faults...)
}

// fieldOf is the struct field a variable fills, which is what the parser's errors name.
func fieldOf(name string) string {
	return map[string]string{"PINGYI_ADMINS": "Admins", "PINGYI_SEND_RATE": "SendRate"}[name]
}

func (c *config) check() (faults []error) {
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil {
		faults = append(faults, configFault{"cli.config_timezone", "PINGYI_TIMEZONE"})
		zone = time.UTC
	}
	c.zone = zone
	if c.Secret != "" && len(c.Secret) < minSecret {
		faults = append(faults, configFault{"cli.config_secret", "PINGYI_SECRET"})
	}
	for name, value := range map[string]string{
		"PINGYI_TELEGRAM_API": c.API, "PINGYI_PUBLIC_URL": c.PublicURL,
	} {
		if u, err := url.Parse(value); value != "" && (err != nil || u.Host == "" || !strings.HasPrefix(u.Scheme, "http")) {
			faults = append(faults, configFault{"cli.config_url", name})
		}
	}
	if c.SendRate <= 0 || c.SendRate > 1000 {
		faults = append(faults, configFault{"cli.config_rate", "PINGYI_SEND_RATE"})
	}
	if !slices.Contains([]string{"zh-Hans", "zh-Hant", "en"}, c.Lang) {
		faults = append(faults, configFault{"cli.config_lang", "PINGYI_LANG"})
	}
	if c.PublicURL != "" && c.WebhookSecret == "" {
		faults = append(faults, configFault{"cli.config_missing", "PINGYI_WEBHOOK_SECRET"})
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return faults
}

// api is the base address of the Bot API.
func (c *config) api() string {
	if c.API == "" {
		return bot.DefaultAPI
	}
	return c.API
}

// newLogger writes one line of JSON per event to stderr.
func (a *app) newLogger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
}
