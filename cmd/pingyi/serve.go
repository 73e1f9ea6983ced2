package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"time"

	tg "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"pingyi/bot"
	"pingyi/bot/rounds"
	"pingyi/storage"
	"pingyi/survey"
)

const (
	webhookPath    = "/telegram/webhook"
	updateWorkers  = 512
	updateBackoff  = 500 * time.Millisecond
	sendBackoff    = 3 * time.Second
	drainTime      = 20 * time.Second
	telegramPause  = 2 * time.Second
	webhookStreams = 100 // calls that Telegram may make at once
	sweepEvery     = 10 * time.Minute

	// What stays in memory is small beside what a second of presses leaves behind, and collecting is
	// mostly going over what stays: it is done when there is this much garbage, in percent of it.
	garbagePercent = 300
)

// serve runs everything: conversation, clock, sender and HTTP.
func (a *app) serve() *cobra.Command {
	return a.command("serve", "cli.serve", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error {
		cfg, err := readConfig(a.environ, needDatabase, needRedis, needSecret, needToken)
		if err != nil {
			return err
		}
		if err := storage.Migrate(cmd.Context(), cfg.DatabaseURL); err != nil {
			return err
		}
		return a.runService(cmd.Context(), cfg, a.newLogger())
	})
}

// service is one replica.
type service struct {
	cfg      config
	log      *slog.Logger
	store    *storage.Store
	redis    *storage.Redis
	client   *bot.Client
	bot      *bot.Bot
	dispatch *bot.Dispatcher
	sender   *bot.Sender
	metrics  *metrics
	ready    *readiness
}

// runService runs one replica until ctx ends, then stops what takes work in before what does it, so
// that everything begun is finished. A second interrupt ends it at once.
func (a *app) runService(ctx context.Context, cfg config, log *slog.Logger) error {
	redis.SetLogger(silence{})
	s := &service{cfg: cfg, log: log, metrics: newMetrics(), ready: &readiness{}}
	var err error
	s.store, err = storage.Open(ctx, storage.Config{URL: cfg.DatabaseURL, Secret: []byte(cfg.Secret), Zone: cfg.zone, Log: log})
	if err != nil {
		return err
	}
	defer s.store.Close()
	s.redis, err = storage.OpenRedis(cfg.RedisURL, []byte(cfg.Secret), log)
	if err != nil {
		return err
	}
	defer func() { _ = s.redis.Close() }()
	if s.client, err = bot.NewClient(cfg.Token, cfg.api()); err != nil {
		return err
	}
	stopped := context.AfterFunc(ctx, a.stop)
	defer stopped()

	// HTTP answers from the start, so that /readyz tells what is still missing.
	inner, stopInner := context.WithCancel(context.WithoutCancel(ctx))
	defer stopInner()
	listening, err := s.listen(inner)
	if err != nil {
		return err
	}
	defer listening.stop()
	if err := s.greet(ctx, a); err != nil {
		return err
	}
	listening.hook.Store(s.webhook())
	return s.work(ctx)
}

// greet asks Telegram who we are, until it answers, and tells it where updates are to go.
func (s *service) greet(ctx context.Context, a *app) error {
	now, err := s.store.Now(ctx)
	if err != nil {
		return err
	}
	if err := s.store.EnsureAdmins(ctx, now, s.cfg.Admins); err != nil {
		return err
	}
	me, err := s.whoAmI(ctx)
	if err != nil {
		return err
	}
	s.bot = bot.New(bot.Config{
		Client: s.client, Store: s.store, Sessions: s.redis.Sessions(), Limiter: s.redis.Limiter(), Locales: a.bundle, Log: s.log,
		Username: me.Username, Language: survey.Lang(s.cfg.Lang),
	})
	s.dispatch = bot.NewDispatcher(bot.DispatcherConfig{
		Handle: s.metrics.handled(s.bot.Handle), SetAside: s.bot.SetAside,
		Workers: updateWorkers, Backoff: updateBackoff, Log: s.log,
	})
	return s.route(ctx)
}

// introduce tells Telegram what we offer, which nobody has to wait for.
func (s *service) introduce(ctx context.Context) {
	if err := s.bot.SetUp(ctx); err != nil && ctx.Err() == nil {
		outcome, _ := bot.Judge(err)
		s.log.WarnContext(ctx, "commands not set; they are set at the next start", "outcome", outcome.String())
	}
}

