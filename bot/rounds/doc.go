// Package rounds is the clockwork: it opens, reminds, closes and scores what
// is due. It knows no Telegram; chat and clock meet only in Postgres.
//
// A [Clock] does nothing by itself: it asks the store what is due by the
// store's own time and calls the methods an admin would call. Every step is a
// transaction guarded by state, so any number of clocks may run at once and a
// clock may die at any moment; what it missed, the next one finds in the
// tables.
package rounds
