package sandbox_test

import (
	"fmt"
	"strings"
	"testing"

	"pingyi/bot/sandbox"
)

// TestRefusesForm checks requests that no circumstances make right: each is a
// 400 (or 404), counts as a violation, and changes nothing.
func TestRefusesForm(t *testing.T) {
	t.Parallel()
	text := func(extra obj) obj {
		args := obj{"chat_id": ann, "text": "x"}
		for k, v := range extra {
			args[k] = v
		}
		return args
	}
	rows := func(n, each int) obj {
		var out [][]obj
		for i := range n {
			var row []obj
			for j := range each {
				row = append(row, obj{"text": "b", "callback_data": fmt.Sprint(i, "-", j)})
			}
			out = append(out, row)
		}
		return obj{"inline_keyboard": out}
	}
	button := func(b obj) obj { return text(obj{"reply_markup": obj{"inline_keyboard": [][]obj{{b}}}}) }
	tests := []struct {
		name   string
		method string
		args   obj
		want   string
	}{
		{"unknown method", "sendMesage", obj{}, "method"},
		{"unknown parameter", "sendMessage", text(obj{"parsemode": "HTML"}), "unknown parameter"},
		{"unknown parameter of getMe", "getMe", obj{"x": 1}, "unknown parameter"},
		{"missing text", "sendMessage", obj{"chat_id": ann}, `"text" is required`},
		{"missing chat", "sendMessage", obj{"text": "x"}, `"chat_id" is required`},
		{"chat is no number", "sendMessage", obj{"chat_id": "ann", "text": "x"}, "type chat"},
		{"flag is no bool", "sendMessage", text(obj{"protect_content": "maybe"}), "type bool"},
		{"text is a number", "sendMessage", obj{"chat_id": ann, "text": 5}, "type string"},
		{"empty text", "sendMessage", obj{"chat_id": ann, "text": ""}, "empty"},
		{"only spaces", "sendMessage", obj{"chat_id": ann, "text": " \n\t "}, "empty"},
		{"only tags", "sendMessage", obj{"chat_id": ann, "text": "<b> </b>", "parse_mode": "HTML"}, "empty"},
		{"text of 4097", "sendMessage", obj{"chat_id": ann, "text": strings.Repeat("字", 4097)}, "too long"},
		{"2049 emoji are 4098 units", "sendMessage", obj{"chat_id": ann, "text": strings.Repeat("😀", 2049)}, "too long"},
		{"unknown parse mode", "sendMessage", text(obj{"parse_mode": "BBCode"}), "parse_mode"},
		{"both kinds of formatting", "sendMessage", text(obj{"parse_mode": "HTML", "entities": []obj{{"type": "bold", "offset": 0, "length": 1}}}), "exclude"},
		{"entity beyond the text", "sendMessage", text(obj{"entities": []obj{{"type": "bold", "offset": 0, "length": 2}}}), "outside"},
		{"entity of unknown type", "sendMessage", text(obj{"entities": []obj{{"type": "blink", "offset": 0, "length": 1}}}), "unknown type"},
		{"entity inside a character", "sendMessage", obj{"chat_id": ann, "text": "😀x", "entities": []obj{{"type": "bold", "offset": 1, "length": 1}}}, "inside a character"},
		{"entity with an unknown field", "sendMessage", text(obj{"entities": []obj{{"type": "bold", "offset": 0, "length": 1, "colour": "red"}}}), "no field"},
		{"entity without length", "sendMessage", text(obj{"entities": []obj{{"type": "bold", "offset": 0}}}), "missing"},
		{"null keyboard", "sendMessage", text(obj{"reply_markup": obj{"inline_keyboard": nil}}), "Array"},
		{"markup is null", "sendMessage", text(obj{"reply_markup": nil}), "Object"},
		{"markup of no kind", "sendMessage", text(obj{"reply_markup": obj{"buttons": []obj{}}}), "no kind"},
		{"empty button text", "sendMessage", button(obj{"text": " ", "callback_data": "x"}), "empty button text"},
		{"button without action", "sendMessage", button(obj{"text": "x"}), "exactly one action"},
		{"button with two actions", "sendMessage", button(obj{"text": "x", "url": "https://a.example", "callback_data": "x"}), "exactly one action"},
		{"button with an unknown field", "sendMessage", button(obj{"text": "x", "callback": "x"}), "no field"},
		{"empty callback data", "sendMessage", button(obj{"text": "x", "callback_data": ""}), "BUTTON_DATA_INVALID"},
		{"callback data of 65 bytes", "sendMessage", button(obj{"text": "x", "callback_data": strings.Repeat("a", 65)}), "BUTTON_DATA_INVALID"},
		{"callback data of 66 bytes in 22 characters", "sendMessage", button(obj{"text": "x", "callback_data": strings.Repeat("字", 22)}), "BUTTON_DATA_INVALID"},
		{"button with a bad address", "sendMessage", button(obj{"text": "x", "url": "not an address"}), "BUTTON_URL_INVALID"},
		{"web app without https", "sendMessage", button(obj{"text": "x", "web_app": obj{"url": "http://a.example"}}), "web app"},
		{"nine buttons in a row", "sendMessage", text(obj{"reply_markup": rows(1, 9)}), "row of 9"},
		{"101 buttons", "sendMessage", text(obj{"reply_markup": rows(101, 1)}), "more than 100"},
		{"markup over 10 kB", "sendMessage", text(obj{"reply_markup": obj{"inline_keyboard": [][]obj{{{"text": strings.Repeat("长", 3400), "callback_data": "x"}}}}}), "too long"},
		{"empty key", "sendMessage", text(obj{"reply_markup": obj{"keyboard": [][]obj{{{"text": ""}}}}}), "must not be empty"},
		{"no keys", "sendMessage", text(obj{"reply_markup": obj{"keyboard": [][]obj{}}}), "1 to"},
		{"remove_keyboard false", "sendMessage", text(obj{"reply_markup": obj{"remove_keyboard": false}}), "must be true"},
		{"contact requested in a group", "sendMessage", obj{"chat_id": -50, "text": "x", "reply_markup": obj{"keyboard": [][]obj{{{"text": "☎", "request_contact": true}}}}}, "private chats only"},
		{"preview contradiction", "sendMessage", text(obj{"link_preview_options": obj{"prefer_small_media": true, "prefer_large_media": true}}), "contradict"},
		{"business connection", "sendMessage", text(obj{"business_connection_id": "b"}), "business"},
		{"thread", "sendMessage", text(obj{"message_thread_id": 3}), "thread"},
		{"edit without message", "editMessageText", text(nil), "not specified"},
		{"edit with a reply keyboard", "editMessageText", text(obj{"message_id": 2, "reply_markup": obj{"keyboard": [][]obj{{{"text": "k"}}}}}), "field"},
		{"edit to nothing", "editMessageText", obj{"chat_id": ann, "message_id": 2, "text": ""}, "empty"},
		{"answer of 201 characters", "answerCallbackQuery", obj{"callback_query_id": "1", "text": strings.Repeat("字", 201)}, "MESSAGE_TOO_LONG"},
		{"answer opens a foreign link", "answerCallbackQuery", obj{"callback_query_id": "1", "url": "https://a.example"}, "URL_INVALID"},
		{"unknown chat action", "sendChatAction", obj{"chat_id": ann, "action": "dancing"}, "action"},
		{"unknown reaction", "setMessageReaction", obj{"chat_id": ann, "message_id": 2, "reaction": []obj{{"type": "emoji", "emoji": "🦖"}}}, "REACTION_INVALID"},
		{"limit of 101", "getUpdates", obj{"limit": 101}, "limit"},
		{"unknown update kind", "getUpdates", obj{"allowed_updates": []string{"messages"}}, "no update"},
		{"webhook without https", "setWebhook", obj{"url": "http://bot.example.com/"}, "HTTPS"},
		{"webhook secret with a space", "setWebhook", obj{"url": "https://bot.example.com/", "secret_token": "a b"}, "secret token"},
		{"webhook with 101 connections", "setWebhook", obj{"url": "https://bot.example.com/", "max_connections": 101}, "max_connections"},
		{"command in capitals", "setMyCommands", obj{"commands": []obj{{"command": "Start", "description": "x"}}}, "BOT_COMMAND_INVALID"},
		{"command without description", "setMyCommands", obj{"commands": []obj{{"command": "start", "description": ""}}}, "DESCRIPTION_INVALID"},
		{"unknown scope", "setMyCommands", obj{"commands": []obj{}, "scope": obj{"type": "everybody"}}, "there is no"},
		{"language of three letters", "setMyCommands", obj{"commands": []obj{}, "language_code": "zho"}, "language"},
		{"description of 513", "setMyDescription", obj{"description": strings.Repeat("x", 513)}, "512"},
		{"unknown file", "getFile", obj{"file_id": "nope"}, "file_id"},
		{"unknown photo", "sendPhoto", obj{"chat_id": ann, "photo": "nope"}, "identifier"},
		{"leaving a private chat", "leaveChat", obj{"chat_id": ann}, "private"},
		{"no message ids", "deleteMessages", obj{"chat_id": ann, "message_ids": []int{}}, "1 to 100"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Config{})
			if err := w.sb.AddGroup(sandbox.Group{ID: -50, Title: "群", Members: []int64{ann}}); err != nil {
				t.Fatal(err)
			}
			w.say("x", "go")
			before := w.sb.Mark()
			out := w.call(tt.method, tt.args)
			if out.OK || out.Code != 400 && out.Code != 404 || !strings.Contains(out.Description, tt.want) {
				t.Errorf("got %d %q, want a refusal naming %q", out.Code, out.Description, tt.want)
			}
			if v := w.sb.Violations(); len(v) != 1 || v[0].Method != tt.method {
				t.Errorf("violations: %+v", v)
			}
			if w.sb.Mark() != before {
				t.Error("the refused request changed something")
			}
		})
	}
}

