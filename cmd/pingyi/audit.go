package main

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/spf13/cobra"

	"pingyi/storage"
)

// audit checks the log of what admins did.
func (a *app) audit() *cobra.Command {
	verify := a.command("verify", "cli.audit_verify", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error {
		return a.withStore(cmd.Context(), func(ctx context.Context, s *storage.Store, _ time.Time) error {
			report, err := s.VerifyAudit(ctx)
			if err != nil {
				return err
			}
			for _, f := range report.Faults {
				a.tell("%s", a.words.Say("cli.audit_"+string(f.Kind), map[string]any{"ID": f.ID}))
			}
			if len(report.Faults) > 0 {
				return errReported
			}
			return a.print("%s\n", a.words.Say("cli.audit_whole", map[string]any{
				"Entries": report.Entries, "Hash": hex.EncodeToString(report.Hash)}))
		})
	})
	return a.group("audit", "cli.audit", verify)
}
