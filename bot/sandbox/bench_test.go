package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"pingyi/bot/sandbox"
)

// BenchmarkRequests measures what one message and one edit of it cost the
// sandbox, without the network, with ten thousand people there.
func BenchmarkRequests(b *testing.B) {
	const people = 10_000
	sb := sandbox.New(sandbox.Config{Token: token})
	defer sb.Close()
	for id := int64(20_001); id <= 20_000+people; id++ {
		if err := sb.AddPerson(sandbox.Person{ID: id, First: "P"}); err != nil {
			b.Fatal(err)
		}
		if _, err := sb.Start(id, ""); err != nil {
			b.Fatal(err)
		}
	}
	api := sb.Handler()
	call := func(method string, args any) {
		body, err := json.Marshal(args)
		if err != nil {
			b.Error(err)
		}
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/bot"+token+"/"+method, bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Errorf("%s: %s", method, w.Body)
		}
	}
	var n atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			id := 20_001 + i%people
			call("sendMessage", obj{"chat_id": id, "text": fmt.Sprintf("<b>第 %d 题</b>", i), "parse_mode": "HTML", "reply_markup": inline("a", "b", "c")})
			m, there := sb.Last(id)
			if !there {
				b.Error("nothing arrived")
				return
			}
			call("editMessageText", obj{"chat_id": id, "message_id": m.ID, "text": fmt.Sprint("已选 ", i), "reply_markup": inline("d")})
		}
	})
}
