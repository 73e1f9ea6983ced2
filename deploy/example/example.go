// Package example holds the project folder that "pingyi init" writes: small,
// commented, and complete, so that it can be applied as it is and then changed
// into one's own.
package example

import (
	"embed"
	"io/fs"
)

//go:embed project
var project embed.FS

// Files is the project folder.
func Files() fs.FS {
	sub, err := fs.Sub(project, "project")
	if err != nil {
		panic(err) // the folder is embedded by the line above
	}
	return sub
}
