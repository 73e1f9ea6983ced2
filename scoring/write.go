package scoring

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"math/big"
	"slices"
	"strconv"
)

// fileDecimals is the number of decimals in result files.
const fileDecimals = 10

// names are the columns of the result files over all kinds: parts, then
// payouts; a path that several kinds have is one column.
func (r *Result) names() (parts, payouts []string) {
	for _, k := range r.Kinds {
		for _, c := range k.Columns {
			if !slices.Contains(parts, c.Name()) {
				parts = append(parts, c.Name())
			}
		}
		for _, c := range k.Payouts {
			if !slices.Contains(payouts, c.Name()) {
				payouts = append(payouts, c.Name())
			}
		}
	}
	return parts, payouts
}

// WriteCSV writes one row per subject of each scored kind, as design §7 says,
// without a byte-order mark.
func (r *Result) WriteCSV(w io.Writer) error {
	parts, payouts := r.names()
	out := csv.NewWriter(w)
	header := slices.Concat([]string{"subject", "group"}, parts, payouts, []string{"total", "rank", "grade", "award", "consequences", "flags"})
	if err := out.Write(header); err != nil {
		return err
	}
	for _, k := range r.Kinds {
		for _, row := range k.Rows {
			record := make([]string, len(header))
			record[0], record[1] = row.Subject, row.Group
			for i, c := range k.Columns {
				record[2+slices.Index(parts, c.Name())] = row.Figures[i].text()
			}
			for i, c := range k.Payouts {
				record[2+len(parts)+slices.Index(payouts, c.Name())] = row.Payouts[i].text()
			}
			copy(record[2+len(parts)+len(payouts):], []string{row.totalFigure().text(), rankText(row.Rank), row.Grade,
				joinWords(row.Awards), joinWords(row.Consequences), joinWords(flagTexts(row.Flags))})
			if err := out.Write(record); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// hiddenMark stands in result files where a figure must not be shown.
const hiddenMark = "*"

func (f Figure) text() string {
	switch {
	case f.Hidden:
		return hiddenMark
	case f.Value != nil && f.Whole:
		return FormatNumber(f.Value, 0)
	case f.Value != nil:
		return FormatNumber(f.Value, fileDecimals)
	}
	return joinWords(f.Words)
}

func rankText(rank int) string {
	if rank == 0 {
		return ""
	}
	return strconv.Itoa(rank)
}

func flagTexts(flags []Flag) []string {
	out := make([]string, len(flags))
	for i, f := range flags {
		out[i] = f.String()
	}
	return out
}

// jsonRow keeps the order of the columns, which a map would lose.
type jsonRow []jsonField

type jsonField struct {
	name  string
	value any
}

// MarshalJSON writes the fields in their order.
func (row jsonRow) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, f := range row {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

// WriteJSON writes the same rows with the trace of every part. Numbers are
// strings of ten decimals, so that no reader rounds them.
func (r *Result) WriteJSON(w io.Writer) error {
	params := jsonRow{}
	for _, name := range keys(r.Params) {
		params = append(params, jsonField{name, r.Params[name]})
	}
	var rows []jsonRow
	for _, k := range r.Kinds {
		for _, row := range k.Rows {
			rows = append(rows, row.json(k))
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	return enc.Encode(jsonRow{{"scheme", r.Scheme}, {"version", r.Version}, {"period", r.Period}, {"params", params}, {"rows", rows}})
}

func (row Row) json(k KindResult) jsonRow {
	out := jsonRow{{"subject", row.Subject}, {"kind", k.Kind}, {"group", row.Group}}
	for i, c := range k.Columns {
		out = append(out, jsonField{c.Name(), row.Figures[i].json()})
	}
	for i, c := range k.Payouts {
		out = append(out, jsonField{c.Name(), row.Payouts[i].json()})
	}
	var rank any
	if row.Rank > 0 {
		rank = row.Rank
	}
	var traces []jsonRow
	for _, t := range row.Traces {
		traces = append(traces, t.json())
	}
	return append(out, jsonField{"total", row.totalFigure().json()}, jsonField{"rank", rank}, jsonField{"grade", row.Grade},
		jsonField{"award", joinWords(row.Awards)}, jsonField{"consequences", joinWords(row.Consequences)},
		jsonField{"flags", joinWords(flagTexts(row.Flags))}, jsonField{"trace", traces}, jsonField{"notes", jsonLines(row.Notes)})
}

func (f Figure) json() any {
	switch {
	case f.Hidden:
		return hiddenMark
	case f.Value != nil && f.Whole:
		return json.Number(FormatNumber(f.Value, 0))
	case f.Value != nil:
		return FormatNumber(f.Value, fileDecimals)
	case len(f.Words) > 0:
		return joinWords(f.Words)
	}
	return nil
}

func (t *Trace) json() jsonRow {
	out := jsonRow{{"part", t.Part}, {"rule", t.Rule}}
	if t.Scope != "" {
		out = append(out, jsonField{"scope", t.Scope})
	}
	if t.Weight != nil {
		out = append(out, jsonField{"weight", exact(t.Weight)})
	}
	if t.State == NotApplicable {
		out = append(out, jsonField{"applies", false})
	}
	var value any
	switch {
	case t.Hidden:
		value = hiddenMark
	case t.Value != nil:
		value = exact(t.Value)
	}
	out = append(out, jsonField{"value", value}, jsonField{"steps", jsonLines(t.Lines)})
	if len(t.Inputs) > 0 {
		inputs := make([]jsonRow, len(t.Inputs))
		for i, in := range t.Inputs {
			inputs[i] = in.json()
		}
		out = append(out, jsonField{"parts", inputs})
	}
	return out
}

func jsonLines(lines []Line) []jsonRow {
	out := make([]jsonRow, len(lines))
	for i, l := range lines {
		out[i] = jsonRow{{"step", l.Code}}
		for _, name := range keys(l.Args) {
			out[i] = append(out[i], jsonField{name, l.Args[name]})
		}
	}
	return out
}

// exact writes a number so that it can be read back without loss where it is
// short, else with ten decimals.
func exact(r *big.Rat) string {
	if s := r.RatString(); len(s) <= 24 {
		return s
	}
	return FormatNumber(r, fileDecimals)
}

func (row Row) totalFigure() Figure {
	return Figure{State: Present, Value: row.Total, Hidden: row.TotalHidden}
}
