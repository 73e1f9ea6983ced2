package sandbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/bot/sandbox"
)

// ask sends one request to the page's interface and returns status and body.
func (w *world) ask(method, where, body string, head map[string]string) (int, string, http.Header) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(within(w.t), method, w.url+where, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range head {
		if k == "Host" {
			req.Host = v
		}
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header
}

func TestPageGuard(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{Hosts: []string{"demo.example"}})
	host := strings.TrimPrefix(w.url, "http://")
	const send = "/sandbox/people/11/send"
	tests := []struct {
		name   string
		method string
		path   string
		body   string
		head   map[string]string
		want   int
	}{
		{"a program", "POST", send, `{"text":"x"}`, nil, 200},
		{"the page itself", "POST", send, `{"text":"x"}`, map[string]string{"Origin": "http://" + host, "Sec-Fetch-Site": "same-origin"}, 200},
		{"another site", "POST", send, `{"text":"x"}`, map[string]string{"Origin": "https://evil.example"}, 403},
		{"another site by fetch metadata", "POST", send, `{"text":"x"}`, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"an opaque origin", "POST", send, `{"text":"x"}`, map[string]string{"Origin": "null"}, 403},
		{"a form of another site", "POST", send, `text=x`, map[string]string{"Content-Type": "text/plain"}, 415},
		{"a name led here by DNS", "GET", "/sandbox/state", "", map[string]string{"Host": "evil.example"}, 403},
		{"a configured name", "GET", "/sandbox/state", "", map[string]string{"Host": "demo.example:8080"}, 200},
		{"localhost", "GET", "/sandbox/state", "", map[string]string{"Host": "localhost:1"}, 200},
		{"unknown person", "POST", "/sandbox/people/99/send", `{"text":"x"}`, nil, 422},
		{"not started", "POST", "/sandbox/people/12/send", `{"text":"x"}`, nil, 422},
		{"unknown act", "POST", "/sandbox/people/11/dance", `{}`, nil, 404},
		{"outside the page's files", "GET", "/web/../page.go", "", nil, 404},
		{"unknown file", "GET", "/sandbox/files/x", "", nil, 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, body, _ := w.ask(tt.method, tt.path, tt.body, tt.head); got != tt.want {
				t.Errorf("got %d %s, want %d", got, body, tt.want)
			}
		})
	}
}

func TestPageActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	id := w.say("x", "go")
	from := w.fresh()
	for _, step := range []struct{ verb, body string }{
		{"send", `{"text":"hello"}`}, {"press", `{"message_id":2,"data":"go"}`}, {"forge", `{"message_id":2,"data":"z"}`},
		{"edit", `{"message_id":3,"text":"hi"}`}, {"contact", `{"of":12}`}, {"sticker", `{"emoji":"👍"}`},
		{"link", `{"link":"t.me/pingyi_bot?start=p"}`}, {"start", `{"payload":"q"}`}, {"delete", `{"message_id":3}`},
		{"read", `{}`}, {"block", `{}`}, {"unblock", `{}`},
	} {
		if code, body, _ := w.ask("POST", "/sandbox/people/11/"+step.verb, step.body, nil); code != 200 {
			t.Errorf("%s: %d %s", step.verb, code, body)
		}
	}
	want := []string{"hello", "pressed go", "pressed z", "edited hi", "", "", "/start p", "/start q", "kicked", "member"}
	if diff := cmp.Diff(want, kinds(w.updates(from))); diff != "" {
		t.Error(diff)
	}
	if _, still := w.sb.Message(ann, id); !still {
		t.Error("the bot's message is gone")
	}
}

func TestPageState(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	w.say("<b>长</b> 文", "go")
	_, body, _ := w.ask("GET", "/sandbox/state", "", nil)
	var state struct {
		People []struct {
			ID      int64  `json:"id"`
			Last    string `json:"last"`
			Snippet string `json:"snippet"`
			Unread  int    `json:"unread"`
			Started bool   `json:"started"`
		} `json:"people"`
	}
	if err := json.Unmarshal([]byte(body), &state); err != nil {
		t.Fatal(err)
	}
	a, b := state.People[0], state.People[1]
	if a.ID != ann || a.Last != "娜" || a.Snippet != "<b>长</b> 文" || a.Unread != 1 || !a.Started || b.ID != bob || b.Started {
		t.Errorf("state %s", body)
	}
	w.must("setMyDescription", obj{"description": "评议", "language_code": "zh"}, nil)
	_, body, _ = w.ask("GET", "/sandbox/people/11", "", nil)
	if !strings.Contains(body, `"description":"评议"`) || !strings.Contains(body, `"data":"go"`) {
		t.Errorf("person %s", body)
	}
}

func TestPageFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	ok[sandbox.Act](t)(w.sb.SendFile(ann, "页.html", []byte("<script>alert(1)</script>"), ""))
	ok[sandbox.Act](t)(w.sb.SendPhoto(ann, picture(t, 9, 9), ""))
	list := w.sb.Messages(ann)
	code, _, head := w.ask("GET", "/sandbox/files/"+list[1].Document.ID, "", nil)
	if code != 200 || head.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(head.Get("Content-Disposition"), "attachment") {
		t.Errorf("a document: %d %v", code, head)
	}
	code, _, head = w.ask("GET", "/sandbox/files/"+list[2].Photo.ID, "", nil)
	if code != 200 || head.Get("Content-Type") != "image/png" || head.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a photo: %d %v", code, head)
	}
}

