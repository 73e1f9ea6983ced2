package main

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pingyi/scoring"
	"pingyi/scoring/report"
	"pingyi/scoring/workbook"
)

// scoreCall is one call of `pingyi score`.
type scoreCall struct {
	scheme, data, format, explain string
	params                        []string
	compare                       string // another scheme, or the same where only otherParams are given
	otherParams                   []string
}

// score scores a data folder by a scheme, without any server.
func (a *app) score() *cobra.Command {
	var c scoreCall
	cmd := a.command("score --scheme NAME|FILE --data DIR", "cli.score", cobra.NoArgs, func(*cobra.Command, []string) error {
		if err := a.checkCall(c); err != nil {
			return err
		}
		files, err := a.dataFiles(c.data)
		defer closeFiles(files)
		if err != nil {
			return err
		}
		var room scratch
		defer room.close()
		data, err := a.readFolder(files, room.open)
		if err != nil {
			return err
		}
		result, err := a.compute(c.scheme, files, data, c.params)
		if err != nil {
			return err
		}
		switch {
		case c.compare != "" || len(c.otherParams) > 0:
			other, err := a.compute(cmp.Or(c.compare, c.scheme), files, data, c.otherParams)
			if err != nil {
				return err
			}
			return report.Comparison(a.stdout, scoring.Compare(result, other), a.scoringWords(), string(a.words.Lang()))
		case c.explain != "":
			return a.explain(result, c.explain)
		}
		return a.writeResult(result, c.format)
	})
	flags := cmd.Flags()
	flags.StringVar(&c.scheme, "scheme", "", a.words.Say("cli.flag_scheme", nil))
	flags.StringVar(&c.data, "data", "", a.words.Say("cli.flag_data", nil))
	flags.StringVar(&c.format, "format", "table", a.words.Say("cli.flag_format", nil))
	flags.StringVar(&c.explain, "explain", "", a.words.Say("cli.flag_explain", nil))
	flags.StringArrayVar(&c.params, "param", nil, a.words.Say("cli.flag_param", nil))
	flags.StringVar(&c.compare, "compare", "", a.words.Say("cli.flag_compare", nil))
	flags.StringArrayVar(&c.otherParams, "compare-param", nil, a.words.Say("cli.flag_compare_param", nil))
	return cmd
}

func (a *app) checkCall(c scoreCall) error {
	for _, flag := range []struct{ name, value string }{{"--scheme", c.scheme}, {"--data", c.data}} {
		if flag.value == "" {
			return usageError{errors.New(a.words.Say("cli.need_flag", map[string]any{"Flag": flag.name}))}
		}
	}
	for _, params := range [][]string{c.params, c.otherParams} {
		if _, err := a.readParams(params); err != nil {
			return err
		}
	}
	return a.checkFormat(c.format)
}

// compute scores data by a scheme; warnings go to stderr. The files the data was read from tell where its faults stand.
func (a *app) compute(scheme string, files scoring.Files, data *scoring.Data, overrides []string) (*scoring.Result, error) {
	params, err := a.readParams(overrides)
	if err != nil {
		return nil, err
	}
	s, err := a.readScheme(scheme)
	if err != nil {
		return nil, err
	}
	result, faults := scoring.Compute(s, data, params)
	if len(faults.Errors()) > 0 {
		return nil, scoring.Locate(files, faults.Errors())
	}
	for _, f := range faults.Warnings() {
		a.tell("%s", a.fault(f))
	}
	a.tellNotices(files, result.Notices)
	return result, nil
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
	if !slices.Contains([]string{"table", "csv", "json", "xlsx"}, format) {
		return usageError{errors.New(a.words.Say("cli.bad_format", nil))}
	}
	return nil
}

// tellNotices says on stderr what a reader should know of files although nothing is wrong.
func (a *app) tellNotices(files scoring.Files, notices []scoring.Notice) {
	var all scoring.Faults
	for _, n := range notices {
		all = append(all, n.Fault())
	}
	for _, f := range scoring.Locate(files, all) {
		a.tell("%s", a.fault(f))
	}
}

// readFolder reads the files of a data folder; notices go to stderr.
func (a *app) readFolder(files scoring.Files, overflow scoring.Overflow) (*scoring.Data, error) {
	data, notices, faults := scoring.ReadFolder(files, overflow)
	a.tellNotices(files, notices)
	if len(faults.Errors()) > 0 {
		return nil, faults
	}
	return data, nil
}

// dataFiles are the CSV files of a folder, with the sheets of the workbooks in it, or of one workbook.
// The caller closes those that are open, also after an error.
func (a *app) dataFiles(path string) (scoring.Files, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, errors.New(a.words.Say("cli.file_unreadable", map[string]any{"File": path}))
	}
	names := []string{path}
	if info.IsDir() {
		names = nil
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, errors.New(a.words.Say("cli.file_unreadable", map[string]any{"File": path}))
		}
		for _, entry := range entries {
			if !strings.HasPrefix(entry.Name(), "~$") {
				names = append(names, filepath.Join(path, entry.Name()))
			}
		}
	}
	files := scoring.Files{}
	for _, name := range names {
		if err := a.dataFile(files, name); err != nil {
			return files, err
		}
	}
	return files, nil
}

func closeFiles(files scoring.Files) {
	for _, f := range files {
		if file, ok := f.(io.Closer); ok {
			_ = file.Close() // it was only read
		}
	}
}

// dataFile adds a CSV file, or what a workbook holds; a table that came before stands in two places.
func (a *app) dataFile(files scoring.Files, name string) error {
	base := filepath.Base(name)
	var tables scoring.Files
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv":
		file, err := openFile(name)
		if err != nil {
			return errors.New(a.words.Say("cli.file_unreadable", map[string]any{"File": name}))
		}
		tables = scoring.Files{strings.ToLower(base): file}
	case ".xlsx":
		src, err := os.ReadFile(name)
		if err != nil {
			return errors.New(a.words.Say("cli.file_unreadable", map[string]any{"File": name}))
		}
		sheets, faults := workbook.Files(base, src)
		if len(faults) > 0 {
			return faults
		}
		tables = scoring.InMemory(sheets)
	}
	for table, text := range tables {
		if _, twice := files[table]; twice {
			closeFiles(tables)
			return errors.New(a.words.Say("cli.table_twice", map[string]any{"Table": table, "File": base}))
		}
		files[table] = text
	}
	return nil
}

// openFile opens what is a file.
func openFile(name string) (*os.File, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || info.IsDir() {
		return nil, errors.Join(err, file.Close(), fs.ErrInvalid)
	}
	return file, nil
}

func (a *app) writeResult(result *scoring.Result, format string) error {
	switch format {
	case "csv":
		return result.WriteCSV(a.stdout)
	case "json":
		return result.WriteJSON(a.stdout)
	case "xlsx":
		return report.XLSX(a.stdout, result, a.scoringWords(), string(a.words.Lang()))
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
