// Package schemes holds the scheme files shipped with the project. Each is
// read by the same engine as one written elsewhere.
package schemes

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names lists the shipped schemes in order.
func Names() []string {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil // the folder is compiled in
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), path.Ext(e.Name())))
	}
	return out
}

// Source returns the file of a shipped scheme; ok is false for a name that is
// not among Names.
func Source(name string) (src []byte, ok bool) {
	src, err := files.ReadFile(name + ".yaml")
	return src, err == nil
}
