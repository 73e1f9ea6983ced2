package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"pingyi/bot"
	"pingyi/storage"
)

const (
	doctorTimeout = 10 * time.Second
	maxSkew       = 5 * time.Second
)

// grade is how well one thing is.
type grade string

const (
	good grade = "✓"
	warn grade = "!"
	bad  grade = "✗"
)

// finding is one line of the doctor's report: how it is, and where it is not well what to do.
type finding struct {
	grade grade
	key   string // of the locale files
	args  map[string]any
}

// doctor checks what the program needs to run, and says what to do about what is missing.
func (a *app) doctor() *cobra.Command {
	return a.command("doctor", "cli.doctor", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error {
		cfg, err := readConfig(a.environ, needDatabase, needRedis, needSecret, needToken)
		worst := good
		if err != nil {
			a.tellFaults(err)
			worst = bad
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), doctorTimeout)
		defer cancel()
		for _, check := range []func(context.Context, config) []finding{checkTelegram, checkDatabase, checkRedis, checkSettings} {
			for _, f := range check(ctx, cfg) {
				if err := a.print("%s %s\n", f.grade, a.words.Say(f.key, f.args)); err != nil {
					return err
				}
				if f.grade == bad {
					worst = bad
				}
			}
		}
		if worst == bad {
			return errReported
		}
		return nil
	})
}

func checkTelegram(ctx context.Context, cfg config) []finding {
	if cfg.Token == "" {
		return nil
	}
	client, err := bot.NewClient(cfg.Token, cfg.api())
	if err != nil {
		return []finding{{bad, "cli.doctor_token", nil}}
	}
	me, err := client.GetMe(ctx)
	if err != nil {
		outcome, _ := bot.Judge(err)
		if outcome == bot.OutcomeRefused {
			return []finding{{bad, "cli.doctor_token", nil}}
		}
		return []finding{{bad, "cli.doctor_telegram", map[string]any{"Reason": outcome.String()}}}
	}
	found := []finding{{good, "cli.doctor_bot", map[string]any{"Name": me.Username}}}
	hook, err := client.GetWebhookInfo(ctx)
	if err != nil {
		return append(found, finding{warn, "cli.doctor_webhook_unknown", nil})
	}
	switch {
	case cfg.PublicURL == "" && hook.URL != "":
		found = append(found, finding{warn, "cli.doctor_webhook_set", nil})
	case cfg.PublicURL != "" && hook.LastErrorDate > 0:
		found = append(found, finding{warn, "cli.doctor_webhook_failing", map[string]any{"Waiting": hook.PendingUpdateCount}})
	}
	return found
}

func checkDatabase(ctx context.Context, cfg config) []finding {
	if cfg.DatabaseURL == "" {
		return nil
	}
	d, err := storage.Diagnose(ctx, cfg.DatabaseURL, time.Now)
	if err != nil {
		return []finding{{bad, "cli.doctor_database", map[string]any{"Reason": err.Error()}}}
	}
	version := map[string]any{"Major": d.Version / 10000, "Minor": d.Version % 10000, "Least": storage.MinPostgres / 10000}
	found := []finding{{good, "cli.doctor_postgres", version}}
	complain := func(is bool, g grade, key string, args map[string]any) {
		if is {
			found = append(found, finding{g, key, args})
		}
	}
	complain(d.Version < storage.MinPostgres, bad, "cli.doctor_postgres_old", version)
	complain(!d.UTF8, bad, "cli.doctor_encoding", nil)
	complain(d.ReadOnly, bad, "cli.doctor_readonly", nil)
	complain(!d.CanCreate, bad, "cli.doctor_rights", nil)
	complain(d.Has != d.Wants, warn, "cli.doctor_schema", map[string]any{"Has": d.Has, "Wants": d.Wants})
	complain(d.Skew.Abs() > maxSkew, warn, "cli.doctor_clock", map[string]any{"Seconds": int(d.Skew.Abs().Seconds())})
	if d.Has == d.Wants && len(cfg.Secret) >= minSecret {
		store, err := storage.Open(ctx, storage.Config{URL: cfg.DatabaseURL, Secret: []byte(cfg.Secret)})
		complain(errors.Is(err, storage.ErrSecret), bad, "cli.doctor_secret", nil)
		if err == nil {
			store.Close()
		}
	}
	return found
}

func checkRedis(ctx context.Context, cfg config) []finding {
	if cfg.RedisURL == "" {
		return nil
	}
	err := storage.DiagnoseRedis(ctx, cfg.RedisURL)
	switch {
	case errors.Is(err, storage.ErrRedisURL):
		return []finding{{bad, "cli.config_url", map[string]any{"Name": needRedis}}}
	case err != nil:
		return []finding{{bad, "cli.doctor_redis_away", nil}}
	}
	return []finding{{good, "cli.doctor_redis", nil}}
}

func checkSettings(_ context.Context, cfg config) []finding {
	if len(cfg.Admins) == 0 {
		return []finding{{warn, "cli.doctor_admins", nil}}
	}
	return []finding{{good, "cli.doctor_settings", map[string]any{"Admins": len(cfg.Admins), "Zone": cfg.Timezone}}}
}
