package scoring

import "math/big"

// Data is everything a computation reads. Slices may be in any order. Fields
// named Line carry the line of the file a row came from (0: not from a file),
// so that a fault can name it.
type Data struct {
	Subjects []Subject
	Values   []Value
	Ledger   []Entry
	Pairs    []Pair
	History  []Past
	Params   Params // params.csv; overridden by those given to Compute

	paramLines map[string]int // of params.csv

	// Answers as rows, cleaned by Compute …
	Ballots Ballots
	// … and as counts already cleaned. A panel comes in one form only.
	Counts   []Count
	Turnouts []Turnout
}

// Params are parameter values by name; "period" is the run's own period.
type Params map[string]string

// Subject is who or what is evaluated, or gives values to those who are.
// Codes are unique over all kinds.
type Subject struct {
	Code, Kind, Group, Parent string
	Name                      Text
	Attributes                map[string]string
	Line                      int
}

// Value is one row of values.csv. Value is kept as written, for it may be a
// word the scheme maps; Target and Weight are nil where empty; dates are
// YYYY-MM-DD or empty.
type Value struct {
	Subject, Indicator, Period, Source string
	Value                              string
	Target, Weight                     *big.Rat
	Date, Due                          string
	Line                               int
}

// Entry is one row of the ledger. Points is nil where given by Level.
type Entry struct {
	ID, Subject, Kind string
	Points            *big.Rat
	Category          string
	Date, Period      string
	Approved          string // yes, no, or empty: needs none
	Matter, Level     string
	Indicator, Reason string
	Line              int
}

// Pair is one comparison: Winner was preferred to Loser, Weight times.
type Pair struct {
	Winner, Loser string
	Weight        *big.Rat
	Line          int
}

// Past is the outcome of an earlier run.
type Past struct {
	Period, Subject string
	Total           *big.Rat // nil: none
	Grade           string
	Line            int
}

// Response is one filled-in sheet. Submitted is RFC 3339 or
// "2006-01-02[ T]15:04[:05]" or empty; Count 0 means 1.
type Response struct {
	ID, Panel, Respondent, Subject string
	Period, Relation, Status       string
	Submitted, Stratum, Device     string
	Count                          int64
	Answers                        []Answer
	Line                           int
}

// Answer is a value given to an item; an empty Value is a skipped item.
type Answer struct{ Item, Value string }

// Count says that N counted ballots gave Value to Item.
type Count struct {
	Panel, Relation, Subject, Stratum, Period string
	Item, Value                               string
	N                                         int64
}

// Turnout says what became of the responses of one group: Received is the sum
// of the others.
type Turnout struct {
	Panel, Relation, Subject, Stratum, Period string
	Invalid, Superseded, Void, Valid          int64
}
