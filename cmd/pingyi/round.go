package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"pingyi/storage"
)

// round looks at rounds and steers them.
func (a *app) round() *cobra.Command {
	return a.group("round", "cli.round",
		a.roundList(), a.roundShow(), a.roundExtend(),
		a.roundAction("open", (*storage.Store).OpenRound),
		a.roundAction("pause", (*storage.Store).PauseRound),
		a.roundAction("resume", (*storage.Store).ResumeRound),
		a.roundRemind(),
		a.roundAction("close", (*storage.Store).CloseRound),
		a.roundAction("cancel", (*storage.Store).CancelRound),
	)
}

// roundAction is a subcommand that does one thing to a round, guarded by its state.
func (a *app) roundAction(name string, do func(*storage.Store, context.Context, time.Time, storage.Cause, string) error) *cobra.Command {
	return a.command(name+" CODE", "cli.round_"+name, cobra.ExactArgs(1), func(cmd *cobra.Command, args []string) error {
		return a.withStore(cmd.Context(), func(ctx context.Context, s *storage.Store, now time.Time) error {
			if err := do(s, ctx, now, storage.Cause{}, args[0]); err != nil {
				return err
			}
			return a.showRound(ctx, s, args[0])
		})
	})
}

func (a *app) roundRemind() *cobra.Command {
	return a.command("remind CODE", "cli.round_remind", cobra.ExactArgs(1), func(cmd *cobra.Command, args []string) error {
		return a.withStore(cmd.Context(), func(ctx context.Context, s *storage.Store, now time.Time) error {
			n, err := s.RemindRound(ctx, now, storage.Cause{}, args[0])
			if err != nil {
				return err
			}
			return a.print("%s\n", a.words.Say("cli.reminded", map[string]any{"People": n}))
		})
	})
}

func (a *app) roundExtend() *cobra.Command {
	var until string
	cmd := a.command("extend CODE --until TIME", "cli.round_extend", cobra.ExactArgs(1), func(cmd *cobra.Command, args []string) error {
		return a.withStore(cmd.Context(), func(ctx context.Context, s *storage.Store, now time.Time) error {
			at, err := time.ParseInLocation("2006-01-02T15:04", until, s.Zone())
			if err != nil {
				return usageError{errors.New(a.words.Say("cli.bad_time", map[string]any{"Flag": "--until"}))}
			}
			if err := s.ExtendRound(ctx, now, storage.Cause{}, args[0], at); err != nil {
				return err
			}
			return a.showRound(ctx, s, args[0])
		})
	})
	cmd.Flags().StringVar(&until, "until", "", a.words.Say("cli.flag_until", nil))
	return cmd
}

func (a *app) roundList() *cobra.Command {
	return a.command("list", "cli.round_list", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error {
		return a.withStore(cmd.Context(), func(ctx context.Context, s *storage.Store, _ time.Time) error {
			rounds, err := s.Rounds(ctx)
			if err != nil {
				return err
			}
			t := a.newTable("cli.col_code", "cli.col_state", "cli.col_opens", "cli.col_closes", "cli.col_title")
			for _, r := range rounds {
				t.row(r.Code, a.words.Say("cli.state_"+string(r.State), nil), a.when(r.OpenedAt, r.OpensAt, s.Zone()),
					a.when(r.ClosedAt, r.ClosesAt, s.Zone()), r.Title.In(a.words.Lang()))
			}
			return t.write(a.stdout)
		})
	})
}

func (a *app) roundShow() *cobra.Command {
	return a.command("show CODE", "cli.round_show", cobra.ExactArgs(1), func(cmd *cobra.Command, args []string) error {
		return a.withStore(cmd.Context(), func(ctx context.Context, s *storage.Store, _ time.Time) error {
			return a.showRound(ctx, s, args[0])
		})
	})
}

// when writes the first of the times that is known, in the project's zone.
func (a *app) when(first, second *time.Time, zone *time.Location) string {
	for _, t := range []*time.Time{first, second} {
		if t != nil {
			return t.In(zone).Format("2006-01-02 15:04")
		}
	}
	return "—"
}

// showRound writes how a round stands, and how far its panels have come.
func (a *app) showRound(ctx context.Context, s *storage.Store, code string) error {
	r, err := s.Round(ctx, code)
	if err != nil {
		return err
	}
	panels, err := s.RoundCounts(ctx, r.ID)
	if err != nil {
		return err
	}
	if err := a.print("%s  %s  %s – %s\n", r.Title.In(a.words.Lang()), a.words.Say("cli.state_"+string(r.State), nil),
		a.when(r.OpenedAt, r.OpensAt, s.Zone()), a.when(r.ClosedAt, r.ClosesAt, s.Zone())); err != nil {
		return err
	}
	t := a.newTable("cli.col_panel", "cli.col_asked", "cli.col_delivered", "cli.col_opened", "cli.col_done",
		"cli.col_declined", "cli.col_unreachable")
	for _, p := range panels {
		t.row(p.Title.In(a.words.Lang()), strconv.Itoa(p.Asked), strconv.Itoa(p.Delivered), strconv.Itoa(p.Opened),
			strconv.Itoa(p.Done), strconv.Itoa(p.Declined), strconv.Itoa(p.Unreachable))
	}
	return t.write(a.stdout)
}
