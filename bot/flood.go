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

const (
	// quietPeriod is how long a chat is remembered that something went to: of one that had been left
	// in peace for at least so long Telegram says 429 because of all the others.
	quietPeriod = 3 * time.Second
	// mostForAll is the longest pause that everybody makes because of one chat alone.
	mostForAll = time.Minute
)

// floods remembers what Telegram said by 429, which does not tell whether it is about the chat or
// about the bot as a whole. The chat waits as long as asked. Everybody does where nothing else had gone
// to the chat, so that it cannot be the reason, or where another chat is waiting so already; but a
// long pause is believed to be everybody's only by the second of these. The senders of all replicas
// learn of it through the limiter, and replies wait a little as well.
type floods struct {
	limiter *storage.Limiter

	mu         sync.Mutex
	since      time.Time
	now, older map[int64]int // how often something went to a chat, in the period since then and before
	chat       int64         // the chat of the latest 429
	chatEnds   time.Time     // when it may be written to again
	globalEnds time.Time     // when anybody may
}

// goes notes that something goes to a chat.
func (f *floods) goes(chat int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); now.Sub(f.since) > quietPeriod {
		f.older = f.now
		if now.Sub(f.since) > 2*quietPeriod {
			f.older = nil
		}
		f.since, f.now = now, make(map[int64]int)
	}
	f.now[chat]++
}

// met notes that what went to a chat met with a 429.
func (f *floods) met(ctx context.Context, chat int64, wait time.Duration) {
	f.mu.Lock()
	now := time.Now()
	alone := f.now[chat]+f.older[chat] <= 1
	second := f.chat != 0 && f.chat != chat && now.Before(f.chatEnds)
	everybody := second || alone && wait <= mostForAll
	f.chat, f.chatEnds = chat, now.Add(wait)
	f.mu.Unlock()
	f.limiter.Penalise(ctx, chatPace(chat), wait)
	if everybody {
		f.limiter.Penalise(ctx, globalPace, wait)
		f.everybody(wait)
	}
}

// everybody notes that nobody is to be written to for a while.
func (f *floods) everybody(wait time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ends := time.Now().Add(wait); ends.After(f.globalEnds) {
		f.globalEnds = ends
	}
}

// stopped reports that nobody may be written to.
func (f *floods) stopped() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Now().Before(f.globalEnds)
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
