package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// personRow is a person as the page's list shows them.
type personRow struct {
	Person
	rowState
}

// rowState is the part of a row that changes.
type rowState struct {
	Unread  int    `json:"unread"`
	Started bool   `json:"started"`
	Blocked bool   `json:"blocked"`
	Gone    bool   `json:"gone"`
	Snippet string `json:"snippet,omitempty"` // beginning of the last message
	Date    int64  `json:"date,omitempty"`
}

// rowChange is a row that changed.
type rowChange struct {
	ID int64 `json:"id"`
	rowState
}

// maxSnippet bounds the beginning of a message in the list, in characters.
const maxSnippet = 80

// rowState reads the state of a person's row; the caller does not hold c.mu.
func (c *chat) rowState() rowState {
	c.mu.Lock()
	defer c.mu.Unlock()
	row := rowState{Unread: c.unread, Started: c.started, Blocked: c.blocked, Gone: c.gone}
	for i := len(c.msgs) - 1; i >= 0; i-- {
		m := c.msgs[i]
		if m.Service != "" {
			continue
		}
		row.Snippet, row.Date = snippet(m), m.Date
		break
	}
	return row
}

func snippet(m Message) string {
	text := strings.Join(strings.Fields(m.Text), " ")
	if r := []rune(text); len(r) > maxSnippet {
		text = string(r[:maxSnippet]) + "…"
	}
	switch {
	case m.Photo != nil:
		return strings.TrimSpace("🖼 " + text)
	case m.Document != nil:
		return strings.TrimSpace("📎 " + m.Document.Name + " " + text)
	case m.Sticker != nil:
		return m.Sticker.Emoji
	case m.Contact != nil:
		return "☎ " + m.Contact.Phone
	}
	return text
}

// serveState is what the page needs to draw its list.
func (s *Sandbox) serveState(w http.ResponseWriter, _ *http.Request) {
	s.mu.RLock()
	chats := make([]*chat, len(s.order))
	for i, id := range s.order {
		chats[i] = s.chats[id]
	}
	s.mu.RUnlock()
	rows := make([]personRow, len(chats))
	for i, c := range chats {
		rows[i] = personRow{Person: *c.who.Load(), rowState: c.rowState()}
	}
	names := make([]string, 0, len(s.methods))
	for name := range s.methods {
		names = append(names, name)
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"bot":    map[string]any{"id": s.bot.ID, "name": s.bot.FirstName, "username": s.bot.Username},
		"people": rows, "methods": names, "now": s.cfg.Now().Unix(),
	})
}

// servePerson is what the page needs to draw a chat; events is its age, which
// the stream's hello names too.
func (s *Sandbox) servePerson(w http.ResponseWriter, r *http.Request) {
	c, err := s.person(pathID(r))
	if err != nil {
		writeActError(w, err)
		return
	}
	out := map[string]any{
		"person": c.who.Load(), "state": c.rowState(), "commands": s.Commands(c.id),
		"name": s.profileText("name", c.id), "description": s.profileText("description", c.id),
	}
	c.mu.Lock()
	out["messages"], out["keyboard"], out["pinned"] = append([]Message{}, c.msgs...), c.keyboard, c.pinned
	out["events"] = c.events
	menu := c.menu
	c.mu.Unlock()
	if menu == nil {
		s.profile.mu.RLock()
		general := s.profile.menu
		s.profile.mu.RUnlock()
		menu = &general
	}
	out["menu"] = menu
	writeJSON(w, http.StatusOK, out)
}

// addPeople makes a list of persons known.
func (s *Sandbox) addPeople(w http.ResponseWriter, r *http.Request) {
	var list []Person
	if !readJSON(w, r, &list) {
		return
	}
	for _, p := range list {
		if err := s.AddPerson(p); err != nil {
			writeActError(w, err)
			return
		}
	}
	writeJSON(w, http.StatusOK, map[string]int{"added": len(list)})
}

