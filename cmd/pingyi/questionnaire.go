package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"pingyi/survey"
)

// questionnaire checks and previews questionnaire files.
func (a *app) questionnaire() *cobra.Command {
	check := a.command("check FILE…", "cli.questionnaire_check", cobra.MinimumNArgs(1), func(_ *cobra.Command, args []string) error {
		var faults []error
		for _, file := range args {
			if _, err := a.readQuestionnaire(file); err != nil {
				faults = append(faults, err)
				continue
			}
			if err := a.print("%s\n", a.words.Say("cli.file_good", map[string]any{"File": file})); err != nil {
				return err
			}
		}
		return errors.Join(faults...)
	})
	preview := a.command("preview FILE", "cli.questionnaire_preview", cobra.ExactArgs(1), func(_ *cobra.Command, args []string) error {
		q, err := a.readQuestionnaire(args[0])
		if err != nil {
			return err
		}
		return a.print("%s", a.previewOf(q))
	})
	return a.group("questionnaire", "cli.questionnaire", check, preview)
}

func (a *app) readQuestionnaire(file string) (*survey.Questionnaire, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, errors.New(a.words.Say("cli.file_unreadable", map[string]any{"File": file}))
	}
	q, faults := survey.ParseQuestionnaire(file, src)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return q, nil
}

// previewOf writes a questionnaire as a respondent meets it, with what is behind it: codes, points and
// conditions.
func (a *app) previewOf(q *survey.Questionnaire) string {
	lang := a.words.Lang()
	var b strings.Builder
	fmt.Fprintf(&b, "%s  [%s]\n", q.Title.In(lang), q.Code)
	if intro := q.Intro.In(lang); intro != "" {
		fmt.Fprintf(&b, "%s\n", intro)
	}
	section := ""
	for i := range q.Items {
		it := &q.Items[i]
		if title := it.Section.In(lang); title != section {
			section = title
			fmt.Fprintf(&b, "\n── %s ──\n", title)
		}
		fmt.Fprintf(&b, "\n%d. %s  [%s · %s]\n", it.N, it.Text.In(lang), it.Code, a.kindOf(it))
		if help := it.Help.In(lang); help != "" {
			fmt.Fprintf(&b, "   %s\n", help)
		}
		a.previewAnswers(&b, it)
		if len(it.ShowIf) > 0 {
			fmt.Fprintf(&b, "   %s\n", a.words.Say("cli.preview_if", map[string]any{"Condition": condition(q, it.ShowIf)}))
		}
	}
	return b.String()
}

func (a *app) kindOf(it *survey.Item) string {
	words := []string{a.words.Say("cli.kind_"+string(it.Kind), nil)}
	if it.Kind == survey.Matrix {
		words = append(words, a.words.Say("cli.kind_"+string(it.Of), nil))
	}
	for _, mark := range []struct {
		is  bool
		key string
	}{{it.Required, "required"}, {it.DontKnow, "dont_know"}, {it.Comment, "comment"}} {
		if mark.is {
			words = append(words, a.words.Say("cli.preview_"+mark.key, nil))
		}
	}
	return strings.Join(words, " · ")
}

func (a *app) previewAnswers(b *strings.Builder, it *survey.Item) {
	lang := a.words.Lang()
	for _, l := range it.Levels {
		points := ""
		if l.Points != nil {
			points = " = " + strings.TrimSuffix(strings.TrimRight(l.Points.FloatString(4), "0"), ".")
		}
		fmt.Fprintf(b, "   ( ) %s  [%d%s]\n", l.Label.In(lang), l.Value, points)
	}
	box := "( )"
	if it.Kind == survey.Multiple {
		box = "[ ]"
		fmt.Fprintf(b, "   %s\n", a.words.Say("cli.preview_choices", map[string]any{"Min": it.MinChoices, "Max": it.MaxChoices}))
	}
	for _, o := range it.Options {
		fmt.Fprintf(b, "   %s %s  [%s]\n", box, o.Label.In(lang), o.Code)
	}
	bound := func(key string, is bool, value func() string) {
		if is {
			fmt.Fprintf(b, "   %s\n", a.words.Say(key, map[string]any{"Value": value()}))
		}
	}
	bound("cli.preview_min", it.Min != nil, func() string { return it.Min.RatString() })
	bound("cli.preview_max", it.Max != nil, func() string { return it.Max.RatString() })
	bound("cli.preview_length", it.Kind == survey.ShortText, func() string { return fmt.Sprint(it.MaxLength) })
}

// condition writes a show-if with the codes of the items it looks at.
func condition(q *survey.Questionnaire, c survey.Condition) string {
	var clauses []string
	for _, clause := range c {
		var tests []string
		for _, t := range clause {
			it, _ := q.Item(t.Item)
			against := strings.Join(t.Values, ", ")
			if t.Bound != nil {
				against = t.Bound.RatString()
			}
			tests = append(tests, fmt.Sprintf("%s %s %s", it.Code, t.Op, against))
		}
		clauses = append(clauses, strings.Join(tests, " & "))
	}
	return strings.Join(clauses, " | ")
}
