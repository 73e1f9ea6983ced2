package bot

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"net/http"

	"github.com/go-telegram/bot/models"
	"github.com/valyala/fasthttp"
)

const (
	secretHeader  = "X-Telegram-Bot-Api-Secret-Token" //nolint:gosec // the header's name, not a secret
	maxUpdateSize = 1 << 20
)

// Webhook takes Telegram's calls. It is safe for concurrent use.
type Webhook struct {
	secret []byte // empty: nobody gets in
	do     func(context.Context, *models.Update) error
	log    *slog.Logger
}

// NewWebhook returns a Webhook that has updates done; without a secret it lets nobody in.
func NewWebhook(secret string, do func(context.Context, *models.Update) error, log *slog.Logger) *Webhook {
	return &Webhook{secret: []byte(secret), do: do, log: log}
}

// Limits lets the body of a call be as long as an update may be, where the secret came with it. It is for
// a server that takes little from strangers, and is asked before the body is read.
func (h *Webhook) Limits(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if !h.knows(header) {
		return fasthttp.RequestConfig{}
	}
	return fasthttp.RequestConfig{MaxRequestBodySize: maxUpdateSize}
}

// knows reports whether a call comes with the secret. How long that takes tells its length at most.
func (h *Webhook) knows(header *fasthttp.RequestHeader) bool {
	return len(h.secret) > 0 && subtle.ConstantTimeCompare(header.Peek(secretHeader), h.secret) == 1
}

// Serve answers a call: with 200 only once the effects of the update are committed, and with 503 after a
// failure, upon which Telegram sends it again. Calls without the secret get 401, whatever they hold.
func (h *Webhook) Serve(c *fasthttp.RequestCtx) {
	if !h.knows(&c.Request.Header) {
		c.Error("unauthorized", http.StatusUnauthorized)
		return
	}
	if !c.IsPost() {
		c.Error("post only", http.StatusMethodNotAllowed)
		return
	}
	ctx, reply := withReply(context.Background()) // the request's own is used again for another one
	update, err := decode(c.PostBody())
	switch {
	case update == nil:
		c.Error("not an update", http.StatusBadRequest)
		return
	case err != nil: // it would be as illegible the next time
		h.log.ErrorContext(ctx, "update of unknown form passed over", "error", err)
		return
	}
	if err := h.do(ctx, update); err != nil {
		h.log.WarnContext(ctx, "webhook update will come again", "update", update.ID, "error", scrub(err))
		c.Error("try again", http.StatusServiceUnavailable)
		return
	}
	reply.write(c)
}
