package sandbox

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// call is one request of the bot.
type call struct {
	ctx    context.Context
	method string
	*params
}

// method is one entry of the table: what it takes and what it does.
type method struct {
	shape shape
	run   func(*Sandbox, *call) (any, error)
	// cost tells which limits on rates it counts against.
	cost cost
	// waits marks getUpdates, which may be held open without being work.
	waits bool
}

func methodTable() map[string]method {
	def := func(spec string, c cost, run func(*Sandbox, *call) (any, error)) method {
		return method{shape: parseShape(spec), run: run, cost: c}
	}
	table := map[string]method{
		"getMe":          def("", costNone, (*Sandbox).getMe),
		"setWebhook":     def("url:string! certificate:file ip_address:string max_connections:int allowed_updates:[]string drop_pending_updates:bool secret_token:string", costNone, (*Sandbox).setWebhook),
		"deleteWebhook":  def("drop_pending_updates:bool", costNone, (*Sandbox).deleteWebhook),
		"getWebhookInfo": def("", costNone, (*Sandbox).getWebhookInfo),

		"sendMessage":  def(sendShape+"text:string! parse_mode:string entities:[]MessageEntity link_preview_options:LinkPreviewOptions", costSend, (*Sandbox).sendMessage),
		"sendPhoto":    def(sendShape+captionShape+"photo:file! show_caption_above_media:bool has_spoiler:bool", costSend, (*Sandbox).sendPhoto),
		"sendDocument": def(sendShape+captionShape+"document:file! thumbnail:file disable_content_type_detection:bool", costSend, (*Sandbox).sendDocument),

		"editMessageText":        def(editShape+"text:string! parse_mode:string entities:[]MessageEntity link_preview_options:LinkPreviewOptions", costEdit, (*Sandbox).editMessageText),
		"editMessageCaption":     def(editShape+captionShape+"show_caption_above_media:bool", costEdit, (*Sandbox).editMessageCaption),
		"editMessageMedia":       def(editShape+"media:InputMedia!", costEdit, (*Sandbox).editMessageMedia),
		"editMessageReplyMarkup": def(editShape, costEdit, (*Sandbox).editMessageReplyMarkup),
		"deleteMessage":          def("chat_id:chat! message_id:int!", costNone, (*Sandbox).deleteMessage),
		"deleteMessages":         def("chat_id:chat! message_ids:[]int!", costNone, (*Sandbox).deleteMessages),

		"answerCallbackQuery":  def("callback_query_id:string! text:string show_alert:bool url:string cache_time:int", costNone, (*Sandbox).answerCallbackQuery),
		"sendChatAction":       def("business_connection_id:string chat_id:chat! message_thread_id:int action:string!", costNone, (*Sandbox).sendChatAction),
		"setMessageReaction":   def("chat_id:chat! message_id:int! reaction:[]ReactionType is_big:bool", costNone, (*Sandbox).setMessageReaction),
		"pinChatMessage":       def("business_connection_id:string chat_id:chat! message_id:int! disable_notification:bool", costNone, (*Sandbox).pinChatMessage),
		"unpinChatMessage":     def("business_connection_id:string chat_id:chat! message_id:int", costNone, (*Sandbox).unpinChatMessage),
		"unpinAllChatMessages": def("chat_id:chat!", costNone, (*Sandbox).unpinChatMessage),

		"getFile":       def("file_id:string!", costNone, (*Sandbox).getFile),
		"getChat":       def("chat_id:chat!", costNone, (*Sandbox).getChat),
		"getChatMember": def("chat_id:chat! user_id:int!", costNone, (*Sandbox).getChatMember),
		"leaveChat":     def("chat_id:chat!", costNone, (*Sandbox).leaveChat),

		"setMyCommands":         def("commands:[]BotCommand!"+scopeShape, costNone, (*Sandbox).setMyCommands),
		"getMyCommands":         def(scopeShape, costNone, (*Sandbox).getMyCommands),
		"deleteMyCommands":      def(scopeShape, costNone, (*Sandbox).deleteMyCommands),
		"setMyName":             def("name:string language_code:string", costNone, setText("name", 64)),
		"getMyName":             def("language_code:string", costNone, getText("name")),
		"setMyDescription":      def("description:string language_code:string", costNone, setText("description", 512)),
		"getMyDescription":      def("language_code:string", costNone, getText("description")),
		"setMyShortDescription": def("short_description:string language_code:string", costNone, setText("short_description", 120)),
		"getMyShortDescription": def("language_code:string", costNone, getText("short_description")),
		"setChatMenuButton":     def("chat_id:int menu_button:MenuButton", costNone, (*Sandbox).setChatMenuButton),
		"getChatMenuButton":     def("chat_id:int", costNone, (*Sandbox).getChatMenuButton),
	}
	poll := def("offset:int limit:int timeout:int allowed_updates:[]string", costNone, (*Sandbox).getUpdates)
	poll.waits = true
	table["getUpdates"] = poll
	return table
}

