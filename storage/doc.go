// Package storage keeps everything Pingyi knows in Postgres, and what may be
// lost (conversations, shared pacing) in Redis.
//
// [Store] is a concrete type with one exported method per use case. A method
// takes the context and now; one that writes takes a [Cause] too, owns its
// transaction, and either does all it says or nothing. Lower-case helpers take
// the transaction. Methods are grouped by use, a file each:
//
//	store.go      opening, keys.go, errors.go, tx.go, migrate.go, diagnose.go
//	people.go     persons, roles.go, reach.go: stopping, blocking and coming back
//	join.go       invites and links, phone.go, enrol.go, relink.go
//	merge.go      two persons turn out to be one, notme.go: one was wrong
//	forget.go     what /forget deletes
//	project.go    the settings of the installation
//	apply.go      what project files change, planned by storage/load
//	audit.go      the chained log of what admins did
//	updates.go    updates handled, and those set aside
//	rounds.go     rounds; open.go, ask.go and pairs.go: who is asked about whom
//	close.go      the end of a round, seal.go: what becomes of its ballots
//	clock.go      what falls due, series.go, remind.go, retain.go
//	forms.go      what a person is asked, respond.go: what they do about it
//	answers.go    taps, commit.go: written by group commit, partitions.go
//	deliveries.go what is to be sent, lease.go: who sends it, outgoing.go: read
//	              for sending, outcomes.go: what became of it, notify.go
//	counts.go     how far a round has come
//	scores.go     evaluations.go and their runs, inputs.go, folder.go,
//	              responses.go: what runs compute from, export.go, release.go
//	redis.go      what may be lost; sessions.go: conversations
//	limiter.go    pacing shared by all replicas, in Redis; row.go: in rows of
//	              slots, no more than the rate whatever is late
//	listen.go     signals from the database
//	lock.go       the lock that makes one replica the poller
//
// # Anonymity
//
// A transaction that writes a ballot or an answer writes and locks no row that
// names a person: system columns would tie the two together. People's files
// here therefore never write open_ballot, open_answer or open_comment beside
// anything else; where a person's drafts must go, that is a transaction of its
// own which knows ballot ids only.
//
// # Errors
//
// Methods return the sentinels of package survey (ErrNotFound, ErrForbidden,
// ErrClosed, ErrStale, ErrInvalid, ErrHandled) wrapped with ids. Codes of the
// database are turned into them in one place, errors.go; their text never
// carries a value that somebody typed.
package storage
