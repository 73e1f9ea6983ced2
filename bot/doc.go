// Package bot is the conversation in Telegram: updates come in, messages go out.
//
// # In
//
// A [Poller] fetches updates, or [Webhook] takes them; either hands them to a [Dispatcher], which
// serves one person's updates one after the other and people side by side. An update is confirmed to
// Telegram only once its effects are committed: what is pressed is saved in Postgres first, then the
// press is answered, then the message redrawn. An update that comes again changes nothing and draws
// the present state. One that keeps failing is set aside, sealed.
//
// # Between
//
// [Bot.Handle] is the conversation itself. Buttons say what to set or where to go, never "toggle" or
// "next", and nothing they say is believed: each press is checked against the person's own
// assignments and the state of the round. Where a person is in a questionnaire is kept in Redis and
// rebuilt from the answers where it is lost.
//
// # Out
//
// What is sent unasked stands in the table of deliveries. A [Sender] leases spans of them, reads
// what is due in the next moment as things stand, renders it by [Bot.Render], keeps to a rate shared by
// all replicas, and records what became of each. Every word comes from package locales.
package bot
