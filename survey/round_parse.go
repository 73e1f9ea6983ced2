package survey

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ParseRound reads a round or series file. Where there are faults they are all
// returned, and the round only says what could be read of it, so that its
// references can be checked in the same run; it is nil where nothing could.
func ParseRound(file string, src []byte) (*RoundSpec, Faults) {
	s := &source{file: file}
	root, ok := s.read(src)
	if !ok {
		return nil, s.done()
	}
	r := &roundReader{words: &languages{}}
	r.object = s.object(root, "round", r.words)
	spec := r.read()
	s.settle(r.words)
	return spec, s.done()
}

// roundReader reads one round file.
type roundReader struct {
	*object
	words *languages
}

func (r *roundReader) read() *RoundSpec {
	spec := &RoundSpec{}
	if r.has("series") {
		spec.Series = r.readSeries()
		r.refuse("series", "round", "opens", "closes")
	} else {
		spec.Code = r.code("round")
		r.refuse("round", "series", "code", "cron", "misfire", "shift", "period_shift")
	}
	spec.Title = r.needText("title")
	spec.Period = r.plain("period")
	spec.Questionnaire = r.codeIf("questionnaire")
	spec.Scheme = r.codeIf("scheme")
	spec.Params = r.params("params")
	spec.Subjects = r.readSubjects()
	r.readTimes(spec)
	spec.Unsubmitted = Unsubmitted(r.word("unsubmitted", string(UnsubmittedVoid), string(UnsubmittedCount)))
	spec.Panels = r.readPanels(spec.Questionnaire != "")
	r.close()
	r.checkTitle(spec)
	r.checkPeriod(spec)
	return spec
}

func (r *roundReader) readSeries() *SeriesSpec {
	s := &SeriesSpec{
		Code:        r.code("series"),
		Cron:        r.plain("cron"),
		Misfire:     Misfire(r.word("misfire", string(MisfireRunOnce), string(MisfireSkip))),
		Shift:       Shift(r.word("shift", string(ShiftNone), string(ShiftNextWorkday))),
		RoundCode:   r.plain("code"),
		PeriodShift: r.span("period_shift"),
	}
	n, ok := r.need("cron")
	if !ok {
		return s
	}
	schedule, err := s.Schedule(time.UTC, nil)
	if err != nil || strings.HasPrefix(s.Cron, "@every") || strings.Contains(s.Cron, "TZ=") {
		r.fault(n, "cron", map[string]any{"Cron": s.Cron})
		return s
	}
	if _, ok := schedule.Next(sampleStart); !ok {
		r.fault(n, "cron_never", map[string]any{"Cron": s.Cron})
		return s
	}
	if s.RoundCode == "" {
		s.RoundCode = s.Code + "-{yyyy}{mm}{dd}"
		if code, _ := r.repeats(s, schedule); code != "" {
			s.RoundCode += "-{hour}{minute}"
		}
	}
	r.checkRoundCodes(s, schedule)
	return s
}

// sampleStart is where the due times begin by which a series' patterns are tried out: any will do.
var sampleStart = time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)

const sampleDues = 60

// repeats tries out the codes of a series' rounds and returns one that two due times would share, or
// one that is no code.
func (r *roundReader) repeats(s *SeriesSpec, schedule *Schedule) (repeated, bad string) {
	seen := make(map[string]bool)
	at := sampleStart
	for range sampleDues {
		o, ok := schedule.Next(at)
		if !ok {
			break
		}
		at = o.Due
		code := Fill(s.RoundCode, s.PeriodShift.After(o.Due))
		if !codePattern.MatchString(code) {
			return "", code
		}
		if seen[code] {
			return code, ""
		}
		seen[code] = true
	}
	return "", ""
}

func (r *roundReader) checkRoundCodes(s *SeriesSpec, schedule *Schedule) {
	at, given := r.get("code")
	if !given {
		at, _ = r.get("series")
	}
	if !r.fills(at, s.RoundCode) {
		return
	}
	switch repeated, bad := r.repeats(s, schedule); {
	case bad != "":
		r.fault(at, "code_bad", map[string]any{"Code": bad})
	case repeated != "":
		r.fault(at, "code_repeats", map[string]any{"Pattern": s.RoundCode, "Code": repeated})
	}
}

// periodPattern is what periods look like: a year, a half, a quarter, a month, an ISO week or a day.
var periodPattern = regexp.MustCompile(`^\d{4}(-(H[12]|Q[1-4]|W(0[1-9]|[1-4]\d|5[0-3])|(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?))?$`)

// ValidPeriod reports whether s is a period: 2025, 2025-H1, 2025-Q3, 2025-06, 2025-W07, 2025-06-30.
func ValidPeriod(s string) bool { return periodPattern.MatchString(s) }

