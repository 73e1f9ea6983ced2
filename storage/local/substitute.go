package local

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// substitute is miniredis inside this process, for a demo without Redis.
type substitute struct {
	mini *miniredis.Miniredis
	done chan struct{}
	once sync.Once
}

// clockStep is how precisely keys of the substitute expire.
const clockStep = 100 * time.Millisecond

func startSubstitute(password string) (*substitute, error) {
	mini := miniredis.NewMiniRedis()
	mini.RequireAuth(password)
	if err := mini.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("substitute for redis: %w", err)
	}
	s := &substitute{mini: mini, done: make(chan struct{})}
	go s.tick()
	return s, nil
}

// tick moves miniredis's clock: by itself it never lets a key expire.
func (s *substitute) tick() {
	ticker := time.NewTicker(clockStep)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-s.done:
			return
		case now := <-ticker.C:
			s.mini.FastForward(now.Sub(last))
			last = now
		}
	}
}

// kill drops everything it holds, as a crash of Redis would.
func (s *substitute) kill() error {
	s.mini.Close()
	s.mini.FlushAll()
	return nil
}

func (s *substitute) start() error {
	select {
	case <-s.done:
		return errors.New("redis: stopped for good")
	default:
		return s.mini.Restart()
	}
}

func (s *substitute) stop() {
	s.once.Do(func() {
		close(s.done)
		s.mini.Close()
	})
}
