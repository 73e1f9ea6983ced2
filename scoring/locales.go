package scoring

import (
	"embed"
	"io/fs"
)

//go:embed locales/*.yaml
var locales embed.FS

// Locales holds the texts of every code of this package as flat go-i18n
// message files, scoring.<language>.yaml, for the edge to load.
func Locales() fs.FS { return locales }
