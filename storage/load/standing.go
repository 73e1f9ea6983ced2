package load

import (
	"time"

	"pingyi/storage"
	"pingyi/survey"
)

// standing is what the database holds, to look things up in.
type standing struct {
	project        *survey.Project
	units          map[string]storage.UnitRow
	people         map[string]storage.PersonRow
	accounts       map[int64]storage.PersonRow
	phones         map[string]string // hash → code
	subjects       map[string]storage.SubjectRow
	calendar       survey.Calendar
	questionnaires map[string]storage.VersionRow
	schemes        map[string]storage.VersionRow
	series         map[string]storage.SeriesRow
	rounds         map[string]storage.RoundRow
	evaluations    map[string]storage.EvaluationRow
	values         map[storage.ValueKey]storage.ValueRow
	ledger         map[string]storage.LedgerRow

	zone *time.Location
	now  time.Time
	hash func(phone string) ([]byte, error)
}

func index(h *storage.House, zone *time.Location, now time.Time, hash func(string) ([]byte, error)) *standing {
	st := &standing{project: h.Project, calendar: h.Calendar, zone: zone, now: now, hash: hash,
		units:          byKey(h.Units, func(r storage.UnitRow) string { return r.Code }),
		people:         byKey(h.People, func(r storage.PersonRow) string { return r.Code }),
		accounts:       byKey(h.People, func(r storage.PersonRow) int64 { return r.TelegramID }),
		phones:         make(map[string]string, len(h.People)),
		subjects:       byKey(h.Subjects, func(r storage.SubjectRow) string { return r.Code }),
		questionnaires: byKey(h.Questionnaires, func(r storage.VersionRow) string { return r.Code }),
		schemes:        byKey(h.Schemes, func(r storage.VersionRow) string { return r.Code }),
		series:         byKey(h.Series, func(r storage.SeriesRow) string { return r.Code }),
		rounds:         byKey(h.Rounds, func(r storage.RoundRow) string { return r.Code }),
		evaluations:    byKey(h.Evaluations, func(r storage.EvaluationRow) string { return r.Code }),
		values:         byKey(h.Values, func(r storage.ValueRow) storage.ValueKey { return r.ValueKey }),
		ledger:         byKey(h.Ledger, func(r storage.LedgerRow) string { return r.ID }),
	}
	for _, p := range h.People {
		if p.PhoneHash != nil {
			st.phones[string(p.PhoneHash)] = p.Code
		}
	}
	return st
}

func byKey[K comparable, R any](rows []R, key func(R) K) map[K]R {
	out := make(map[K]R, len(rows))
	for _, r := range rows {
		out[key(r)] = r
	}
	return out
}
