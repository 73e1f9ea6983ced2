package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"pingyi/storage"
	"pingyi/survey"
)

// showRound shows a round as it stands now.
func (t *turn) showRound(ctx context.Context, r storage.Round) error {
	counts, err := t.store.RoundCounts(ctx, r.ID)
	if err != nil {
		return err
	}
	project, err := t.settings(ctx)
	if err != nil {
		return err
	}
	result, err := t.resultOf(ctx, r)
	if err != nil {
		return err
	}
	t.show(ctx, t.roundScreen(r, counts, project, result))
	return nil
}

// resultOf is the evaluation that a closed round has its result in, the round's own first; 0: none.
func (t *turn) resultOf(ctx context.Context, r storage.Round) (int64, error) {
	if r.State != survey.RoundClosed {
		return 0, nil
	}
	all, err := t.store.Evaluations(ctx)
	if err != nil {
		return 0, err
	}
	found := int64(0)
	for _, e := range all {
		for _, taken := range e.Rounds {
			if taken.Code == r.Code && (found == 0 || e.Code == r.Code) {
				found = e.ID
			}
		}
	}
	return found, nil
}

// roundScreen is one round: its state, the counts of its panels, what can be done.
func (t *turn) roundScreen(r storage.Round, counts []storage.PanelCounts, project survey.Project, result int64) screen {
	head := lines(
		markup(roundMark(r.State)+" ")+bold(name(r.Title.In(t.lang), unitsTitle)),
		escape(r.Code)+" · "+t.html("admin.state_"+string(r.State), nil))
	times := markup("")
	switch {
	case r.ClosedAt != nil:
		times = t.html("admin.closed_at", map[string]any{"When": t.when(*r.ClosedAt)})
	case r.OpenedAt != nil && r.ClosesAt != nil:
		times = t.html("admin.closes_at", map[string]any{"When": t.when(*r.ClosesAt)})
	case r.OpensAt != nil:
		times = t.html("admin.opens_at", map[string]any{"When": t.when(*r.OpensAt)})
	}
	parts := []markup{lines(head, times)}
	room := maxUnits - visible(parts[0]) - 200
	for _, c := range counts {
		panel := t.panelCounts(c, project)
		if room -= visible(panel); room < 0 {
			break
		}
		parts = append(parts, panel)
	}
	parts = append(parts, italic(t.html("admin.as_of", map[string]any{"Clock": t.now.In(t.zone).Format("15:04:05")})))
	s := screen{text: paragraphs(parts...)}
	s.row(button(t.plain("admin.refresh", nil), widthButton, press{verb: verbRound, id: r.ID}))
	if result != 0 {
		s.row(button(t.plain("admin.scores", nil), widthButton, press{verb: verbRanking, id: result}))
	}
	t.actionRows(&s, r)
	s.row(button(t.plain("admin.back", nil), widthButton, press{verb: verbAdmin}))
	return s
}

// shownGroups is how many groups of a panel a card lists.
const shownGroups = 12

// panelCounts are how far a panel has come: counts only, no names, no group under the minimum.
func (t *turn) panelCounts(c storage.PanelCounts, project survey.Project) markup {
	args := func(n storage.Counts) map[string]any {
		return map[string]any{
			"Asked": n.Asked, "Delivered": n.Delivered, "Opened": n.Opened, "Done": n.Done,
			"Declined": n.Declined, "Unreachable": n.Unreachable,
			"Percent": percent(n.Done, n.Asked), "Bar": bar(n.Done, n.Asked),
		}
	}
	out := lines(
		bold(name(c.Title.In(t.lang), unitsName))+" · "+t.html("admin.identity_"+string(c.Identity), nil),
		t.html("admin.done", args(c.Counts)),
		t.html("admin.counts", args(c.Counts)))
	for i, g := range c.Groups {
		if len(c.Groups) == 1 { // the panel once more
			break
		}
		if i == shownGroups {
			out = lines(out, ellipsis)
			break
		}
		a := args(g.Counts)
		a["Group"] = name(t.groupName(g, project), unitsName)
		out = lines(out, t.html("admin.group", a))
	}
	return out
}

// groupName is the name of a unit or district.
func (t *turn) groupName(g storage.GroupCounts, project survey.Project) string {
	for _, d := range project.Enrolment.Districts {
		if d.Code == g.Group {
			return d.Name.In(t.lang)
		}
	}
	if g.Group == "" {
		return t.plain("admin.other_groups", nil)
	}
	return cmp.Or(g.Name.In(t.lang), g.Group)
}

// percent is n of total in whole percent, half up, 0 of nothing; it says 100 only for all.
func percent(n, total int) int {
	if total == 0 {
		return 0
	}
	whole := (200*n + total) / (2 * total)
	if whole == 100 && n < total {
		return 99
	}
	return whole
}

