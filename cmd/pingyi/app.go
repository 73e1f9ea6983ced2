package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pingyi/bot/locales"
	"pingyi/survey"
)

// The exit codes of the command line.
const (
	exitDone = iota
	exitFailed
	exitUsage
)

// app is what every subcommand shares: where it reads and writes, and the words it uses.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
	stop           context.CancelFunc // a second signal ends the process at once

	bundle *locales.Bundle
	words  *locales.Printer
}

// usageError is wrong use of the command line.
type usageError struct{ error }

// Unwrap returns what is wrong.
func (u usageError) Unwrap() error { return u.error }

// reported is a failure that has been put into words already.
var errReported = errors.New("reported")

// run executes one command line and returns the exit code.
func run(ctx context.Context, stop context.CancelFunc, args []string, stdin io.Reader, stdout, stderr io.Writer, environ []string) int {
	bundle, err := locales.Load()
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return exitFailed
	}
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, environ: environ, stop: stop, bundle: bundle}
	lang := flagLang(args)
	if lang == "" {
		lang = environment(environ, "PINGYI_LANG")
	}
	if !slices.Contains(languages(), lang) {
		lang = "zh-Hans"
	}
	a.words = bundle.Printer(survey.Lang(lang))
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		return a.fail(err)
	}
	return exitDone
}

func languages() []string { return []string{"zh-Hans", "zh-Hant", "en"} }

// flagLang finds --lang before the flags are parsed, as help and faults need it too.
func flagLang(args []string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--lang="); ok {
			return value
		}
		if arg == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

func environment(environ []string, name string) string {
	for _, pair := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

// root is the tree of subcommands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "pingyi", Short: a.words.Say("cli.root", nil), SilenceErrors: true, SilenceUsage: true,
		Args: a.args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.PersistentFlags().String("lang", "", a.words.Say("cli.flag_lang", nil))
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if lang, _ := cmd.Flags().GetString("lang"); lang != "" && !slices.Contains(languages(), lang) {
			return usageError{errors.New(a.words.Say("cli.config_lang", map[string]any{"Name": "--lang"}))}
		}
		return nil
	}
	root.AddCommand(
		a.demo(), a.serve(), a.migrate(), a.doctor(), a.initialise(), a.apply(), a.questionnaire(),
		a.scheme(), a.round(), a.evaluation(), a.score(), a.importBallots(), a.export(), a.audit(),
	)
	return root
}

// command is a subcommand with its words from the locale files: cli.<name>.
func (a *app) command(use, key string, args cobra.PositionalArgs, do func(*cobra.Command, []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: a.words.Say(key, nil), Args: a.args(args), RunE: do}
}

// group is a subcommand that only holds others.
func (a *app) group(use, key string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: a.words.Say(key, nil), Args: a.args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError{errors.New(a.words.Say("cli.subcommand", map[string]any{"Command": cmd.CommandPath()}))}
		},
	}
	cmd.AddCommand(subs...)
	return cmd
}

func (a *app) args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// fail puts a failure into words, once, and picks the exit code.
func (a *app) fail(err error) int {
	var usage usageError
	switch {
	case errors.Is(err, errReported):
		return exitFailed
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"):
		a.tell("%s\n%s", err, a.words.Say("cli.see_help", nil))
		return exitUsage
	}
	a.tellFaults(err)
	return exitFailed
}

// tell writes a line for people to stderr.
func (a *app) tell(format string, args ...any) {
	_, _ = fmt.Fprintf(a.stderr, format+"\n", args...)
}

// print writes data to stdout.
func (a *app) print(format string, args ...any) error {
	if _, err := fmt.Fprintf(a.stdout, format, args...); err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	return nil
}
