package main

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/spf13/cobra"

	"pingyi/storage"
)

// evaluation looks at evaluations, scores and publishes them.
func (a *app) evaluation() *cobra.Command {
	score := a.command("score CODE", "cli.evaluation_score", cobra.ExactArgs(1), func(cmd *cobra.Command, args []string) error {
		return a.withStore(cmd.Context(), func(ctx context.Context, s *storage.Store, now time.Time) error {
			run, err := s.ScoreEvaluation(ctx, now, storage.Cause{}, args[0])
			if err != nil {
				return err
			}
			return a.print("%s\n", a.words.Say("cli.scored", map[string]any{
				"Code": args[0], "Hash": hex.EncodeToString(run.InputsHash)}))
		})
	})
	publish := a.command("publish CODE", "cli.evaluation_publish", cobra.ExactArgs(1), func(cmd *cobra.Command, args []string) error {
		return a.withStore(cmd.Context(), func(ctx context.Context, s *storage.Store, now time.Time) error {
			if err := s.PublishEvaluation(ctx, now, storage.Cause{}, args[0]); err != nil {
				return err
			}
			return a.print("%s\n", a.words.Say("cli.published", map[string]any{"Code": args[0]}))
		})
	})
	return a.group("evaluation", "cli.evaluation", a.evaluationList(), score, a.evaluationShow(), publish)
}

func (a *app) evaluationList() *cobra.Command {
	return a.command("list", "cli.evaluation_list", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error {
		return a.withStore(cmd.Context(), func(ctx context.Context, s *storage.Store, _ time.Time) error {
			all, err := s.Evaluations(ctx)
			if err != nil {
				return err
			}
			t := a.newTable("cli.col_code", "cli.col_period", "cli.col_state", "cli.col_scheme", "cli.col_title")
			for _, e := range all {
				t.row(e.Code, e.Period, a.words.Say("cli.state_"+string(e.State), nil), e.Scheme, e.Title.In(a.words.Lang()))
			}
			return t.write(a.stdout)
		})
	})
}

func (a *app) evaluationShow() *cobra.Command {
	var format, explain string
	cmd := a.command("show CODE", "cli.evaluation_show", cobra.ExactArgs(1), func(cmd *cobra.Command, args []string) error {
		if err := a.checkFormat(format); err != nil {
			return err
		}
		return a.withStore(cmd.Context(), func(ctx context.Context, s *storage.Store, _ time.Time) error {
			run, err := s.Released(ctx, args[0])
			if err != nil {
				return err
			}
			if explain != "" {
				return a.explain(run.Result, explain)
			}
			return a.writeResult(run.Result, format)
		})
	})
	cmd.Flags().StringVar(&format, "format", "table", a.words.Say("cli.flag_format", nil))
	cmd.Flags().StringVar(&explain, "explain", "", a.words.Say("cli.flag_explain", nil))
	return cmd
}
