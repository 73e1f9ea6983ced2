package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	tg "github.com/go-telegram/bot"
)

// DefaultAPI is where Telegram's own servers are.
const DefaultAPI = "https://api.telegram.org"

// callTimeout bounds one call to Telegram, uploads of pictures and files included.
const callTimeout = 30 * time.Second

// NewHTTPClient returns a client that keeps enough idle connections for as many calls at once as the
// bot makes; the default of two would open a connection for nearly every call.
func NewHTTPClient(timeout time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           dialer.DialContext,
			MaxIdleConns:          512,
			MaxIdleConnsPerHost:   512,
			IdleConnTimeout:       90 * time.Second,
			TLSHandshakeTimeout:   10 * time.Second,
			ExpectContinueTimeout: time.Second,
			ForceAttemptHTTP2:     true,
		},
	}
}

// NewClient returns a client of the Bot API at the base URL, which calls nothing by itself.
func NewClient(token, api string) (*tg.Bot, error) {
	if api == "" {
		api = DefaultAPI
	}
	client, err := tg.New(token,
		tg.WithSkipGetMe(),
		tg.WithServerURL(strings.TrimSuffix(api, "/")),
		tg.WithHTTPClient(callTimeout, formless{NewHTTPClient(callTimeout)}),
		tg.WithErrorsHandler(func(error) {}), // these concern closed pipes; what matters is returned
	)
	if err != nil {
		return nil, fmt.Errorf("bot: client: %w", err)
	}
	return client, nil
}

// formless is a client that asks who we are without a form. The library announces one and sends none,
// which a strict server refuses.
type formless struct{ *http.Client }

// Do sends a request.
func (c formless) Do(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, "/getMe") {
		_ = req.Body.Close() // a pipe, of which closing cannot fail
		req.Body, req.ContentLength = http.NoBody, 0
		req.Header.Del("Content-Type")
	}
	return c.Client.Do(req)
}

// Outcome says what a failed call to Telegram means for what was to be done.
type Outcome int

// The outcomes of a call.
const (
	OutcomeOK          Outcome = iota
	OutcomeUnreachable         // the person blocked the bot, is gone, or never started it
	OutcomeTooMany             // wait for RetryAfter first
	OutcomeRefused             // the request itself is wrong: no use in trying again
	OutcomeAmbiguous           // the answer never came: it may have been done
	OutcomeDown                // Telegram has a fault: try later
)

var outcomeNames = [...]string{"ok", "unreachable", "too_many", "refused", "ambiguous", "down"}

// String names the outcome as metrics and logs do.
func (o Outcome) String() string { return outcomeNames[o] }

// Judge maps the error of a call to what it means, and to how long to wait where Telegram says so.
// Wording is never looked at: it changes.
func Judge(err error) (Outcome, time.Duration) {
	var tooMany *tg.TooManyRequestsError
	var netErr net.Error
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return OutcomeOK, 0
	case errors.As(err, &tooMany):
		return OutcomeTooMany, time.Duration(max(tooMany.RetryAfter, 1)) * time.Second
	case errors.Is(err, tg.ErrorForbidden):
		return OutcomeUnreachable, 0
	case errors.Is(err, tg.ErrorBadRequest), errors.Is(err, tg.ErrorNotFound), errors.Is(err, tg.ErrorUnauthorized):
		return OutcomeRefused, 0
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr):
		return OutcomeAmbiguous, 0
	case errors.As(err, &syntax):
		return OutcomeDown, 0 // a gateway's page instead of an answer
	}
	return OutcomeDown, 0
}

// scrub reduces an error to what may be logged: errors of the client can quote whole messages and the
// address with the token.
func scrub(err error) string {
	var urlErr interface{ Timeout() bool }
	outcome, _ := Judge(err)
	switch {
	case err == nil:
		return ""
	case outcome == OutcomeTooMany, outcome == OutcomeUnreachable, outcome == OutcomeRefused:
		return "telegram: " + outcome.String()
	case errors.As(err, &urlErr):
		return "network: " + outcome.String()
	}
	if text := err.Error(); !strings.Contains(text, "telegram") && !strings.Contains(text, "/bot") {
		return text
	}
	return "telegram: " + outcome.String()
}
