package bot

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pingyi/scoring"
	"pingyi/storage"
	"pingyi/survey"
)

// rankingSize is how many subjects one page of a ranking shows.
const rankingSize = 15

// shownParts is how many parts of a total stand under it.
const shownParts = 4

// pressScores does a press on the results.
func (t *turn) pressScores(ctx context.Context, p press) error {
	if p.verb == verbScores {
		s, err := t.scoresScreen(ctx, p.page)
		if err == nil {
			t.show(ctx, s)
		}
		return err
	}
	e, err := t.evaluationByID(ctx, p.id)
	if err != nil {
		return err
	}
	switch p.verb {
	case verbRanking:
		return t.showRanking(ctx, e, p.page)
	case verbFile:
		return t.rankingFile(ctx, e)
	case verbScore:
		return t.rescore(ctx, e)
	}
	return t.release(ctx, e, releaseStep(p.action))
}

// evaluationByID finds an evaluation that a button or a delivery names.
func (t *turn) evaluationByID(ctx context.Context, id int64) (storage.Evaluation, error) {
	all, err := t.store.Evaluations(ctx)
	if err != nil {
		return storage.Evaluation{}, err
	}
	for _, e := range all {
		if e.ID == id {
			return e, nil
		}
	}
	return storage.Evaluation{}, fmt.Errorf("bot: evaluation %d: %w", id, survey.ErrNotFound)
}

// scoresScreen lists the evaluations.
func (t *turn) scoresScreen(ctx context.Context, page int) (screen, error) {
	all, err := t.store.Evaluations(ctx)
	if err != nil {
		return screen{}, err
	}
	text := t.html("admin.evaluations", nil)
	if len(all) == 0 {
		text = paragraphs(text, t.html("admin.evaluations_none", nil))
	}
	s := screen{text: text}
	page, pages := pageOf(page, len(all), adminSize)
	for _, e := range part(all, page, adminSize) {
		s.row(button(evaluationMark(e.State)+" "+e.Title.In(t.lang), widthButton, press{verb: verbRanking, id: e.ID}))
	}
	s.row(t.pager(page, pages, func(to int) press { return press{verb: verbScores, page: to} })...)
	s.row(button(t.plain("admin.back", nil), widthButton, press{verb: verbAdmin}))
	return s, nil
}

func evaluationMark(state survey.EvaluationState) string {
	switch state {
	case survey.EvaluationScored:
		return "🏆"
	case survey.EvaluationApproved:
		return "✅"
	case survey.EvaluationPublished:
		return "📣"
	}
	return "⏳"
}

// showRanking shows the latest result of an evaluation, and what can be done with it.
func (t *turn) showRanking(ctx context.Context, e storage.Evaluation, page int) error {
	run, err := t.store.Released(ctx, e.Code)
	switch {
	case errors.Is(err, survey.ErrNotFound):
		t.show(ctx, t.unscoredScreen(e))
		return nil
	case err != nil:
		return err
	}
	project, err := t.settings(ctx)
	if err != nil {
		return err
	}
	t.show(ctx, t.rankingScreen(e, run, project, page))
	return nil
}

func (t *turn) unscoredScreen(e storage.Evaluation) screen {
	s := screen{text: paragraphs(bold(name(e.Title.In(t.lang), unitsTitle)), t.html("admin.unscored", nil))}
	s.row(button(t.plain("admin.rescore", nil), widthButton, press{verb: verbScore, id: e.ID}))
	s.row(button(t.plain("admin.scores_back", nil), widthButton, press{verb: verbScores}))
	return s
}

// rankingScreen is a page of a result: like with like, best first.
func (t *turn) rankingScreen(e storage.Evaluation, run storage.Run, project survey.Project, page int) screen {
	ranked := t.ranked(run.Result, project)
	head := lines(
		bold(name(e.Title.In(t.lang), unitsTitle)),
		t.html("admin.ranking_state", map[string]any{
			"State": t.plain("admin.evaluation_"+string(e.State), nil), "When": t.when(run.CreatedAt)}))
	page, pages := pageOf(page, len(ranked), rankingSize)
	text, section := []markup{head}, markup("")
	var block []markup
	for _, r := range part(ranked, page, rankingSize) {
		if r.section != section {
			text, block, section = append(text, lines(block...)), nil, r.section
			block = append(block, r.section)
		}
		block = append(block, r.line)
	}
	text = append(text, lines(block...))
	if slices.ContainsFunc(ranked, func(r rankedLine) bool { return r.flagged }) {
		text = append(text, italic(t.html("admin.flagged", nil)))
	}
	s := screen{text: paragraphs(text...)}
	s.row(t.pager(page, pages, func(to int) press { return press{verb: verbRanking, id: e.ID, page: to} })...)
	s.row(button(t.plain("admin.file", nil), widthButton, press{verb: verbFile, id: e.ID}))
	t.releaseRows(&s, e)
	s.row(button(t.plain("admin.scores_back", nil), widthButton, press{verb: verbScores}))
	return s
}

