package bot

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingyi/storage"
)

func picked(picks []storage.Pick) (ids []int64) {
	for _, p := range picks {
		ids = append(ids, p.ID)
	}
	return ids
}

// What somebody waits for overtakes what is held already, and a span is finished once all in it is
// settled, whatever became of it.
func TestQueue(t *testing.T) {
	t.Parallel()
	q := newQueue()
	now := lease{now: time.Now(), at: time.Now()}
	delivery := func(id, span int64) storage.Delivery { return storage.Delivery{ID: id, Span: span} }
	q.add(now, []storage.Span{{ID: 1, First: 10, Last: 14, Priority: 1}})
	if diff := cmp.Diff([]int64{10, 11}, picked(q.take(2))); diff != "" {
		t.Errorf("first row (-want +got):\n%s", diff)
	}
	q.add(now, []storage.Span{{ID: 2, First: 90, Last: 90}})
	second := q.take(2)
	if diff := cmp.Diff([]int64{90, 12}, picked(second)); diff != "" {
		t.Errorf("second row (-want +got):\n%s", diff)
	}
	q.back(second)
	if diff := cmp.Diff([]int64{90, 12}, picked(q.take(2))); diff != "" {
		t.Errorf("second row, after a failure (-want +got):\n%s", diff)
	}
	q.settle(second, []storage.Delivery{delivery(90, 2)}) // 12 does not wait any more
	q.done(delivery(90, 2))
	if diff := cmp.Diff([]int64{2}, q.finished()); diff != "" {
		t.Errorf("finished (-want +got):\n%s", diff)
	}
	q.again(delivery(10, 1), time.Now())
	q.again(delivery(11, 1), time.Now().Add(time.Hour))
	if n := q.size(); n != 3 {
		t.Errorf("%d can be taken, want 10, 13 and 14", n)
	}
	if diff := cmp.Diff([]int64{10, 13}, picked(q.take(2))); diff != "" {
		t.Errorf("what comes again (-want +got):\n%s", diff)
	}
	if !q.paced(delivery(10, 1)) || q.paced(delivery(13, 1)) {
		t.Error("who has a slot of the chat is mixed up")
	}
	q.drop([]storage.Delivery{delivery(13, 1)})
	if got := q.finished(); got != nil || !q.busy() {
		t.Errorf("finished %v while a message is in flight", got)
	}
	q.done(delivery(10, 1))
	if got := q.finished(); !slices.Equal(got, []int64{1}) || q.busy() || q.size() > 0 {
		t.Errorf("in the end finished %v", got)
	}
}

// What is held for too long is left undone: others may have it soon.
func TestQueueLeavesWhatIsSpent(t *testing.T) {
	t.Parallel()
	q := newQueue()
	q.add(lease{now: time.Now(), at: time.Now().Add(-leaseTime)}, []storage.Span{{ID: 1, First: 10, Last: 14}})
	if got := q.take(2); got != nil {
		t.Errorf("taken from a lease that is over: %v", got)
	}
	if got := q.finished(); !slices.Equal(got, []int64{1}) {
		t.Errorf("given back: %v", got)
	}
}