// refusal is an answer with ok=false.
type refusal struct {
	code        int
	description string
	retryAfter  int
	migrateTo   int64
	form        bool // the request is wrong in itself: a violation
}

func (r *refusal) Error() string { return r.description }

// badForm refuses a request that no circumstances make right.
func badForm(why string) error {
	return &refusal{code: http.StatusBadRequest, description: "Bad Request: " + why, form: true}
}

// badState refuses a request that is well formed but does not fit how things
// stand.
func badState(why string) error {
	return &refusal{code: http.StatusBadRequest, description: "Bad Request: " + why}
}

func forbidden(why string) error {
	return &refusal{code: http.StatusForbidden, description: "Forbidden: " + why}
}

// reply is the envelope of every answer.
type reply struct {
	OK          bool             `json:"ok"`
	Result      any              `json:"result,omitempty"`
	Code        int              `json:"error_code,omitempty"`
	Description string           `json:"description,omitempty"`
	Parameters  *replyParameters `json:"parameters,omitempty"`
}

type replyParameters struct {
	RetryAfter int   `json:"retry_after,omitempty"`
	MigrateTo  int64 `json:"migrate_to_chat_id,omitempty"`
}

func replyTo(result any, err error) reply {
	if err == nil {
		return reply{OK: true, Result: result}
	}
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{code: http.StatusInternalServerError, description: "Internal Server Error"}
	}
	out := reply{Code: r.code, Description: r.description}
	if r.retryAfter != 0 || r.migrateTo != 0 {
		out.Parameters = &replyParameters{RetryAfter: r.retryAfter, MigrateTo: r.migrateTo}
	}
	return out
}

// serveAPI answers /bot<token>/<method>.
func (s *Sandbox) serveAPI(w http.ResponseWriter, r *http.Request) {
	token, name, found := strings.Cut(strings.TrimPrefix(r.URL.Path, "/bot"), "/")
	switch {
	case s.ctx.Err() != nil:
		writeReply(w, reply{Code: http.StatusBadGateway, Description: "Bad Gateway"})
		return
	case subtle.ConstantTimeCompare([]byte(token), []byte(s.cfg.Token)) != 1:
		writeReply(w, reply{Code: http.StatusUnauthorized, Description: "Unauthorized"})
		return
	case !found || r.Method != http.MethodGet && r.Method != http.MethodPost:
		writeReply(w, reply{Code: http.StatusNotFound, Description: "Not Found"})
		return
	}
	body := &watchedBody{ReadCloser: r.Body}
	r.Body = body
	raw, err := readParams(r)
	if body.cut {
		panic(http.ErrAbortHandler) // whoever was asking died in the middle of it, which is no fault of form
	}
	out, drop := s.handle(r.Context(), name, raw, err, viaHTTP)
	if drop {
		panic(http.ErrAbortHandler)
	}
	writeReply(w, out)
}

// watchedBody notes whether a body ended before its time.
type watchedBody struct {
	io.ReadCloser
	cut bool
}

// Read implements io.Reader.
func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.cut = true
	}
	return n, err
}

func writeReply(w http.ResponseWriter, out reply) {
	w.Header().Set("Content-Type", "application/json")
	if out.Parameters != nil && out.Parameters.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(out.Parameters.RetryAfter))
	}
	if !out.OK {
		w.WriteHeader(out.Code)
	}
	// The client may be gone; there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(out)
}

// Where a call came from, for the traffic log.
const (
	viaHTTP    = "request"
	viaWebhook = "webhook reply"
	viaUpdate  = "update"
)

