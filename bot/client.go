package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	tg "github.com/go-telegram/bot"
	"github.com/valyala/fasthttp"
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

// Client is the library's client. The calls that are made by the thousand go out as JSON and by fasthttp:
// the library makes a form of them and writes every part of it to the connection by itself, and net/http
// hands every call to two goroutines of its connection. It is safe for concurrent use.
type Client struct {
	*tg.Bot
	direct *fasthttp.HostClient
	base   string // up to the method; it holds the token and is in no error or log
}

// NewClient returns a client of the Bot API at the base URL, which calls nothing by itself.
func NewClient(token, api string) (*Client, error) {
	if api == "" {
		api = DefaultAPI
	}
	api = strings.TrimSuffix(api, "/")
	client := NewHTTPClient(callTimeout)
	library, err := tg.New(token,
		tg.WithSkipGetMe(),
		tg.WithServerURL(api),
		tg.WithHTTPClient(callTimeout, formless{client}),
		tg.WithErrorsHandler(func(error) {}), // these concern closed pipes; what matters is returned
	)
	if err != nil {
		return nil, fmt.Errorf("bot: client: %w", err)
	}
	connector, err := newConnector(api)
	if err != nil {
		return nil, fmt.Errorf("bot: client: %w", err)
	}
	return &Client{Bot: library, direct: connector.client(), base: api + "/bot" + token + "/"}, nil
}

// text sends a message and returns its id, or redraws one and returns 0: what Telegram returns of it then is
// not read.
func (c *Client) text(ctx context.Context, params *textParams) (int, error) {
	body, err := params.body()
	if err != nil {
		return 0, err
	}
	if params.message != 0 {
		return 0, c.call(ctx, "editMessageText", body, nil)
	}
	var sent struct {
		ID int `json:"message_id"`
	}
	err = c.call(ctx, "sendMessage", body, &sent)
	return sent.ID, err
}

// answerQuery answers the press of a button.
func (c *Client) answerQuery(ctx context.Context, answer queryAnswer) error {
	return c.call(ctx, "answerCallbackQuery", answer.write([]byte{'{'}), nil)
}

// okPrefix begins every answer that says no more than that a call succeeded.
var okPrefix = []byte(`{"ok":true,`)

// call makes a call with a body of JSON and returns the library's errors. result may be nil. It takes until
// ctx's deadline at most; what has left is not called back where ctx is cancelled before.
func (c *Client) call(ctx context.Context, method string, body []byte, result any) error {
	if err := ctx.Err(); err != nil {
		return lost(method, err)
	}
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer func() { fasthttp.ReleaseRequest(req); fasthttp.ReleaseResponse(resp) }()
	req.Header.SetMethod(http.MethodPost)
	req.Header.SetContentType("application/json")
	req.SetRequestURI(c.base + method)
	req.SetBodyRaw(body)
	deadline := time.Now().Add(callTimeout)
	if sooner, ok := ctx.Deadline(); ok && sooner.Before(deadline) {
		deadline = sooner
	}
	if err := c.direct.DoDeadline(req, resp, deadline); err != nil {
		return lost(method, err)
	}
	if result == nil && resp.StatusCode() == http.StatusOK && bytes.HasPrefix(resp.Body(), okPrefix) {
		return nil
	}
	return understand(method, resp.Body(), result)
}

// lost is the error of a call whose answer never came.
func lost(method string, err error) error {
	return fmt.Errorf("bot: %w", &url.Error{Op: "calling", URL: method, Err: err})
}

// understand reads an answer of the Bot API.
func understand(method string, answer []byte, result any) error {
	var a struct {
		OK          bool            `json:"ok"`
		Result      json.RawMessage `json:"result"`
		Code        int             `json:"error_code"`
		Description string          `json:"description"`
		Parameters  struct {
			RetryAfter int `json:"retry_after"`
		} `json:"parameters"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return fmt.Errorf("bot: answer to %s: %w", method, err)
	}
	if a.OK {
		if result == nil {
			return nil
		}
		if err := json.Unmarshal(a.Result, result); err != nil {
			return fmt.Errorf("bot: result of %s: %w", method, err)
		}
		return nil
	}
	if a.Code == http.StatusTooManyRequests {
		return fmt.Errorf("bot: %s: %w", method, &tg.TooManyRequestsError{Message: a.Description, RetryAfter: a.Parameters.RetryAfter})
	}
	kinds := map[int]error{
		http.StatusBadRequest: tg.ErrorBadRequest, http.StatusUnauthorized: tg.ErrorUnauthorized,
		http.StatusForbidden: tg.ErrorForbidden, http.StatusNotFound: tg.ErrorNotFound,
	}
	if kind, ok := kinds[a.Code]; ok {
		return fmt.Errorf("bot: %s: %w, %s", method, kind, a.Description)
	}
	return fmt.Errorf("bot: %s: telegram error %d, %s", method, a.Code, a.Description)
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
	if err == nil {
		return OutcomeOK, 0
	}
	var tooMany *tg.TooManyRequestsError
	var netErr net.Error
	var syntax *json.SyntaxError
	var network *net.OpError
	switch {
	case errors.As(err, &network) && network.Op == "dial":
		return OutcomeDown, 0 // nothing has left yet
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