// TestRefusesState checks refusals that depend on how things stand. They are
// counted, but are no violations: a correct bot meets them.
func TestRefusesState(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		arrange func(w *world)
		method  string
		args    obj
		code    int
		want    string
	}{
		{"never started", nil, "sendMessage", obj{"chat_id": bob, "text": "x"}, 403, "can't initiate"},
		{"unknown chat", nil, "sendMessage", obj{"chat_id": 999, "text": "x"}, 400, "chat not found"},
		{"blocked", func(w *world) { report(w.t, w.sb.Block(ann)) }, "sendMessage", obj{"chat_id": ann, "text": "x"}, 403, "blocked"},
		{"deactivated", func(w *world) { report(w.t, w.sb.Deactivate(ann)) }, "sendMessage", obj{"chat_id": ann, "text": "x"}, 403, "deactivated"},
		{"no such message to edit", nil, "editMessageText", obj{"chat_id": ann, "message_id": 77, "text": "x"}, 400, "message to edit not found"},
		{"the person's own message", nil, "editMessageText", obj{"chat_id": ann, "message_id": 1, "text": "x"}, 400, "can't be edited"},
		{"not modified", func(w *world) { w.say("x", "go") }, "editMessageText", obj{"chat_id": ann, "message_id": 2, "text": "x", "reply_markup": inline("go")}, 400, "not modified"},
		{"markup not modified", func(w *world) { w.say("x", "go") }, "editMessageReplyMarkup", obj{"chat_id": ann, "message_id": 2, "reply_markup": inline("go")}, 400, "not modified"},
		{"no caption", func(w *world) { w.say("x", "go") }, "editMessageCaption", obj{"chat_id": ann, "message_id": 2, "caption": "c"}, 400, "no caption"},
		{"no such message to delete", nil, "deleteMessage", obj{"chat_id": ann, "message_id": 77}, 400, "not found"},
		{"no such message to reply to", nil, "sendMessage", obj{"chat_id": ann, "text": "x", "reply_parameters": obj{"message_id": 77}}, 400, "replied not found"},
		{"no such press", nil, "answerCallbackQuery", obj{"callback_query_id": "1100000009"}, 400, "too old"},
		{"garbage for a press", nil, "answerCallbackQuery", obj{"callback_query_id": "x"}, 400, "too old"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Config{})
			if tt.arrange != nil {
				tt.arrange(w)
			}
			out := w.call(tt.method, tt.args)
			if out.OK || out.Code != tt.code || !strings.Contains(out.Description, tt.want) {
				t.Errorf("got %d %q, want %d naming %q", out.Code, out.Description, tt.code, tt.want)
			}
			if v := w.sb.Violations(); len(v) != 0 {
				t.Errorf("violations: %+v", v)
			}
			if got := w.sb.Stats().Refusals[fmt.Sprintf("%s: %d %s", tt.method, out.Code, out.Description)]; got != 1 {
				t.Errorf("counted %d times", got)
			}
		})
	}
}

