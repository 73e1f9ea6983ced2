package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pingyi/storage"
	"pingyi/storage/load"
)

// importGarbagePercent collects garbage early: beside a file as large as a year of a city it would
// otherwise take as much room again.
const importGarbagePercent = 25

// importBallots adds ballots that were collected elsewhere to a round: all or nothing.
func (a *app) importBallots() *cobra.Command {
	var dry bool
	cmd := a.command("import ROUND FILE…", "cli.import", cobra.MinimumNArgs(2), func(cmd *cobra.Command, args []string) error {
		return a.withStore(cmd.Context(), func(ctx context.Context, s *storage.Store, now time.Time) error {
			debug.SetGCPercent(importGarbagePercent)
			plan, faults, err := load.MakeImport(ctx, s, args[0], args[1:]...)
			if err := errors.Join(err, faults.Err()); err != nil {
				return err
			}
			for _, n := range plan.Notices() {
				a.tell("%s", a.words.Fault(n))
			}
			var ballots int64
			for _, sum := range plan.Sums() {
				ballots += sum.Ballots
				if err := a.print("%s", a.importLines(sum)); err != nil {
					return err
				}
			}
			switch {
			case ballots == 0:
				a.tell("%s", a.words.Say("cli.apply_none", nil))
				return nil
			case dry:
				a.tell("%s", a.words.Say("cli.apply_dry", nil))
				return nil
			}
			if err := plan.Apply(ctx, now, storage.Cause{}); err != nil {
				return err
			}
			a.tell("%s", a.words.Say("cli.imported", map[string]any{"Ballots": ballots, "Round": args[0]}))
			return nil
		})
	})
	cmd.Flags().BoolVar(&dry, "dry-run", false, a.words.Say("cli.flag_dry_run", nil))
	return cmd
}

// importLines says what a file adds: a line for each of its panels.
func (a *app) importLines(sum load.ImportSum) string {
	if sum.Before {
		return a.words.Say("cli.imported_before", map[string]any{"File": sum.File}) + "\n"
	}
	var b strings.Builder
	for _, panel := range slices.Sorted(maps.Keys(sum.Panels)) {
		fmt.Fprintf(&b, "+ %s %s: %d\n", sum.File, panel, sum.Panels[panel])
	}
	return b.String()
}
