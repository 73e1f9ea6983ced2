// Package demo holds Yunhe, the invented city of the demonstration: a project
// folder like any other, and the people one can be while trying it out.
package demo

import (
	"embed"
	"io/fs"
)

//go:embed city
var city embed.FS

// City is the project folder.
func City() fs.FS {
	sub, err := fs.Sub(city, "city")
	if err != nil {
		panic(err) // the folder is embedded by the line above
	}
	return sub
}

//go:embed personas.csv
var personas []byte

// Personas is a table of the people to try the demonstration as: telegram,
// code, and what they are in three languages. All are in the city's people.csv.
func Personas() []byte { return personas }

// The rounds of the city, all drafts.
const (
	Finished = "city-2026-q3"   // the quarter that is over when the demonstration begins
	Present  = "city-2026-q4"   // the quarter under way
	Review   = "staff-360-2026" // the 360° review under way
)
