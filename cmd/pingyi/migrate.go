package main

import (
	"github.com/spf13/cobra"

	"pingyi/storage"
)

// migrate brings the tables to what this program needs.
func (a *app) migrate() *cobra.Command {
	return a.command("migrate", "cli.migrate", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error {
		cfg, err := readConfig(a.environ, needDatabase)
		if err != nil {
			return err
		}
		if err := storage.Migrate(cmd.Context(), cfg.DatabaseURL); err != nil {
			return err
		}
		a.tell("%s", a.words.Say("cli.migrated", nil))
		return nil
	})
}
