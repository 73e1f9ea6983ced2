package bot

import (
	"context"
	"sync"

	"github.com/valyala/fasthttp"
)

// replySlot is the body of a webhook's answer, in which one method may ride for free. Its outcome is
// unknown, so only the answer to a callback query is put there.
type replySlot struct {
	mu     sync.Mutex
	answer *queryAnswer
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
func answerCallback(ctx context.Context, client *Client, answer queryAnswer) error {
	slot, ok := ctx.Value(replyKey{}).(*replySlot)
	rides := ok && slot.put(answer)
	committed(ctx)
	if rides {
		return nil
	}
	return client.answerQuery(ctx, answer)
}

func (s *replySlot) put(answer queryAnswer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.answer != nil {
		return false
	}
	s.answer = &answer
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
	c.Response.SetBodyRaw(s.answer.write([]byte(`{"method":"answerCallbackQuery",`)))
}
