package bot

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-telegram/bot/models"
	"github.com/google/go-cmp/cmp"
)

// pressed is a press as Telegram sends it, with the message and its buttons.
const pressed = `{"update_id":70123,"callback_query":{"id":"4382","from":{"id":42,"is_bot":false,"first_name":"\u738b","language_code":"zh-hans"},` +
	`"message":{"message_id":7,"from":{"id":777,"is_bot":true,"first_name":"Pingyi"},"chat":{"id":42,"first_name":"\u738b","type":"private"},` +
	`"date":1764500000,"edit_date":1764500060,"text":"\u5e02\u6559\u80b2\u5c40 \u00b7 1/6\n\n\u6ee1\u610f\u5417\uff1f",` +
	`"entities":[{"offset":0,"length":4,"type":"bold"}],"reply_markup":{"inline_keyboard":[[{"text":"\u6ee1\u610f","callback_data":"a.1.2.3.4"}],` +
	`[{"text":"\u4e0d\u6ee1\u610f","callback_data":"a.1.2.3.5"}]]}},"chat_instance":"-82736","data":"a.1.2.3.4"}}`

// What is known of a press does not depend on how well-formed the rest of it is.
func TestDecodePress(t *testing.T) {
	t.Parallel()
	type known struct {
		update, from  int64
		id, data      string
		language      string
		chat, message int64
	}
	want := known{70123, 42, "4382", "a.1.2.3.4", "zh-hans", 42, 7}
	for name, raw := range map[string]string{
		"as it comes":          pressed,
		"spaced":               strings.ReplaceAll(pressed, `,"`, " ,\n\t\""),
		"a key twice":          strings.Replace(pressed, `"is_bot":false`, `"is_bot":true,"is_bot":false`, 1),
		"a text that is torn":  strings.Replace(pressed, `\u5e02`, "\xe5\xb8", 1),
		"half of a surrogate":  strings.Replace(pressed, `\u5e02`, `\ud83d`, 1),
		"fields not known yet": strings.Replace(pressed, `{"update_id"`, `{"business":{"a":[1,{"b":null}]},"update_id"`, 1),
	} {
		u, err := decode([]byte(raw))
		if err != nil || u.CallbackQuery == nil {
			t.Errorf("%s: %v, %v", name, u, err)
			continue
		}
		q := u.CallbackQuery
		chat, message, ok := pressedOn(q)
		got := known{u.ID, q.From.ID, q.ID, q.Data, q.From.LanguageCode, chat, int64(message)}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(known{})); diff != "" || !ok {
			t.Errorf("%s: %v %s", name, ok, diff)
		}
	}
}

// BenchmarkDecode prints how many times as long the library takes for a press.
func BenchmarkDecode(b *testing.B) {
	ours, theirs := time.Duration(0), time.Duration(0)
	for b.Loop() {
		began := time.Now()
		if _, err := decode([]byte(pressed)); err != nil {
			b.Fatal(err)
		}
		half := time.Now()
		var u models.Update
		if err := json.Unmarshal([]byte(pressed), &u); err != nil {
			b.Fatal(err)
		}
		ours, theirs = ours+half.Sub(began), theirs+time.Since(half)
	}
	b.ReportMetric(float64(theirs)/float64(ours), "library/ours")
}
