package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pingyi/scoring"
	"pingyi/scoring/report"
)

// score scores a data folder by a scheme, without any server.
func (a *app) score() *cobra.Command {
	var name, dir, format, explain string
	var overrides []string
	cmd := a.command("score --scheme NAME|FILE --data DIR", "cli.score", cobra.NoArgs, func(*cobra.Command, []string) error {
		for flag, value := range map[string]string{"--scheme": name, "--data": dir} {
			if value == "" {
				return usageError{errors.New(a.words.Say("cli.need_flag", map[string]any{"Flag": flag}))}
			}
		}
		params, err := a.readParams(overrides)
		if err != nil {
			return err
		}
		if err := a.checkFormat(format); err != nil {
			return err
		}
		scheme, err := a.readScheme(name)
		if err != nil {
			return err
		}
		data, err := a.readFolder(dir)
		if err != nil {
			return err
		}
		result, faults := scoring.Compute(scheme, data, params)
		if len(faults.Errors()) > 0 {
			return faults
		}
		for _, f := range faults.Warnings() {
			a.tell("%s", a.fault(f))
		}
		if explain != "" {
			return a.explain(result, explain)
		}
		return a.writeResult(result, format)
	})
	flags := cmd.Flags()
	flags.StringVar(&name, "scheme", "", a.words.Say("cli.flag_scheme", nil))
	flags.StringVar(&dir, "data", "", a.words.Say("cli.flag_data", nil))
	flags.StringVar(&format, "format", "table", a.words.Say("cli.flag_format", nil))
	flags.StringVar(&explain, "explain", "", a.words.Say("cli.flag_explain", nil))
	flags.StringArrayVar(&overrides, "param", nil, a.words.Say("cli.flag_param", nil))
	return cmd
}

func (a *app) readParams(overrides []string) (scoring.Params, error) {
	params := scoring.Params{}
	for _, pair := range overrides {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usageError{errors.New(a.words.Say("cli.bad_param", nil))}
		}
		params[name] = value
	}
	return params, nil
}

func (a *app) checkFormat(format string) error {
	if !slices.Contains([]string{"table", "csv", "json"}, format) {
		return usageError{errors.New(a.words.Say("cli.bad_format", nil))}
	}
	return nil
}

// readFolder reads the CSV files of a data folder; notices go to stderr.
func (a *app) readFolder(dir string) (*scoring.Data, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, errors.New(a.words.Say("cli.file_unreadable", map[string]any{"File": dir}))
	}
	files := map[string][]byte{}
	for _, entry := range entries {
		if entry.IsDir() || !strings.EqualFold(filepath.Ext(entry.Name()), ".csv") {
			continue
		}
		if files[entry.Name()], err = os.ReadFile(filepath.Join(dir, entry.Name())); err != nil {
			return nil, fmt.Errorf("%s: %w", a.words.Say("cli.file_unreadable", map[string]any{"File": entry.Name()}), fs.ErrInvalid)
		}
	}
	data, notices, faults := scoring.ReadFolder(files)
	for _, n := range notices {
		a.tell("%s", a.fault(scoring.Fault{File: n.File, Line: n.Line, Code: n.Code, Args: n.Args}))
	}
	if len(faults.Errors()) > 0 {
		return nil, faults
	}
	return data, nil
}

func (a *app) writeResult(result *scoring.Result, format string) error {
	switch format {
	case "csv":
		return result.WriteCSV(a.stdout)
	case "json":
		return result.WriteJSON(a.stdout)
	}
	return report.Table(a.stdout, result, a.scoringWords(), string(a.words.Lang()))
}

func (a *app) explain(result *scoring.Result, subject string) error {
	card, ok := result.Explain(subject)
	if !ok {
		return errors.New(a.words.Say("cli.no_subject", map[string]any{"Subject": subject}))
	}
	return report.Card(a.stdout, card, a.scoringWords(), string(a.words.Lang()))
}

// scoringWords puts the codes of scoring into words.
func (a *app) scoringWords() scoring.Words {
	return func(code string, args map[string]any) string { return a.words.Say(code, args) }
}
