package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-telegram/bot/models"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pingyi/bot"
	"pingyi/storage"
)

// readiness is whether this replica takes work.
type readiness struct{ is atomic.Bool }

func (r *readiness) set(is bool) { r.is.Store(is) }

// listener is the HTTP side of a replica.
type listener struct {
	server *http.Server
	hook   atomic.Pointer[http.Handler]
}

// listen serves /healthz, /readyz, /metrics and, once it is set, the webhook.
func (s *service) listen(ctx context.Context) (*listener, error) {
	l := &listener{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answerText(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc(webhookPath, func(w http.ResponseWriter, r *http.Request) {
		if hook := l.hook.Load(); hook != nil {
			(*hook).ServeHTTP(w, r)
			return
		}
		answerText(w, http.StatusServiceUnavailable, "starting")
	})
	l.server = &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	var lc net.ListenConfig
	socket, err := lc.Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("PINGYI_LISTEN: %w", err)
	}
	go func() {
		if err := l.server.Serve(socket); err != nil && !errors.Is(err, http.ErrServerClosed) {
			s.log.ErrorContext(ctx, "HTTP ended", "error", err)
		}
	}()
	return l, nil
}

func (l *listener) webhook(h http.Handler) { l.hook.Store(&h) }

// stop lets requests that are under way finish.
func (l *listener) stop(log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if err := l.server.Shutdown(ctx); err != nil {
		log.WarnContext(ctx, "HTTP requests were cut off", "error", err)
	}
}

// webhook is the handler of Telegram's calls; in polling mode nobody gets in.
func (s *service) webhook() http.Handler {
	secret := s.cfg.WebhookSecret
	if s.cfg.PublicURL == "" {
		secret = ""
	}
	return bot.Webhook(secret, s.dispatch.Do, s.log)
}

// readyz says whether this replica can work, and what it has to do without.
func (s *service) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if !s.ready.is.Load() {
		answerText(w, http.StatusServiceUnavailable, "starting or stopping")
		return
	}
	if _, err := s.store.Now(ctx); err != nil {
		answerText(w, http.StatusServiceUnavailable, "no database")
		return
	}
	if err := s.redis.Ping(ctx); err != nil {
		answerText(w, http.StatusOK, "ready, degraded: no Redis")
		return
	}
	answerText(w, http.StatusOK, "ready")
}

func answerText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text) // whoever asked has gone
}

// metrics counts what a replica does, without naming anybody.
type metrics struct {
	registry   *prometheus.Registry
	updates    *prometheus.CounterVec
	seconds    prometheus.Histogram
	deliveries *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		updates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pingyi_updates_total", Help: "Updates handled, by outcome."}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "pingyi_update_seconds", Help: "Time from taking an update up to the last reply.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pingyi_deliveries_total", Help: "Attempts to deliver, by kind and outcome."}, []string{"kind", "outcome"}),
	}
	m.registry.MustRegister(m.updates, m.seconds, m.deliveries)
	return m
}

func (m *metrics) handled(handle func(context.Context, *models.Update) error) func(context.Context, *models.Update) error {
	return func(ctx context.Context, u *models.Update) error {
		timer := prometheus.NewTimer(m.seconds)
		defer timer.ObserveDuration()
		err := handle(ctx, u)
		outcome := "ok"
		if err != nil {
			outcome = "failed"
		}
		m.updates.WithLabelValues(outcome).Inc()
		return err
	}
}

func (m *metrics) delivered(kind storage.DeliveryKind, outcome bot.Outcome) {
	m.deliveries.WithLabelValues(string(kind), outcome.String()).Inc()
}
