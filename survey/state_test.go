package survey_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/survey"
)

func TestRoundStates(t *testing.T) {
	t.Parallel()
	// For each state what each action leads to; "!" and the reason where it is refused.
	tests := map[survey.RoundState]string{
		survey.RoundDraft:     "schedule=scheduled open=open pause=!notyet resume=!notyet extend=!notyet remind=!notyet close=!notyet cancel=cancelled",
		survey.RoundScheduled: "schedule=scheduled open=open pause=!notyet resume=!notyet extend=!notyet remind=!notyet close=!notyet cancel=cancelled",
		survey.RoundOpen:      "schedule=!stale open=!stale pause=paused resume=!stale extend=open remind=open close=closed cancel=cancelled",
		survey.RoundPaused:    "schedule=!stale open=!stale pause=!stale resume=open extend=paused remind=!paused close=closed cancel=cancelled",
		survey.RoundClosed:    "schedule=!closed open=!closed pause=!closed resume=!closed extend=!closed remind=!closed close=!closed cancel=!closed",
		survey.RoundCancelled: "schedule=!closed open=!closed pause=!closed resume=!closed extend=!closed remind=!closed close=!closed cancel=!closed",
	}
	reasons := map[string]error{
		"!notyet": survey.ErrNotYet, "!stale": survey.ErrStale, "!closed": survey.ErrClosed, "!paused": survey.ErrPaused,
	}
	for state, want := range tests {
		var got []string
		for _, a := range survey.RoundActions() {
			to, err := state.After(a)
			word := string(to)
			for name, reason := range reasons {
				if errors.Is(err, reason) {
					word = name
				}
			}
			if state.Can(a) != (err == nil) {
				t.Errorf("%s, %s: Can and After disagree", state, a)
			}
			got = append(got, string(a)+"="+word)
		}
		if diff := cmp.Diff(strings.Fields(want), got); diff != "" {
			t.Errorf("%s\n%s", state, diff)
		}
	}
}

func TestAnswering(t *testing.T) {
	t.Parallel()
	for state, want := range map[survey.RoundState]error{
		survey.RoundDraft: survey.ErrNotYet, survey.RoundScheduled: survey.ErrNotYet, survey.RoundOpen: nil,
		survey.RoundPaused: survey.ErrPaused, survey.RoundClosed: survey.ErrClosed, survey.RoundCancelled: survey.ErrClosed,
	} {
		if got := state.Answering(); !errors.Is(got, want) {
			t.Errorf("%s: %v, want %v", state, got, want)
		}
	}
}

func TestOtherStates(t *testing.T) {
	t.Parallel()
	requests := strings.Fields("pending sent opened done declined unreachable expired")
	assignments := strings.Fields("proposed invited answered recused withdrawn expired")
	evaluations := strings.Fields("draft scored approved published")
	tests := map[string]struct {
		states []string
		can    func(from, to string) bool
		want   string
	}{
		"request": {requests, func(a, b string) bool { return survey.RequestState(a).CanBecome(survey.RequestState(b)) },
			`pending→sent pending→opened pending→declined pending→unreachable pending→expired
			sent→opened sent→declined sent→unreachable sent→expired
			opened→done opened→declined opened→unreachable opened→expired
			done→opened declined→opened declined→expired
			unreachable→pending unreachable→sent unreachable→opened unreachable→expired`},
		"assignment": {assignments, func(a, b string) bool { return survey.AssignmentState(a).CanBecome(survey.AssignmentState(b)) },
			`proposed→invited proposed→recused proposed→withdrawn proposed→expired
			invited→answered invited→recused invited→withdrawn invited→expired
			answered→invited answered→withdrawn recused→invited recused→expired`},
		"evaluation": {evaluations, func(a, b string) bool { return survey.EvaluationState(a).CanBecome(survey.EvaluationState(b)) },
			`draft→scored scored→scored scored→approved approved→scored approved→published`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			allowed := make(map[string]bool)
			for _, step := range strings.Fields(tt.want) {
				allowed[step] = true
			}
			for _, from := range tt.states {
				for _, to := range tt.states {
					if got := tt.can(from, to); got != allowed[from+"→"+to] {
						t.Errorf("%s→%s: %v", from, to, got)
					}
				}
			}
		})
	}
	for state, want := range map[survey.RequestState]bool{
		survey.RequestSent: false, survey.RequestOpened: false, survey.RequestDone: true, survey.RequestDeclined: true, survey.RequestExpired: true,
	} {
		if state.Finished() != want {
			t.Errorf("%s finished: %v", state, !want)
		}
	}
}