// TestNothingShowsTheToken looks for the token in all that the page can read.
func TestNothingShowsTheToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	w.say("my token is "+token, "go")
	w.must("setWebhook", obj{"url": "http://127.0.0.1:9/" + token, "secret_token": "hush-hush"}, nil)
	w.call("sendMessage", obj{"chat_id": ann, "text": "x", "bad": token})
	for _, where := range []string{"/sandbox/traffic", "/sandbox/traffic?method=setWebhook", "/sandbox/violations", "/sandbox/stats"} {
		_, body, _ := w.ask("GET", where, "", nil)
		if strings.Contains(body, token) || strings.Contains(body, "hush-hush") {
			t.Errorf("%s shows a secret: %s", where, body)
		}
	}
	if list := w.sb.Traffic("setWebhook"); len(list) != 1 {
		t.Errorf("%d exchanges", len(list))
	}
}

// events returns a function that waits for a server-sent event.
func events(ctx context.Context, t *testing.T, address string) func(kind, part string) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	type event struct{ kind, data string }
	var passed []event // read while looking for another one
	return func(kind, part string) {
		t.Helper()
		fits := func(e event) bool { return e.kind == kind && strings.Contains(e.data, part) }
		if i := slices.IndexFunc(passed, fits); i >= 0 {
			passed = slices.Delete(passed, i, i+1)
			return
		}
		at := ""
		for lines.Scan() {
			if k, is := strings.CutPrefix(lines.Text(), "event: "); is {
				at = k
			}
			if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
				e := event{at, data}
				if fits(e) {
					return
				}
				passed = append(passed, e)
			}
		}
		t.Fatalf("no event %s with %q: %v", kind, part, lines.Err())
	}
}

func TestPageStream(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	ctx := within(t)
	next := events(ctx, t, w.url+"/sandbox/events?person=11&traffic=1")
	next("hello", "events")
	id := w.say("第一", "go")
	next("chat", `"kind":"message"`)
	next("rows", `"unread":1`)
	next("traffic", `"method":"sendMessage"`)
	w.must("editMessageText", obj{"chat_id": ann, "message_id": id, "text": "第二"}, nil)
	next("chat", `"kind":"edit"`)
	w.must("sendChatAction", obj{"chat_id": ann, "action": "typing"}, nil)
	next("chat", `"action":"typing"`)
	ok[sandbox.Act](t)(w.sb.Start(bob, ""))
	next("rows", `"id":12`)
}

// TestLocales checks that the page's texts are complete in each language and
// that every key its code names exists.
func TestLocales(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Config{})
	texts := map[string]map[string]string{}
	for _, lang := range []string{"zh-Hans", "zh-Hant", "en"} {
		_, body, _ := w.ask("GET", "/web/locales/"+lang+".json", "", nil)
		var list map[string]string
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			t.Fatal(err)
		}
		for key, text := range list {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: %s is empty", lang, key)
			}
		}
		texts[lang] = list
	}
	for _, lang := range []string{"zh-Hant", "en"} {
		for key, text := range texts["zh-Hans"] {
			marks := regexp.MustCompile(`\{\w+\}`)
			if other, has := texts[lang][key]; !has || !slices.Equal(marks.FindAllString(text, -1), marks.FindAllString(other, -1)) {
				t.Errorf("%s: %s is missing or has other places to fill", lang, key)
			}
		}
		if len(texts[lang]) != len(texts["zh-Hans"]) {
			t.Errorf("%s has %d texts, zh-Hans %d", lang, len(texts[lang]), len(texts["zh-Hans"]))
		}
	}
	named := map[string]bool{}
	used := regexp.MustCompile(`"([a-z]+\.[a-z_]+)"`)
	asked := regexp.MustCompile(`\bt\("([a-z_.]+)"`)
	modules := []string{"main.js"}
	for i := 0; i < len(modules); i++ {
		code, body, _ := w.ask("GET", path.Join("/web/js", modules[i]), "", nil)
		if code != 200 {
			t.Fatalf("%s: %d", modules[i], code)
		}
		for _, m := range used.FindAllStringSubmatch(body, -1) {
			named[m[1]] = true
		}
		for _, m := range asked.FindAllStringSubmatch(body, -1) {
			if _, has := texts["en"][m[1]]; !has {
				t.Errorf("%s uses the unknown text %s", modules[i], m[1])
			}
		}
		for _, m := range regexp.MustCompile(`from "\./([a-z0-9]+\.js)"`).FindAllStringSubmatch(body, -1) {
			if !slices.Contains(modules, m[1]) {
				modules = append(modules, m[1])
			}
		}
	}
	if len(modules) < 8 {
		t.Errorf("only %v were read", modules)
	}
	for key := range texts["en"] {
		if group, _, _ := strings.Cut(key, "."); !named[key] && group != "role" && group != "error" {
			t.Errorf("nothing uses the text %s", key)
		}
	}
}