// rankedLine is one subject in the order of a ranking, and the heading it stands under.
type rankedLine struct {
	section, line markup
	flagged       bool // something about it has to be known to read it
}

// ranked lists all subjects of a result by kind, group and place.
func (t *turn) ranked(result *scoring.Result, project survey.Project) []rankedLine {
	var out []rankedLine
	for _, kind := range result.Kinds {
		rows := slices.Clone(kind.Rows)
		slices.SortStableFunc(rows, func(a, b scoring.Row) int {
			return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(place(a), place(b)), cmp.Compare(a.Subject, b.Subject))
		})
		title := kind.Title.In(string(t.lang))
		for _, row := range rows {
			section := title
			if row.Group != "" {
				section = dotted(title, project.GroupName(row.Group, t.lang))
			}
			heading := markup("")
			if section != "" && (row.Group != "" || len(result.Kinds) > 1) {
				heading = bold(name(section, unitsName))
			}
			out = append(out, rankedLine{
				section: heading, line: t.rankedRow(kind, row, result.Decimals), flagged: len(row.Flags) > 0,
			})
		}
	}
	return out
}

// dotted joins what is not empty by dots.
func dotted(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}

// place is where a row stands; those without a rank come last.
func place(row scoring.Row) int {
	switch {
	case row.Order > 0:
		return row.Order
	case row.Rank > 0:
		return row.Rank
	}
	return maxPlace
}

// rankedRow is a subject's place, total and grade, and the parts of the total under it.
func (t *turn) rankedRow(kind scoring.KindResult, row scoring.Row, decimals int) markup {
	subject := row.Name.In(string(t.lang))
	if subject == "" {
		subject = row.Subject
	}
	total := t.plain("admin.ranking_missing", nil)
	if row.Total != nil {
		total = scoring.FormatNumber(row.Total, decimals)
	}
	line := t.html("admin.ranking_row", map[string]any{
		"Place": medal(row.Rank), "Name": name(subject, unitsRanked), "Total": total})
	if words := append([]string{kind.Words.In(row.Grade, string(t.lang))}, kind.Words.All(row.Awards, string(t.lang))); dotted(words...) != "" {
		line += " " + name(dotted(words...), unitsRanked)
	}
	if len(row.Flags) > 0 {
		line += " ⚠️"
	}
	var parts []string
	for i, column := range kind.Columns {
		if column.Depth != 0 || column.Aspect != "" || i >= len(row.Figures) || row.Figures[i].Value == nil || len(parts) == shownParts {
			continue
		}
		title := column.Title.In(string(t.lang))
		if title == "" {
			title = column.Path
		}
		parts = append(parts, cut(title, unitsPart)+" "+scoring.FormatNumber(row.Figures[i].Value, decimals))
	}
	if len(parts) < 2 { // a single part is the total once more
		return line
	}
	return lines(line, "　"+italic(name(dotted(parts...), unitsTitle)))
}

func medal(rank int) string {
	switch rank {
	case 0:
		return "–"
	case 1:
		return "🥇"
	case 2:
		return "🥈"
	case 3:
		return "🥉"
	}
	return strconv.Itoa(rank) + "."
}

// rankingFile sends the whole result as a table.
func (t *turn) rankingFile(ctx context.Context, e storage.Evaluation) error {
	run, err := t.store.Released(ctx, e.Code)
	if err != nil {
		return err
	}
	body := bytes.NewBufferString(byteOrderMark)
	if err := run.Result.WriteCSV(body); err != nil {
		return fmt.Errorf("bot: result of evaluation %s: %w", e.Code, err)
	}
	t.sendDocument(ctx, document{
		name: e.Code + ".csv", body: body.Bytes(),
		caption: t.html("admin.file_text", map[string]any{"Title": name(e.Title.In(t.lang), unitsTitle)}),
	})
	return nil
}