func (r *roundReader) checkPeriod(spec *RoundSpec) {
	n, ok := r.get("period")
	if !ok {
		return
	}
	period := spec.Period
	if spec.Series != nil {
		if !r.fills(n, period) {
			return
		}
		period = Fill(period, sampleStart)
	}
	if !ValidPeriod(period) {
		r.fault(n, "period", map[string]any{"Period": period})
	}
}

func (r *roundReader) checkTitle(spec *RoundSpec) {
	at, _ := r.get("title")
	for _, l := range spec.Title.languages() {
		if spec.Series != nil && !r.fills(at, spec.Title[l]) {
			return
		}
	}
}

// fills reports whether all that looks like a variable in a pattern is one.
func (r *roundReader) fills(at node, pattern string) bool {
	names := unfilled(pattern)
	if len(names) > 0 {
		r.fault(at, "pattern", map[string]any{"Pattern": pattern, "Name": names[0]})
	}
	return len(names) == 0
}

func (r *roundReader) readSubjects() SubjectSpec {
	n, ok := r.need("subjects")
	if !ok || n.shape == scalar && n.text == "all" {
		return SubjectSpec{}
	}
	if n.shape == scalar {
		r.fault(n, "value_unknown", map[string]any{"Key": "subjects", "Value": n.text, "Known": "all, {kind, groups}, {list}"})
		return SubjectSpec{}
	}
	o := r.source.object(n, "subjects", r.words)
	s := SubjectSpec{Kind: o.plain("kind"), Groups: o.codes("groups"), List: o.codes("list")}
	if len(s.List) > 0 && (s.Kind != "" || len(s.Groups) > 0) {
		r.fault(n, "subjects_both", nil)
	}
	if n.shape == mapping && len(n.pairs) == 0 {
		r.fault(n, "subjects_none", nil)
	}
	o.close()
	return s
}

// readTimes reads opening, end, reminders and quiet hours.
func (r *roundReader) readTimes(spec *RoundSpec) {
	if spec.Series == nil {
		spec.Opens, spec.Closes = r.localTime("opens"), r.localTime("closes")
	}
	at, given := r.get("duration")
	switch {
	case spec.Series != nil && !given:
		r.need("duration")
	case given && r.has("closes") && spec.Series == nil:
		r.fault(at, "end_both", nil)
	case !given && !r.has("closes"):
		r.fault(r.at, "end_missing", nil)
	case given:
		span, ok := r.spanOf(at, "duration")
		if ok && (span.Negative() || span.Zero()) {
			r.fault(at, "span_positive", map[string]any{"Key": "duration"})
		}
		spec.Duration = span
	}
	if end, ok := r.get("closes"); ok && !spec.Opens.Zero() && !spec.Closes.Zero() &&
		!spec.Closes.In(time.UTC).After(spec.Opens.In(time.UTC)) {
		r.fault(end, "end_before", nil)
	}
	r.readReminders(spec)
	n, ok := r.scalar("quiet")
	if !ok {
		return
	}
	var quiet Quiet
	if n.text != "none" {
		var err error
		if quiet, err = ParseQuiet(n.text); err != nil {
			r.fault(n, "quiet", map[string]any{"Value": n.text})
		}
	}
	spec.Quiet = &quiet
}

func (r *roundReader) readReminders(spec *RoundSpec) {
	var length time.Duration // of the round, where it is known
	switch day := 24 * time.Hour; {
	case !spec.Duration.Zero():
		length = time.Duration(spec.Duration.Days)*day + spec.Duration.Clock
	case !spec.Opens.Zero() && !spec.Closes.Zero():
		length = spec.Closes.In(time.UTC).Sub(spec.Opens.In(time.UTC))
	}
	for _, n := range r.list("reminders") {
		span, ok := r.spanOf(n, "reminders")
		if !ok {
			continue
		}
		distance := (time.Duration(span.Days)*24*time.Hour + span.Clock).Abs()
		switch {
		case distance == 0 || length > 0 && distance >= length:
			r.fault(n, "reminder_outside", map[string]any{"Reminder": n.text})
		case slices.Contains(spec.Reminders, span):
			r.fault(n, "entry_twice", map[string]any{"Key": "reminders", "Value": n.text})
		}
		spec.Reminders = append(spec.Reminders, span)
	}
}

// localTime reads a date with a time of clock.
func (o *object) localTime(key string) LocalTime {
	n, ok := o.scalar(key)
	if !ok {
		return LocalTime{}
	}
	t, err := ParseLocalTime(n.text)
	if err != nil {
		o.fault(n, "time", map[string]any{"Key": key, "Value": n.text})
	}
	return t
}

// ParseLocalTime reads "2026-10-01T09:00" or "2026-10-01 09:00"; the error wraps ErrInvalid.
func ParseLocalTime(s string) (LocalTime, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:00", "2006-01-02 15:04:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return LocalTime{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute()}, nil
		}
	}
	return LocalTime{}, fmt.Errorf("time %q: %w", s, ErrInvalid)
}
