package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pingyi/storage"
	"pingyi/storage/load"
)

// apply loads project files: all or nothing.
func (a *app) apply() *cobra.Command {
	var dry bool
	cmd := a.command("apply PATH…", "cli.apply", cobra.MinimumNArgs(1), func(cmd *cobra.Command, args []string) error {
		files := load.Paths(args...)
		return a.withStore(cmd.Context(), func(ctx context.Context, s *storage.Store, now time.Time) error {
			plan, faults, err := load.Make(ctx, s, now, files)
			if err := errors.Join(err, faults.Err()); err != nil {
				return err
			}
			for _, n := range plan.Notices() {
				a.tell("%s", a.words.Fault(n))
			}
			changes := plan.Changes()
			if err := a.print("%s", a.listing(changes)); err != nil {
				return err
			}
			switch {
			case len(changes) == 0:
				a.tell("%s", a.words.Say("cli.apply_none", nil))
				return nil
			case dry:
				a.tell("%s", a.words.Say("cli.apply_dry", nil))
				return nil
			}
			if err := plan.Apply(ctx, now, storage.Cause{}); err != nil {
				return err
			}
			a.tell("%s", a.words.Say("cli.applied", map[string]any{"Changes": len(changes)}))
			return nil
		})
	})
	cmd.Flags().BoolVar(&dry, "dry-run", false, a.words.Say("cli.flag_dry_run", nil))
	return cmd
}

// maxAdded is how many new things of one kind are listed one by one; more are counted.
const maxAdded = 20

// listing writes changes for people, a line each: + new, ~ different and how.
func (a *app) listing(changes []load.Change) string {
	added := map[load.Kind]int{}
	for _, c := range changes {
		if c.Added {
			added[c.Kind]++
		}
	}
	var b strings.Builder
	counted := map[load.Kind]bool{}
	for _, c := range changes {
		switch {
		case c.Added && added[c.Kind] > maxAdded:
			if !counted[c.Kind] {
				counted[c.Kind] = true
				fmt.Fprintf(&b, "+ %s: %d\n", a.words.Say("cli.loads_"+string(c.Kind), nil), added[c.Kind])
			}
		case c.Added:
			fmt.Fprintf(&b, "+ %s %s\n", a.words.Say("cli.loads_"+string(c.Kind), nil), c.Code)
		default:
			fmt.Fprintf(&b, "~ %s %s%s\n", a.words.Say("cli.loads_"+string(c.Kind), nil), c.Code, a.differences(c.Fields))
		}
	}
	return b.String()
}

func (a *app) differences(fields []load.Field) string {
	var b strings.Builder
	for _, f := range fields {
		before, after := f.Before, f.After
		if f.Private {
			before, after = "•••", "•••"
		}
		if before == "" {
			before = "—"
		}
		if after == "" {
			after = "—"
		}
		fmt.Fprintf(&b, "\n    %s: %s → %s", f.Name, before, after)
	}
	return b.String()
}
