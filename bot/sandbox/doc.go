// Package sandbox is a Bot API server for one bot, with people in it.
//
// It stands in for Telegram in three places: the demo, where visitors press
// buttons on its chat page; tests, which drive it in-process; and load tests
// with thousands of simulated people. It is written from the public
// documentation of the Bot API and refuses what Telegram refuses: wrong types,
// unknown methods and parameters, broken entities, exceeded limits, stale
// callbacks. Where Telegram would silently repair or drop something (buttons
// beyond the hundredth, an unescaped &), the sandbox refuses as well, because
// that is always a fault of the bot.
//
// # The bot's side
//
// [Sandbox.Handler] serves /bot<token>/<method> (query string, urlencoded form,
// multipart form, JSON), /file/bot<token>/<path>, the page at / and the page's
// own interface below /sandbox/. Updates leave by getUpdates or by webhook; a
// method named in a webhook's reply body is executed.
//
// # The people's side
//
//	sb := sandbox.New(sandbox.Config{Token: "1:test", Username: "pingyi_bot"})
//	defer sb.Close()
//	srv := httptest.NewServer(sb.Handler())  // the bot's API address is srv.URL
//	sb.AddPerson(sandbox.Person{ID: 7, First: "李", Language: "zh-hans"})
//	act, err := sb.Start(7, "")                       // presses START
//	m, err := sb.WaitFor(ctx, 7, act.After(sandbox.HasButton("开始")))
//	act, err = sb.Tap(7, "开始")                       // presses that button
//	m, err = sb.WaitFor(ctx, 7, act.After(sandbox.Contains("第 1 题")))
//	ans, err := sb.WaitAnswer(ctx, act)               // what answerCallbackQuery showed
//
// Acting as a person: [Sandbox.Start], [Sandbox.Send], [Sandbox.Tap],
// [Sandbox.Press], [Sandbox.ForgePress], [Sandbox.ShareContact],
// [Sandbox.SendContact], [Sandbox.SendFile], [Sandbox.SendPhoto],
// [Sandbox.SendSticker], [Sandbox.EditMessage], [Sandbox.DeleteMessage],
// [Sandbox.Block], [Sandbox.Unblock], [Sandbox.Deactivate], and in groups
// [Sandbox.AddGroup], [Sandbox.SendIn].
//
// Reading: [Sandbox.Messages], [Sandbox.Last], [Sandbox.WaitFor],
// [Sandbox.WaitAnswer], [Sandbox.Follow], [Sandbox.Settle]. Nothing polls:
// waiting is done on events.
//
// Breaking things: [Sandbox.Inject] (429 storms, 5xx, connections dropped
// before or after a request took effect, delays), [Sandbox.Hold] and
// [Sandbox.Release] (updates late or in reverse order),
// [Sandbox.DuplicateLast] (an update twice). Unconfirmed updates come again by
// themselves, as Telegram's do.
//
// Judging: [Sandbox.Violations] lists every request refused for its form: a
// correct bot leaves it empty. Refusals that are a matter of circumstance
// (blocked, not modified, too many requests, stale callback) are counted in
// [Sandbox.Stats]. [Sandbox.Unanswered] lists presses never answered.
//
// # The page's interface
//
// The page, and crowds simulated in another process, use JSON below /sandbox/.
// Requests that another site's page sends are refused, and so are host names
// other than localhost, plain addresses and [Config.Hosts].
//
//	GET  /sandbox/state                 the bot and everybody, with unread counts
//	GET  /sandbox/people/{id}           one chat: messages, keyboard, commands
//	POST /sandbox/people                adds persons: [Person, …]
//	POST /sandbox/people/{id}/{act}     start {payload} · link {link} · send {text, reply_to} ·
//	                                    press {message_id, data} · forge {message_id, data} ·
//	                                    contact {of} or {contact} · sticker {emoji} ·
//	                                    edit {message_id, text} · delete {message_id} ·
//	                                    block · unblock · read · file and photo (multipart: file, caption)
//	GET  /sandbox/events?person=&traffic=1&after=
//	                                    server-sent events: chat (of the person; of all
//	                                    with -1), rows, traffic, reload
//	GET  /sandbox/traffic?method=&after= the last requests of the bot
//	GET  /sandbox/files/{id}            a file of a message
//	GET  /sandbox/violations · /sandbox/stats · /sandbox/unanswered
//	POST /sandbox/faults                {method, chat, status, retry_after, drop, delay_ms, times, every}
//
// An act answers with an [Act], a refused one with 422 and {"error": word}.
// The page takes "#<id>" as the person to be, and "?start=<payload>" as an
// invitation link that somebody has opened.
//
// # Concurrency and memory
//
// Every method of [Sandbox] may be called from any goroutine. Each chat has its
// own lock; no request scans all people. A chat keeps its last
// [Config.History] messages, the file store its last [Config.FileBytes] bytes.
// Message ids count up per chat, so a bot that mixes up chats is found out.
package sandbox
