package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"pingyi/scoring"
	"pingyi/scoring/schemes"
)

// scheme lists, shows and checks schemes.
func (a *app) scheme() *cobra.Command {
	list := a.command("list", "cli.scheme_list", cobra.NoArgs, func(*cobra.Command, []string) error {
		t := a.newTable("cli.col_code", "cli.col_title")
		for _, name := range schemes.Names() {
			s, err := a.readScheme(name)
			if err != nil {
				return err
			}
			t.row(name, s.Title.In(string(a.words.Lang())))
		}
		return t.write(a.stdout)
	})
	var source bool
	show := a.command("show NAME|FILE", "cli.scheme_show", cobra.ExactArgs(1), func(_ *cobra.Command, args []string) error {
		if source {
			src, err := a.schemeSource(args[0])
			if err != nil {
				return err
			}
			return a.print("%s", src)
		}
		s, err := a.readScheme(args[0])
		if err != nil {
			return err
		}
		return a.print("%s", s.Show(a.scoringWords(), string(a.words.Lang())))
	})
	show.Flags().BoolVar(&source, "source", false, a.words.Say("cli.flag_source", nil))
	schema := a.command("schema", "cli.scheme_schema", cobra.NoArgs, func(*cobra.Command, []string) error {
		return a.print("%s\n", scoring.JSONSchema())
	})
	return a.group("scheme", "cli.scheme", list, show, a.schemeCheck(), schema)
}

// schemeCheck checks scheme files, by themselves or together with a data folder. What only warns a computation
// fails a check.
func (a *app) schemeCheck() *cobra.Command {
	var data string
	var overrides []string
	cmd := a.command("check FILE…", "cli.scheme_check", cobra.MinimumNArgs(1), func(_ *cobra.Command, args []string) error {
		params, err := a.readParams(overrides)
		if err != nil {
			return err
		}
		var faults []error
		for _, file := range args {
			if err := a.checkScheme(file, data, params); err != nil {
				faults = append(faults, err)
				continue
			}
			if err := a.print("%s\n", a.words.Say("cli.file_good", map[string]any{"File": file})); err != nil {
				return err
			}
		}
		return errors.Join(faults...)
	})
	cmd.Flags().StringVar(&data, "data", "", a.words.Say("cli.flag_check_data", nil))
	cmd.Flags().StringArrayVar(&overrides, "param", nil, a.words.Say("cli.flag_param", nil))
	return cmd
}

// checkScheme checks one scheme; data is empty where it is checked by itself.
func (a *app) checkScheme(file, data string, params scoring.Params) error {
	src, err := a.schemeSource(file)
	if err != nil {
		return err
	}
	found := scoring.Faults(nil)
	if data == "" {
		found = scoring.CheckScheme(file, src)
	} else {
		files, err := a.dataFiles(data)
		defer closeFiles(files)
		if err != nil {
			return err
		}
		var room scratch
		defer room.close()
		var notices []scoring.Notice
		found, notices = scoring.CheckFolder(file, src, files, room.open, params)
		a.tellNotices(files, notices)
	}
	if len(found) > 0 {
		return found
	}
	return nil
}

// schemeSource reads a scheme file, or a shipped scheme by its name where there is no such file.
func (a *app) schemeSource(nameOrFile string) ([]byte, error) {
	src, err := os.ReadFile(nameOrFile)
	if err != nil { // no such file, or a folder, such as a data folder named like its scheme
		if shipped, ok := schemes.Source(nameOrFile); ok {
			return shipped, nil
		}
		return nil, errors.New(a.words.Say("cli.scheme_unknown", map[string]any{"Name": nameOrFile}))
	}
	return src, nil
}

// readScheme reads a scheme; what is only a warning goes to stderr.
func (a *app) readScheme(nameOrFile string) (*scoring.Scheme, error) {
	src, err := a.schemeSource(nameOrFile)
	if err != nil {
		return nil, err
	}
	s, faults := scoring.ParseScheme(nameOrFile, src)
	if len(faults.Errors()) > 0 {
		return nil, faults
	}
	for _, f := range faults.Warnings() {
		a.tell("%s", a.fault(f))
	}
	return s, nil
}