func (s *service) whoAmI(ctx context.Context) (*models.User, error) {
	for {
		me, err := s.client.GetMe(ctx)
		if err == nil {
			return me, nil
		}
		outcome, wait := bot.Judge(err)
		if outcome == bot.OutcomeRefused {
			return nil, configFault{"cli.doctor_token", needToken}
		}
		s.log.WarnContext(ctx, "Telegram does not answer yet", "outcome", outcome.String())
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(max(wait, telegramPause)):
		}
	}
}

// route tells Telegram where updates are to go.
func (s *service) route(ctx context.Context) error {
	var err error
	if s.cfg.PublicURL == "" {
		_, err = s.client.DeleteWebhook(ctx, &tg.DeleteWebhookParams{})
	} else {
		_, err = s.client.SetWebhook(ctx, &tg.SetWebhookParams{
			URL:            strings.TrimSuffix(s.cfg.PublicURL, "/") + webhookPath,
			SecretToken:    s.cfg.WebhookSecret,
			AllowedUpdates: bot.AllowedUpdates(),
			MaxConnections: webhookStreams,
		})
	}
	if err != nil {
		outcome, _ := bot.Judge(err)
		return fmt.Errorf("telling Telegram where updates go: %s", outcome)
	}
	return nil
}

// work runs the parts until ctx ends, and drains them.
func (s *service) work(ctx context.Context) error {
	wake := make(chan struct{}, 1)
	s.sender = s.newSender(wake)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return rounds.New(s.store, s.log).Run(ctx) })
	group.Go(func() error { return s.hear(ctx, wake) })
	group.Go(func() error { return s.sender.Run(ctx) })
	if s.cfg.PublicURL == "" {
		group.Go(func() error { return s.poll(ctx) })
	}
	s.ready.set(true)
	s.log.InfoContext(ctx, "serving", "polling", s.cfg.PublicURL == "")
	s.introduce(ctx)
	debug.SetGCPercent(garbagePercent)
	if err := giveBack(); err != nil {
		s.log.DebugContext(ctx, "starting keeps more memory than it has to", "error", err)
	}
	err := group.Wait()
	s.ready.set(false)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err = errors.Join(err, s.dispatch.Drain(drain), s.bot.Drain(drain))
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (s *service) newSender(wake <-chan struct{}) *bot.Sender {
	return bot.NewSender(bot.SenderConfig{
		Bot: s.bot, Store: s.store, Limiter: s.redis.Limiter(), Rate: s.cfg.SendRate, Worker: workerName(),
		Wake: wake, Count: s.metrics.delivered, Backoff: sendBackoff, Log: s.log,
	})
}

// hear listens to what the database announces: it wakes the sender when there is something to send,
// and clears away the conversations of rounds that are over.
func (s *service) hear(ctx context.Context, wake chan<- struct{}) error {
	signals := s.store.Listen(ctx)
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		select {
		case signal, open := <-signals:
			if !open {
				return nil
			}
			if signal == storage.SignalClock {
				s.sweep(ctx)
				continue
			}
			select {
			case wake <- struct{}{}:
			default: // it is awake already
			}
		case <-sweep.C:
			s.sweep(ctx)
		}
	}
}

func (s *service) sweep(ctx context.Context) {
	if _, err := s.redis.Sessions().DropEnded(ctx, s.store); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "conversations of past rounds not cleared yet", "error", err)
	}
}

// poll fetches updates as long as this replica holds the lock; another takes over where it is lost.
func (s *service) poll(ctx context.Context) error {
	return s.store.WithLock(ctx, "poller", func(ctx context.Context) error {
		s.log.InfoContext(ctx, "this replica polls")
		return bot.NewPoller(bot.PollerConfig{
			Token: s.cfg.Token, API: s.cfg.api(), Queue: s.dispatch.Queue, Log: s.log,
		}).Run(ctx)
	})
}

// workerName names this process in leases: the host for people, random letters against mix-ups.
func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return host + "-" + hex.EncodeToString(b[:])
}

// silence keeps the Redis client from writing lines of its own to stderr: what it has to say comes
// back as errors, which are logged once.
type silence struct{}

// Printf implements the client's logger.
func (silence) Printf(context.Context, string, ...any) {}