// handle carries out one call and keeps the books: counts, violations, traffic.
// drop asks for the connection to be cut instead of an answer.
func (s *Sandbox) handle(ctx context.Context, name string, raw map[string]rawParam, readErr error, via string) (out reply, drop bool) {
	began := time.Now()
	m, known := s.methods[name]
	if !m.waits {
		s.busy.add(1)
		defer s.busy.add(-1)
	}
	chatID, _ := strconv.ParseInt(raw["chat_id"].text, 10, 64)
	fault := s.faults.next(name, chatID)
	if fault.Delay > 0 {
		wait(ctx, s.ctx, fault.Delay)
	}
	if fault.Drop == DropBefore {
		return reply{}, true
	}
	err := readErr
	var result any
	switch {
	case err != nil:
	case !known:
		err = &refusal{code: http.StatusNotFound, description: "Not Found: method " + quoted(name) + " not found", form: true}
	case fault.Status != 0:
		err = fault.refusal()
	default:
		result, err = s.run(ctx, name, m, raw)
	}
	out = replyTo(result, err)
	s.account(name, chatID, raw, out, err, via, began)
	return out, fault.Drop == DropAfter
}

func (s *Sandbox) run(ctx context.Context, name string, m method, raw map[string]rawParam) (any, error) {
	p, err := s.check(m.shape, raw)
	if err != nil {
		return nil, err
	}
	c := &call{ctx: ctx, method: name, params: p}
	if err := s.unsupported(c); err != nil {
		return nil, err
	}
	return m.run(s, c)
}

// unsupported refuses parameters that name things this bot does not have, as
// Telegram does for a bot without them.
func (s *Sandbox) unsupported(c *call) error {
	for name, why := range map[string]string{
		"business_connection_id":    "business connection not found",
		"message_thread_id":         "message thread not found",
		"direct_messages_topic_id":  "the chat has no direct messages topics",
		"inline_message_id":         "MESSAGE_ID_INVALID",
		"suggested_post_parameters": "suggested posts can be sent only to direct messages chats",
		"certificate":               "the sandbox delivers webhooks without certificates",
	} {
		if c.has(name) {
			return badForm(why)
		}
	}
	return nil
}

func (s *Sandbox) account(name string, chatID int64, raw map[string]rawParam, out reply, err error, via string, began time.Time) {
	var r *refusal
	form := errors.As(err, &r) && r.form
	s.judge.count(name, out, form)
	if form {
		s.judge.violation(Violation{At: s.cfg.Now(), Method: name, Chat: chatID, Description: out.Description, Request: s.traffic.show(raw)})
	}
	if err != nil {
		s.cfg.Logger.Debug("sandbox refused a request", "method", name, "chat", chatID, "code", out.Code, "form", form)
	}
	s.traffic.add(name, chatID, raw, out, via, began)
}

// wait sleeps unless one of the contexts ends.
func wait(a, b context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-a.Done():
	case <-b.Done():
	}
}

func (s *Sandbox) getMe(*call) (any, error) {
	return struct {
		User
		JoinGroups bool `json:"can_join_groups"`
		ReadAll    bool `json:"can_read_all_group_messages"`
		Inline     bool `json:"supports_inline_queries"`
		Business   bool `json:"can_connect_to_business"`
		WebApp     bool `json:"has_main_web_app"`
	}{User: s.bot, JoinGroups: true}, nil
}

// target finds the locked chat a call is about and checks that the bot may
// write there.
func (s *Sandbox) target(c *call) (*chat, error) {
	ch, err := s.lookup(c)
	if err != nil {
		return nil, err
	}
	ch.mu.Lock()
	switch {
	case ch.migrated != 0:
		err = &refusal{code: http.StatusBadRequest, description: "Bad Request: group chat was upgraded to a supergroup chat", migrateTo: ch.migrated}
	case ch.gone:
		err = forbidden("user is deactivated")
	case ch.kind == kindPrivate && !ch.started:
		err = forbidden("bot can't initiate conversation with a user")
	case ch.blocked:
		err = forbidden("bot was blocked by the user")
	case ch.kind != kindPrivate && (ch.status == "kicked" || ch.status == "left"):
		err = forbidden(fmt.Sprintf("bot is not a member of the %s chat", ch.kind))
	}
	if err == nil {
		err = s.pace(ch, s.methods[c.method].cost)
	}
	if err != nil {
		ch.mu.Unlock()
		return nil, err
	}
	return ch, nil
}

// lookup finds the chat a call is about.
func (s *Sandbox) lookup(c *call) (*chat, error) {
	id := c.num("chat_id")
	if name, isName := strings.CutPrefix(c.str("chat_id"), "@"); isName {
		s.mu.RLock()
		id = s.names[strings.ToLower(name)]
		s.mu.RUnlock()
		if id > 0 {
			id = 0 // people cannot be addressed by name
		}
	}
	ch, err := s.chat(id)
	if err != nil {
		return nil, badState("chat not found")
	}
	return ch, nil
}
