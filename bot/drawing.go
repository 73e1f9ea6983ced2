package bot

import (
	"context"
	"fmt"
	"sync"
)

// maxDrawing bounds how many messages are redrawn at the same time; the others wait for their turn.
const maxDrawing = 512

// drawings redraw messages after what they show was committed and the press answered, so that nobody's
// next press waits for Telegram. In one chat they follow one another, and one that has not begun gives
// way to a newer one of the same message: what it would show is past. Safe for concurrent use.
type drawings struct {
	slots chan struct{}
	crew  *crew

	mu    sync.Mutex
	chats map[int64]*chatDrawings
	busy  sync.WaitGroup
}

// chatDrawings are those of one chat, as long as there are any.
type chatDrawings struct {
	waiting []drawing
	idle    chan struct{} // closed with the last
}

type drawing struct {
	message int
	draw    func()
}

func newDrawings() *drawings {
	return &drawings{slots: make(chan struct{}, maxDrawing), crew: newCrew(), chats: map[int64]*chatDrawings{}}
}

// put has a message redrawn soon.
func (d *drawings) put(chat int64, message int, draw func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.chats[chat]
	if c == nil {
		c = &chatDrawings{idle: make(chan struct{})}
		d.chats[chat] = c
		d.busy.Add(1)
		d.crew.do(func() { d.run(chat, c) })
	}
	for i := range c.waiting {
		if c.waiting[i].message == message {
			c.waiting[i].draw = draw
			return
		}
	}
	c.waiting = append(c.waiting, drawing{message, draw})
}

func (d *drawings) run(chat int64, c *chatDrawings) {
	defer d.busy.Done()
	d.slots <- struct{}{}
	defer func() { <-d.slots }()
	for {
		d.mu.Lock()
		if len(c.waiting) == 0 {
			delete(d.chats, chat)
			close(c.idle)
			d.mu.Unlock()
			return
		}
		next := c.waiting[0]
		c.waiting = c.waiting[1:]
		d.mu.Unlock()
		next.draw()
	}
}

// wait returns once nothing is being redrawn in a chat, or ctx ends: what is shown next must not be
// overtaken.
func (d *drawings) wait(ctx context.Context, chat int64) {
	d.mu.Lock()
	c := d.chats[chat]
	d.mu.Unlock()
	if c == nil {
		return
	}
	select {
	case <-c.idle:
	case <-ctx.Done():
	}
}

// Drain waits until all messages are redrawn, or until ctx ends.
func (b *Bot) Drain(ctx context.Context) error {
	idle := make(chan struct{})
	go func() { b.drawings.busy.Wait(); close(idle) }()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("bot: messages were still being redrawn: %w", ctx.Err())
	}
}
