package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"pingyi/storage"
)

// export writes the data folder of an evaluation.
func (a *app) export() *cobra.Command {
	var sealed bool
	var dir string
	cmd := a.command("export CODE", "cli.export", cobra.ExactArgs(1), func(cmd *cobra.Command, args []string) error {
		return a.withStore(cmd.Context(), func(ctx context.Context, s *storage.Store, now time.Time) error {
			if dir == "" {
				dir = args[0]
			}
			if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
				return errors.New(a.words.Say("cli.init_exists", map[string]any{"Dir": dir}))
			}
			files, err := s.Export(ctx, now, storage.Cause{}, args[0], sealed)
			if err != nil {
				return err
			}
			for name, content := range files {
				path := filepath.Join(dir, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
					return fmt.Errorf("exporting: %w", err)
				}
				if err := os.WriteFile(path, content, 0o600); err != nil {
					return fmt.Errorf("exporting: %w", err)
				}
			}
			a.tell("%s", a.words.Say("cli.exported", map[string]any{"Files": len(files), "Dir": dir}))
			return nil
		})
	})
	cmd.Flags().BoolVar(&sealed, "sealed", false, a.words.Say("cli.flag_sealed", nil))
	cmd.Flags().StringVar(&dir, "dir", "", a.words.Say("cli.flag_dir", nil))
	return cmd
}