// roundAction is something an organiser does to a round: one of survey's actions, or an extension by
// so many days ("extend-3").
type roundAction string

// The actions of the card.
const (
	actionOpen   = roundAction(survey.RoundStart)
	actionPause  = roundAction(survey.RoundPause)
	actionResume = roundAction(survey.RoundResume)
	actionExtend = roundAction(survey.RoundExtend)
	actionRemind = roundAction(survey.RoundRemind)
	actionClose  = roundAction(survey.RoundClose)
	actionCancel = roundAction(survey.RoundCancel)
)

// actionRows offers what the round's state allows; what cannot be undone is asked for again.
func (t *turn) actionRows(s *screen, r storage.Round) {
	offer := func(a roundAction) bool { return r.State.Can(survey.RoundAction(a)) }
	for _, pair := range [][2]roundAction{{actionOpen, actionResume}, {actionPause, actionRemind}, {actionExtend, actionClose}} {
		for _, a := range pair {
			if !offer(a) {
				continue
			}
			s.row(t.actionButton(r, a))
		}
	}
	if offer(actionCancel) {
		s.row(t.actionButton(r, actionCancel))
	}
}

// actionButton leads to an action, by way of asking whether it is meant.
func (t *turn) actionButton(r storage.Round, a roundAction) inlineButton {
	return button(t.plain("admin."+string(a), nil), widthButton, press{verb: verbAsk, id: r.ID, action: string(a)})
}

// askAction asks whether an action is meant, and how long an extension is to be.
func (t *turn) askAction(ctx context.Context, r storage.Round, action string) error {
	a := roundAction(action)
	if !r.State.Can(survey.RoundAction(a)) {
		t.ack(ctx, t.plain("toast.stale", nil))
		return t.showRound(ctx, r)
	}
	title := bold(name(r.Title.In(t.lang), unitsTitle))
	s := screen{text: paragraphs(title, t.html("admin.ask_"+string(a), nil))}
	if a == actionExtend {
		for _, days := range extensions() {
			s.row(button(t.plain("admin.extend_days", map[string]any{"N": days}), widthButton,
				press{verb: verbDo, id: r.ID, action: fmt.Sprintf("%s-%d", a, days)}))
		}
	} else {
		s.row(button(t.plain("admin.yes_"+string(a), nil), widthButton, press{verb: verbDo, id: r.ID, action: action}))
	}
	s.row(button(t.plain("admin.no", nil), widthButton, press{verb: verbRound, id: r.ID}))
	t.show(ctx, s)
	return nil
}

// extensions are the days by which a round can be extended from the chat.
func extensions() []int { return []int{1, 3, 7, 14} }

// doAction does an action and shows the round afterwards.
func (t *turn) doAction(ctx context.Context, r storage.Round, action string) error {
	err := t.act(ctx, r, action)
	key := "admin.did"
	switch {
	case errors.Is(err, survey.ErrHandled):
		key = "toast.stale"
	case errors.Is(err, survey.ErrStale), errors.Is(err, survey.ErrClosed), errors.Is(err, survey.ErrNotYet),
		errors.Is(err, survey.ErrPaused):
		key = "toast.stale"
	case errors.Is(err, survey.ErrInvalid), errors.Is(err, survey.ErrNotFound):
		key = "admin.refused"
	case err != nil:
		return err
	}
	t.ack(ctx, t.plain(key, nil))
	fresh, err := t.roundByID(ctx, r.ID)
	if err != nil {
		return err
	}
	return t.showRound(ctx, fresh)
}

func (t *turn) act(ctx context.Context, r storage.Round, action string) error {
	verb, days, _ := strings.Cut(action, "-")
	switch roundAction(verb) {
	case actionOpen:
		return t.store.OpenRound(ctx, t.now, t.cause(), r.Code)
	case actionPause:
		return t.store.PauseRound(ctx, t.now, t.cause(), r.Code)
	case actionResume:
		return t.store.ResumeRound(ctx, t.now, t.cause(), r.Code)
	case actionRemind:
		_, err := t.store.RemindRound(ctx, t.now, t.cause(), r.Code)
		return err
	case actionClose:
		return t.store.CloseRound(ctx, t.now, t.cause(), r.Code)
	case actionCancel:
		return t.store.CancelRound(ctx, t.now, t.cause(), r.Code)
	case actionExtend:
		for _, n := range extensions() {
			if days == fmt.Sprint(n) && r.ClosesAt != nil {
				return t.store.ExtendRound(ctx, t.now, t.cause(), r.Code, r.ClosesAt.AddDate(0, 0, n))
			}
		}
	}
	return fmt.Errorf("bot: round %s has no action %s: %w", r.Code, verb, survey.ErrInvalid)
}
