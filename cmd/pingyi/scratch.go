package main

import (
	"errors"
	"os"

	"pingyi/scoring"
)

// scratch holds the temporary files of one run. They have no name once they are open, so that nobody else
// reads what respondents said, and nothing is left behind however the process ends.
type scratch struct{ files []*os.File }

// open opens one more in the directory that TMPDIR names, or the system's own.
func (s *scratch) open() (scoring.Scratch, error) {
	file, err := os.CreateTemp("", "pingyi-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	s.files = append(s.files, file)
	return file, nil
}

func (s *scratch) close() {
	for _, file := range s.files {
		_ = file.Close() // nothing in it is needed any more
	}
}