// rescore scores an evaluation now.
func (t *turn) rescore(ctx context.Context, e storage.Evaluation) error {
	_, err := t.store.ScoreEvaluation(ctx, t.now, t.cause(), e.Code)
	switch {
	case err == nil, errors.Is(err, survey.ErrHandled):
		t.ack(ctx, t.plain("admin.did", nil))
	case errors.Is(err, survey.ErrNotYet):
		t.ack(ctx, t.plain("admin.not_over", nil))
	case errors.Is(err, survey.ErrStale):
		t.ack(ctx, t.plain("toast.stale", nil))
	case errors.Is(err, survey.ErrInvalid):
		t.log.WarnContext(ctx, "evaluation not scored", "evaluation", e.ID, "error", err)
		t.ack(ctx, t.plain("admin.unscorable", nil))
	default:
		return err
	}
	return t.againRanking(ctx, e)
}

// againRanking shows an evaluation as it stands after a change.
func (t *turn) againRanking(ctx context.Context, e storage.Evaluation) error {
	fresh, err := t.evaluationByID(ctx, e.ID)
	if err != nil {
		return err
	}
	return t.showRanking(ctx, fresh, 0)
}

// releaseStep is a step on the way of a result to the public: each is asked for before it is done.
type releaseStep string

// The steps.
const (
	stepAskApprove releaseStep = "ask_approve"
	stepApprove    releaseStep = "approve"
	stepAskPublish releaseStep = "ask_publish"
	stepPublish    releaseStep = "publish"
)

// releaseRows offers what comes next: scoring again, approving, publishing.
func (t *turn) releaseRows(s *screen, e storage.Evaluation) {
	if e.State.CanBecome(survey.EvaluationScored) {
		s.row(button(t.plain("admin.rescore", nil), widthButton, press{verb: verbScore, id: e.ID}))
	}
	if !t.administers() {
		return
	}
	switch {
	case e.State.CanBecome(survey.EvaluationApproved):
		s.row(button(t.plain("admin.approve_result", nil), widthButton,
			press{verb: verbPublish, id: e.ID, action: string(stepAskApprove)}))
	case e.State.CanBecome(survey.EvaluationPublished):
		s.row(button(t.plain("admin.publish", nil), widthButton,
			press{verb: verbPublish, id: e.ID, action: string(stepAskPublish)}))
	}
}

// release takes a step, or asks whether it is meant.
func (t *turn) release(ctx context.Context, e storage.Evaluation, step releaseStep) error {
	ask := func(next releaseStep) error {
		s := screen{text: paragraphs(bold(name(e.Title.In(t.lang), unitsTitle)), t.html("admin."+string(step), nil))}
		s.row(button(t.plain("admin.yes_"+string(next), nil), widthButton,
			press{verb: verbPublish, id: e.ID, action: string(next)}))
		s.row(button(t.plain("admin.no", nil), widthButton, press{verb: verbRanking, id: e.ID}))
		t.show(ctx, s)
		return nil
	}
	do := t.store.PublishEvaluation
	switch step {
	case stepAskApprove:
		return ask(stepApprove)
	case stepAskPublish:
		return ask(stepPublish)
	case stepApprove:
		do = t.store.ApproveEvaluation
	case stepPublish:
	default:
		return errForged
	}
	switch err := do(ctx, t.now, t.cause(), e.Code); {
	case err == nil:
		t.ack(ctx, t.plain("admin.did", nil))
	case errors.Is(err, survey.ErrHandled), errors.Is(err, survey.ErrStale):
		t.ack(ctx, t.plain("toast.stale", nil))
	default:
		return err
	}
	return t.againRanking(ctx, e)
}

// results is the message that tells a respondent that results are out.
func (t *turn) results(ctx context.Context, d storage.Delivery) (screen, error) {
	e, err := t.evaluationByID(ctx, d.Args["evaluation"])
	if err != nil {
		return screen{}, err
	}
	return screen{text: t.html("deliver.results", map[string]any{"Title": name(e.Title.In(t.lang), unitsTitle)})}, nil
}
