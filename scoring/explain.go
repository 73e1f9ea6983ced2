package scoring

// Scorecard is one subject's result with everything behind it.
type Scorecard struct {
	Scheme string
	Title  Text
	Kind   string
	Words  Glossary
	Row    Row
}

// Explain returns the scorecard of a subject, by code; ok is false where the
// result has no such subject.
func (r *Result) Explain(subject string) (card *Scorecard, ok bool) {
	for _, k := range r.Kinds {
		for _, row := range k.Rows {
			if row.Subject == subject {
				return &Scorecard{Scheme: r.Scheme, Title: r.Title, Kind: k.Kind, Words: k.Words, Row: row}, true
			}
		}
	}
	return nil, false
}
