package bot

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"log/slog"
	"net/http"

	"github.com/go-telegram/bot/models"
)

const (
	secretHeader  = "X-Telegram-Bot-Api-Secret-Token" //nolint:gosec // the header's name, not a secret
	maxUpdateSize = 1 << 20
)

// Webhook returns the handler of Telegram's calls. Each update is answered with 200 only once its
// effects are committed; a failure is answered with 503, upon which Telegram sends it again. Calls
// without the secret get 401, whatever they hold.
func Webhook(secret string, do func(context.Context, *models.Update) error, log *slog.Logger) http.Handler {
	want := sha256.Sum256([]byte(secret))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get(secretHeader)))
		if secret == "" || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		if r.Method != http.MethodPost {
			http.Error(w, "post only", http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpdateSize))
		if err != nil {
			http.Error(w, "not an update", http.StatusBadRequest)
			return
		}
		update, err := decode(body)
		switch {
		case update == nil:
			http.Error(w, "not an update", http.StatusBadRequest)
			return
		case err != nil: // it would be as illegible the next time
			log.ErrorContext(r.Context(), "update of unknown form passed over", "error", err)
			return
		}
		ctx, reply := withReply(r.Context())
		if err := do(ctx, update); err != nil {
			log.WarnContext(ctx, "webhook update will come again", "update", update.ID, "error", scrub(err))
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		reply.write(w)
	})
}