// TestAccepts checks requests that lie exactly on the limits.
func TestAccepts(t *testing.T) {
	t.Parallel()
	grid := func(n, each int) obj {
		var out [][]obj
		for i := range n {
			var row []obj
			for j := range each {
				row = append(row, obj{"text": "b", "callback_data": fmt.Sprint(i, "-", j)})
			}
			out = append(out, row)
		}
		return obj{"inline_keyboard": out}
	}
	for name, args := range map[string]obj{
		"4096 characters":         {"text": strings.Repeat("字", 4096)},
		"4096 after parsing":      {"text": "<b>" + strings.Repeat("x", 4096) + "</b>", "parse_mode": "HTML"},
		"64 bytes of data":        {"text": "x", "reply_markup": inline(strings.Repeat("a", 64))},
		"100 buttons":             {"text": "x", "reply_markup": grid(50, 2)},
		"eight in a row":          {"text": "x", "reply_markup": grid(1, 8)},
		"empty keyboard":          {"text": "x", "reply_markup": obj{"inline_keyboard": [][]obj{}}},
		"contact key":             {"text": "x", "reply_markup": obj{"keyboard": [][]obj{{{"text": "☎", "request_contact": true}}}}},
		"keyboard taken away":     {"text": "x", "reply_markup": obj{"remove_keyboard": true}},
		"reply without an origin": {"text": "x", "reply_parameters": obj{"message_id": 77, "allow_sending_without_reply": true}},
		"right to left":           {"text": "مرحبا <b>بالعالم</b> &amp; שלום", "parse_mode": "HTML"},
		"no preview":              {"text": "https://example.com", "link_preview_options": obj{"is_disabled": true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Config{})
			args["chat_id"] = ann
			w.must("sendMessage", args, nil)
			if _, there := w.sb.Last(ann); !there || len(w.sb.Violations()) != 0 {
				t.Errorf("not delivered, or %+v", w.sb.Violations())
			}
		})
	}
}