// addFault makes requests of the bot fail, for crowds in another process.
func (s *Sandbox) addFault(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Method     string `json:"method"`
		Chat       int64  `json:"chat"`
		Status     int    `json:"status"`
		RetryAfter int    `json:"retry_after"`
		Drop       int    `json:"drop"`
		DelayMS    int    `json:"delay_ms"`
		Times      int    `json:"times"`
		Every      int    `json:"every"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	if in.Times < 1 || in.Status != 0 && (in.Status < 400 || in.Status > 599) || in.Drop < 0 || in.Drop > int(DropAfter) {
		writeError(w, http.StatusUnprocessableEntity, "bad_input")
		return
	}
	s.Inject(Fault{
		Method: in.Method, Chat: in.Chat, Status: in.Status, RetryAfter: in.RetryAfter, Drop: Drop(in.Drop),
		Delay: time.Duration(in.DelayMS) * time.Millisecond, Times: in.Times, Every: in.Every,
	})
	writeJSON(w, http.StatusOK, map[string]bool{"ok": true})
}

// action is the body of an act.
type action struct {
	Text      string   `json:"text"`
	Payload   string   `json:"payload"`
	Link      string   `json:"link"`
	MessageID int      `json:"message_id"`
	ReplyTo   int      `json:"reply_to"`
	Data      string   `json:"data"`
	Of        int64    `json:"of"`
	Emoji     string   `json:"emoji"`
	Contact   *Contact `json:"contact"`
}

// serveAct does something as a person: the last part of the address says what.
func (s *Sandbox) serveAct(w http.ResponseWriter, r *http.Request) {
	id, verb := pathID(r), r.PathValue("act")
	if verb == "file" || verb == "photo" {
		s.serveUpload(w, r, id, verb)
		return
	}
	var in action
	if !readJSON(w, r, &in) {
		return
	}
	act, err := s.act(id, verb, in)
	switch {
	case errors.Is(err, errNoVerb):
		writeError(w, http.StatusNotFound, "unknown_act")
	case err != nil:
		writeActError(w, err)
	default:
		writeJSON(w, http.StatusOK, act)
	}
}

var errNoVerb = errors.New("sandbox: no such act")

func (s *Sandbox) act(id int64, verb string, in action) (Act, error) {
	done := Act{Person: id, Chat: id, MessageID: in.MessageID}
	switch verb {
	case "start":
		return s.Start(id, in.Payload)
	case "link":
		return s.OpenLink(id, in.Link)
	case "send":
		return s.SendIn(id, id, in.Text, in.ReplyTo)
	case "press":
		return s.Press(id, in.MessageID, in.Data)
	case "forge":
		return s.ForgePress(id, in.MessageID, in.Data)
	case "contact":
		if in.Contact != nil {
			return s.SendContact(id, *in.Contact)
		}
		return s.ShareContact(id, in.Of)
	case "sticker":
		return s.SendSticker(id, in.Emoji)
	case "edit":
		return s.EditMessage(id, in.MessageID, in.Text)
	case "delete":
		return done, s.DeleteMessage(id, in.MessageID)
	case "block":
		return done, s.Block(id)
	case "unblock":
		return done, s.Unblock(id)
	case "read":
		return done, s.MarkRead(id)
	}
	return Act{}, errNoVerb
}

// serveUpload sends the file of a multipart form, in its field "file".
func (s *Sandbox) serveUpload(w http.ResponseWriter, r *http.Request, id int64, verb string) {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload+maxField)
	file, head, err := r.FormFile("file")
	if err != nil {
		writeError(w, http.StatusBadRequest, "bad_input")
		return
	}
	defer func() {
		if err := file.Close(); err != nil {
			s.cfg.Logger.Debug("sandbox upload", "error", err)
		}
	}()
	content, err := io.ReadAll(file)
	if err != nil {
		writeError(w, http.StatusBadRequest, "bad_input")
		return
	}
	var act Act
	if verb == "photo" {
		act, err = s.SendPhoto(id, content, r.FormValue("caption"))
	} else {
		act, err = s.SendFile(id, head.Filename, content, r.FormValue("caption"))
	}
	if err != nil {
		writeActError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, act)
}

// readJSON decodes a JSON body. Asking for the content type makes browsers ask
// first before another site's page may send one.
func readJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		writeError(w, http.StatusUnsupportedMediaType, "json_expected")
		return false
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxField)).Decode(v); err != nil {
		writeError(w, http.StatusBadRequest, "bad_json")
		return false
	}
	return true
}

// serveTraffic lists exchanges after an id.
func (s *Sandbox) serveTraffic(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.ParseUint(r.FormValue("after"), 10, 64)
	if err != nil {
		after = 0
	}
	list, _ := s.traffic.after(after, matchMethod(r.FormValue("method")))
	writeJSON(w, http.StatusOK, list)
}
