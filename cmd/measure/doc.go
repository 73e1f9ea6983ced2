// Command measure prints how fast Pingyi is beside what one would write by hand: everything runs side
// by side on this machine, on private servers, in one run, so that the ratios mean something where the
// figures themselves do not.
//
//	go build -o bin/pingyi ./cmd/pingyi && go run ./cmd/measure -pingyi bin/pingyi
//
// Each contender is a process of its own: pingyi serve by webhook; a bot written by hand with net/http
// that commits one answer at a time; the Telegram library's webhook handler as it comes. All of them
// save an answer, answer the query and redraw the message, with a Bot API that takes no time and one
// that takes 50 ms. Then: group commit beside one commit per answer, how evenly messages go out, and what
// a replica takes that has nothing to do; a round that asks a million people, and the card that shows
// how far it has come; ten million answers scored beside a plain GROUP BY over the same rows.
// Last, scoring answers from a file beside a plain GROUP BY over the same rows.
package main
