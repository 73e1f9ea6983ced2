package main

import (
	"errors"

	"pingyi/scoring"
	"pingyi/storage"
	"pingyi/survey"
)

// tellFaults puts what went wrong into words on stderr: a line for every fault.
func (a *app) tellFaults(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			a.tellFaults(one)
		}
		return
	}
	var files survey.Faults
	var scores scoring.Faults
	var setting configFault
	switch {
	case errors.As(err, &files):
		for _, f := range files {
			a.tell("%s", a.words.Fault(f))
		}
	case errors.As(err, &scores):
		for _, f := range scores {
			a.tell("%s", a.fault(f))
		}
	case errors.As(err, &setting):
		a.tell("%s: %s", setting.name, a.words.Say(setting.code, map[string]any{"Name": setting.name}))
	default:
		a.tell("%s", a.reason(err))
	}
}

// fault says a fault of scoring.
func (a *app) fault(f scoring.Fault) string {
	return a.words.Fault(survey.Fault{File: f.File, Line: f.Line, Column: f.Column, Code: f.Code, Args: f.Args})
}

// reason says an error in words: those the house knows by its sentinels, the rest as they are.
func (a *app) reason(err error) string {
	if storage.Away(err) {
		return a.words.Say("cli.error_away", nil)
	}
	for _, known := range []struct {
		is  error
		key string
	}{
		{storage.ErrSecret, "cli.error_secret"},
		{storage.ErrSchema, "cli.error_schema"},
		{survey.ErrClosed, "cli.error_closed"},
		{survey.ErrPaused, "cli.error_paused"},
		{survey.ErrNotYet, "cli.error_not_yet"},
		{survey.ErrNotFound, "cli.error_not_found"},
		{survey.ErrStale, "cli.error_stale"},
	} {
		if errors.Is(err, known.is) {
			return a.words.Say(known.key, nil)
		}
	}
	return err.Error()
}
