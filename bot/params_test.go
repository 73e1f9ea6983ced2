package bot

import (
	"encoding/json"
	"testing"

	"github.com/go-telegram/bot/models"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What is written by hand says what encoding/json would say, whatever people have written.
func TestBodiesAreJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		want := map[string]any{
			"chat_id": 7.0, "message_id": 5.0, "text": text, "parse_mode": "HTML",
			"link_preview_options": map[string]any{"is_disabled": true}, "protect_content": true,
			"reply_markup": map[string]any{"inline_keyboard": []any{
				[]any{map[string]any{"text": text, "callback_data": "n"}, map[string]any{"text": "b", "callback_data": text}},
				[]any{map[string]any{"text": "\x00\t\n", "callback_data": `"\`}},
			}},
		}
		params := textParams{chat: 7, message: 5, text: markup(text), protect: true,
			buttons: inlineKeyboard{{{text, "n"}, {"b", text}}, {{"\x00\t\n", `"\`}}}}
		body, err := params.body()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, parsed(t, body)); diff != "" {
			t.Errorf("an edit differs (-want +got):\n%s", diff)
		}
		answer := queryAnswer{query: "1", text: text}.write([]byte{'{'})
		want = map[string]any{"callback_query_id": "1", "text": text}
		if text == "" {
			delete(want, "text")
		}
		if diff := cmp.Diff(want, parsed(t, answer)); diff != "" {
			t.Errorf("an answer differs (-want +got):\n%s", diff)
		}
	})
}

// A new message without buttons has an empty keyboard, or the one that replaces it.
func TestBodyOfAMessageWithoutButtons(t *testing.T) {
	t.Parallel()
	for want, reply := range map[string]models.ReplyMarkup{
		`{"inline_keyboard":[]}`:   nil,
		`{"remove_keyboard":true}`: &models.ReplyKeyboardRemove{RemoveKeyboard: true},
	} {
		params := textParams{chat: -1, text: "a\xffb", reply: reply}
		body, err := params.body()
		if err != nil {
			t.Fatal(err)
		}
		want := `{"chat_id":-1,"text":"a` + "\ufffd" + `b","parse_mode":"HTML","link_preview_options":{"is_disabled":true},"reply_markup":` + want + `}`
		if string(body) != want {
			t.Errorf("%s, want %s", body, want)
		}
	}
}

func parsed(t *rapid.T, body []byte) map[string]any {
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return got
}
