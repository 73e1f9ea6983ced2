// Package scoring turns answers, values and ledger entries into totals, ranks,
// grades, payouts and consequences, by the rules of a scheme file.
//
// It is pure: bytes in, results out. It reads no file, no clock, no database,
// and imports neither survey nor storage. All arithmetic is exact (big.Rat);
// a result depends on the scheme, its parameters and the data as a set, never
// on the order of rows.
//
// # The way through
//
//	scheme, faults := scoring.ParseScheme("city.yaml", src)   // a scheme file
//	data, notices, faults := scoring.ReadFolder(files, overflow) // design §7 CSV files, streamed
//	result, faults := scoring.Compute(scheme, data, params)   // everything
//	result.WriteCSV(w); result.WriteJSON(w)                   // for machines
//	card, ok := result.Explain("police")                      // for a person
//
// A database fills Data itself: Subjects, Values, Ledger, Pairs, History as
// slices, and answers in one of two forms that give the same bytes:
//
//   - rows: Data.Ballots.Add(Response{...}) once per response; cleaning
//     (valid status, one per respondent, half answered) is done here;
//   - counts: Data.Counts (how often a value was given to an item) and
//     Data.Turnouts (responses received and valid), counted after cleaning by
//     the rules that Scheme.Panels states.
//
// Scheme.Panels tells for each panel which form suffices (PanelRule.Rows).
//
// The language is told on one page, scoring/schemes/README.md; Scheme.Check
// finds every fault in every reading of a scheme, Scheme.Show prints it for
// people, JSONSchema serves editors. Result.Notices says what was left alone
// (panels, items, kinds, rows of other runs) and belongs on stderr. Compare
// sets two results side by side. Results leave through scoring/disclosure.
//
// # Columns
//
// A scheme holds one tree of parts per kind of subject. Compute works column
// by column: a part is computed for every subject of its kind before a part
// that uses it. A cell is present, missing or not applicable; missing never
// turns into zero unless the scheme says so, and then it is flagged.
//
// # Words
//
// Faults, notices, flags and explanations are codes with arguments (keys
// "scoring.…"); their texts in three languages stand in scoring/locales and
// are put in by a Words function given by the caller.
package scoring
