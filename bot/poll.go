package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	tg "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
)

const (
	pollSeconds   = 25
	pollBatch     = 100
	pollMaxPause  = 10 * time.Second
	maxPollAnswer = 32 << 20
)

// AllowedUpdates are the kinds of update the bot asks for, in polling and by webhook alike.
func AllowedUpdates() []string {
	return []string{
		models.AllowedUpdateMessage, models.AllowedUpdateEditedMessage, models.AllowedUpdateChannelPost,
		models.AllowedUpdateCallbackQuery, models.AllowedUpdateMyChatMember,
	}
}

// PollerConfig is what a Poller needs.
type PollerConfig struct {
	Token, API string
	// Queue hands one update over; nil comes on the channel once it is committed.
	Queue func(context.Context, *models.Update) (<-chan error, error)
	Log   *slog.Logger
}

// Poller fetches updates. The library confirms a batch once it sits in a channel, which loses it at a
// crash; here the offset moves only when every update of the batch is committed.
type Poller struct {
	cfg    PollerConfig
	client *http.Client
	offset int64
}

// NewPoller returns a Poller that begins with the oldest update Telegram still keeps.
func NewPoller(cfg PollerConfig) *Poller {
	if cfg.API == "" {
		cfg.API = DefaultAPI
	}
	return &Poller{cfg: cfg, client: NewHTTPClient((pollSeconds + 15) * time.Second)}
}

// Run polls until ctx ends. One process at a time may do so for a bot: the caller holds a lock.
func (p *Poller) Run(ctx context.Context) error {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		err := p.round(ctx)
		if err == nil {
			pause = 0
			continue
		}
		if ctx.Err() != nil {
			break
		}
		_, wait := Judge(err)
		pause = min(max(2*pause, wait, time.Second/2), max(wait, pollMaxPause))
		p.cfg.Log.WarnContext(ctx, "polling failed", "error", scrub(err), "pause", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return nil //nolint:nilerr // that ctx has ended is no fault
}

// round fetches one batch, has it handled in parallel, and confirms it when all of it is committed.
func (p *Poller) round(ctx context.Context) error {
	batch, err := p.fetch(ctx)
	if err != nil {
		return err
	}
	highest, failed := p.handle(ctx, batch)
	if failed != nil {
		return failed // the whole batch comes again; what is committed is known by its id
	}
	p.offset = highest + 1
	if len(batch) == 0 {
		p.offset = 0 // all is confirmed; ids may begin anew, even lower, after a quiet week
	}
	return nil
}

// handle hands a batch over and waits until all of it is committed. It returns the highest id.
func (p *Poller) handle(ctx context.Context, batch []json.RawMessage) (highest int64, failed error) {
	highest = p.offset - 1
	var waiting []<-chan error
	for _, raw := range batch {
		u, unreadable := decode(raw)
		if u != nil {
			highest = max(highest, u.ID)
		}
		if unreadable != nil {
			p.cfg.Log.ErrorContext(ctx, "update of unknown form passed over", "error", unreadable)
			continue
		}
		done, refused := p.cfg.Queue(ctx, u)
		if refused != nil {
			failed = errors.Join(failed, refused)
			continue
		}
		waiting = append(waiting, done)
	}
	for _, done := range waiting {
		failed = errors.Join(failed, <-done)
	}
	return highest, failed
}

func (p *Poller) fetch(ctx context.Context) ([]json.RawMessage, error) {
	body, err := json.Marshal(map[string]any{
		"offset": p.offset, "limit": pollBatch, "timeout": pollSeconds, "allowed_updates": AllowedUpdates(),
	})
	if err != nil {
		return nil, fmt.Errorf("bot: getUpdates: %w", err)
	}
	url := strings.TrimSuffix(p.cfg.API, "/") + "/bot" + p.cfg.Token + "/getUpdates"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("bot: getUpdates: the address of the Bot API is wrong")
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("bot: getUpdates: no answer: %w", unaddressed(err))
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		OK         bool              `json:"ok"`
		Result     []json.RawMessage `json:"result"`
		Code       int               `json:"error_code"`
		Parameters struct {
			RetryAfter int `json:"retry_after"`
		} `json:"parameters"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxPollAnswer)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("bot: getUpdates: answer with status %d cannot be read", resp.StatusCode)
	}
	switch {
	case answer.OK:
		return answer.Result, nil
	case answer.Code == http.StatusTooManyRequests:
		return nil, &tg.TooManyRequestsError{RetryAfter: answer.Parameters.RetryAfter}
	}
	return nil, fmt.Errorf("bot: getUpdates: refused with code %d", answer.Code)
}

// unaddressed drops the address, which holds the token, from an error of the HTTP client.
func unaddressed(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}
