package bot

import (
	"context"
	"fmt"
	"sync"
	"time"

	"pingyi/storage"
)

// globalPace is the name of the pace that all chats share.
const globalPace = "all"

// chatPace is the name of the pace of one chat.
func chatPace(chat int64) string { return fmt.Sprintf("chat:%d", chat) }

// floods remembers what Telegram said by 429, which does not tell whether it is about the chat or
// about the bot as a whole: the chat waits as long as asked; where another chat is waiting so already,
// everybody does. The sender of every replica learns of it through the limiter; replies of this one
// wait a little as well.
type floods struct {
	limiter *storage.Limiter

	mu         sync.Mutex
	chat       int64     // the chat of the latest 429
	chatEnds   time.Time // when it may be written to again
	globalEnds time.Time // when anybody may
}

// met notes a 429.
func (f *floods) met(ctx context.Context, chat int64, wait time.Duration) {
	f.mu.Lock()
	now := time.Now()
	everybody := f.chat != 0 && f.chat != chat && now.Before(f.chatEnds)
	f.chat, f.chatEnds = chat, now.Add(wait)
	if everybody {
		f.globalEnds = f.chatEnds
	}
	f.mu.Unlock()
	f.limiter.Penalise(ctx, chatPace(chat), wait)
	if everybody {
		f.limiter.Penalise(ctx, globalPace, wait)
	}
}

// left is how long a reply to the chat should still wait.
func (f *floods) left(chat int64) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	ends := f.globalEnds
	if f.chat == chat && f.chatEnds.After(ends) {
		ends = f.chatEnds
	}
	return max(time.Until(ends), 0)
}
