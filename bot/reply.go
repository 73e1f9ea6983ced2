package bot

import (
	"context"
	"encoding/json"
	"sync"

	tg "github.com/go-telegram/bot"
	"github.com/valyala/fasthttp"
)

// replySlot is the body of a webhook's answer, in which one method may ride for free. Its outcome is
// unknown, so only the answer to a callback query is put there.
type replySlot struct {
	mu     sync.Mutex
	answer *tg.AnswerCallbackQueryParams
	closed bool
}

type replyKey struct{}

func withReply(ctx context.Context) (context.Context, *replySlot) {
	slot := &replySlot{}
	return context.WithValue(ctx, replyKey{}, slot), slot
}

// answerCallback answers a callback query: by the webhook's reply where there is one, else by a call.
// It is called after the effects of the press are committed, never before: it is also what lets the
// update be confirmed while the message is still being edited.
func answerCallback(ctx context.Context, client *Client, params *tg.AnswerCallbackQueryParams) error {
	slot, ok := ctx.Value(replyKey{}).(*replySlot)
	rides := ok && slot.put(params)
	committed(ctx)
	if rides {
		return nil
	}
	return client.AnswerCallbackQuery(ctx, params)
}

func (s *replySlot) put(params *tg.AnswerCallbackQueryParams) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.answer != nil {
		return false
	}
	s.answer = params
	return true
}

func (s *replySlot) write(c *fasthttp.RequestCtx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.answer == nil {
		return
	}
	c.SetContentType("application/json")
	body := struct {
		Method string `json:"method"`
		*tg.AnswerCallbackQueryParams
	}{"answerCallbackQuery", s.answer}
	_ = json.NewEncoder(c).Encode(body) // into memory, which cannot fail
}
