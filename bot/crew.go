package bot

import "time"

// crewIdle is how long a goroutine waits for the next job before it ends.
const crewIdle = 5 * time.Second

// crew runs jobs, each on a goroutine of its own that is kept for the next one: a new one would grow its
// stack anew for every press. It is safe for concurrent use.
type crew struct{ jobs chan func() }

func newCrew() *crew { return &crew{jobs: make(chan func())} }

// do has a job run at once.
func (c *crew) do(job func()) {
	select {
	case c.jobs <- job:
	default:
		go c.work(job)
	}
}

func (c *crew) work(job func()) {
	idle := time.NewTimer(crewIdle)
	defer idle.Stop()
	for {
		job()
		idle.Reset(crewIdle)
		select {
		case job = <-c.jobs:
		case <-idle.C:
			return
		}
	}
}
