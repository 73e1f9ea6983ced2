package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"pingyi/deploy/example"
)

// initialise writes the example project.
func (a *app) initialise() *cobra.Command {
	return a.command("init DIR", "cli.init", cobra.ExactArgs(1), func(_ *cobra.Command, args []string) error {
		dir := args[0]
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w", dir, err)
		}
		if len(entries) > 0 {
			return errors.New(a.words.Say("cli.init_exists", map[string]any{"Dir": dir}))
		}
		if err := os.CopyFS(dir, example.Files()); err != nil {
			return fmt.Errorf("writing the example: %w", err)
		}
		a.tell("%s", a.words.Say("cli.init_done", map[string]any{"Dir": dir}))
		return nil
	})
}
