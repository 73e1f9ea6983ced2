// Package bot is the conversation with people on Telegram: respondents who answer, people who join,
// stop and leave, organisers who run rounds.
//
// # An update's way
//
// A [Poller] or the [Webhook] receives it, a [Dispatcher] queues it behind the same person's earlier
// ones, and [Bot.Handle] does it: route by kind, read what the database has, change it, answer the
// press, redraw the message. What was changed is committed before anything is confirmed to Telegram or
// shown; a failure before that makes the update come again, and its id, recorded with the change,
// keeps the second time from changing anything.
//
//	callback.go   what buttons say: parse, write, within 64 bytes
//	turn.go       one update being handled: answering presses, drawing, typed messages
//	form*.go      a request: invitation, choosing, questions, review, submitting
//	people.go     commands and wishes of a person; join.go: how people join
//	admin*.go     rounds, results, links and claims, for organisers
//	todo.go, fallback.go, trial.go, setup.go
//	deliver.go    messages that nobody pressed for; push.go sends them
//	render.go     texts and buttons within Telegram's limits, whatever names hold
//	session.go    what Redis remembers, all of which may be lost
//	locales/      the words, in every language
//
// # What a press may do
//
// Nothing that callback data say is believed: the ids in it are looked up among the person's own
// requests and roles, the value is checked against the question, the round has to be open. Data say
// what to set and where to go, never "toggle" or "next", so pressing twice, pressing an old message or
// a redelivered update do no harm. Every press is answered exactly once.
//
// One message belongs to one questionnaire and is redrawn in place. Where it is gone, a new one takes
// over. Where a person is in a form is a survey.Position, kept in Redis and rebuilt from the answers
// when it is not there.
package bot
