package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/go-telegram/bot/models"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"pingyi/bot"
	"pingyi/storage"
)

// readiness is whether this replica takes work.
type readiness struct{ is atomic.Bool }

func (r *readiness) set(is bool) { r.is.Store(is) }

// listener is the HTTP side of a replica.
type listener struct {
	server *fasthttp.Server
	hook   atomic.Pointer[bot.Webhook] // nil: not yet
	rest   fasthttp.RequestHandler
	log    *slog.Logger
}

const (
	readTime   = 30 * time.Second // for a request
	idleTime   = 2 * time.Minute  // between two
	maxRequest = 4 << 10          // the body of what is no update
)

// listen serves /healthz, /readyz, /metrics and, once it is set, the webhook.
func (s *service) listen(ctx context.Context) (*listener, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answerText(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc(webhookPath, func(w http.ResponseWriter, _ *http.Request) {
		answerText(w, http.StatusServiceUnavailable, "starting")
	})
	l := &listener{rest: fasthttpadaptor.NewFastHTTPHandler(mux), log: s.log}
	l.server = &fasthttp.Server{
		Handler: l.serve, HeaderReceived: l.limits, MaxRequestBodySize: maxRequest,
		ReadTimeout: readTime, IdleTimeout: idleTime, CloseOnShutdown: true,
		DisablePreParseMultipartForm: true, NoDefaultServerHeader: true,
		Logger:                slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // what strangers send amiss
		SecureErrorLogMessage: true,
	}
	var lc net.ListenConfig
	socket, err := lc.Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("PINGYI_LISTEN: %w", err)
	}
	go func() {
		if err := l.server.Serve(socket); err != nil {
			s.log.ErrorContext(ctx, "HTTP ended", "error", err)
		}
	}()
	return l, nil
}

// serve answers a request; a panic ends it alone.
func (l *listener) serve(c *fasthttp.RequestCtx) {
	defer func() {
		if recover() != nil { // the value may quote what somebody wrote
			l.log.Error("panic contained", "stack", string(debug.Stack()))
			c.Error("internal error", http.StatusInternalServerError)
		}
	}()
	// The address as Telegram writes it need not be taken apart to be known.
	if hook := l.hook.Load(); hook != nil && (string(c.RequestURI()) == webhookPath || string(c.Path()) == webhookPath) {
		hook.Serve(c)
		return
	}
	l.rest(c)
}

func (l *listener) limits(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if hook := l.hook.Load(); hook != nil {
		return hook.Limits(header)
	}
	return fasthttp.RequestConfig{}
}

// stop lets requests that are under way finish.
func (l *listener) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if err := l.server.ShutdownWithContext(ctx); err != nil {
		l.log.WarnContext(ctx, "HTTP requests were cut off", "error", err)
	}
}

// webhook takes Telegram's calls; in polling mode nobody gets in.
func (s *service) webhook() *bot.Webhook {
	secret := s.cfg.WebhookSecret
	if s.cfg.PublicURL == "" {
		secret = ""
	}
	return bot.NewWebhook(secret, s.dispatch.Do, s.log)
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
		part := "leaves sending to the others"
		if s.sender.Sends() {
			part = "sends alone, slower"
		}
		answerText(w, http.StatusOK, "ready, degraded: no Redis, "+part)
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
	ok, failed := m.updates.WithLabelValues("ok"), m.updates.WithLabelValues("failed")
	return func(ctx context.Context, u *models.Update) error {
		timer := prometheus.NewTimer(m.seconds)
		defer timer.ObserveDuration()
		err := handle(ctx, u)
		if err != nil {
			failed.Inc()
		} else {
			ok.Inc()
		}
		return err
	}
}

func (m *metrics) delivered(kind storage.DeliveryKind, outcome bot.Outcome) {
	m.deliveries.WithLabelValues(string(kind), outcome.String()).Inc()
}
