// Package locales holds every word the program says to people, in every language it speaks, and
// says them.
//
// Words stand in YAML files named <area>.<language>.yaml, one flat key per message: "area.key: …".
// A message is a text/template over named arguments; where it depends on a number it has CLDR plural
// forms (one, other) and is said by Count. Adding a language means adding its files.
package locales

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"pingyi/scoring"
	"pingyi/survey"
)

//go:embed *.yaml
var words embed.FS

// Args are the named arguments of a message.
type Args = map[string]any

// Bundle holds the messages of all languages. It is safe for concurrent use.
type Bundle struct {
	bundle   *i18n.Bundle
	printers map[survey.Lang]*Printer
}

// Load reads the messages of this package, those that scoring brings along and those of further file
// systems: every file named *.yaml at their top level or below. A file that cannot be read is an error
// naming it.
func Load(more ...fs.FS) (*Bundle, error) {
	b := &Bundle{
		bundle:   i18n.NewBundle(language.Make(string(survey.ZhHans))),
		printers: make(map[survey.Lang]*Printer),
	}
	b.bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	for _, files := range append([]fs.FS{words, scoring.Locales()}, more...) {
		if err := b.read(files); err != nil {
			return nil, err
		}
	}
	for _, l := range survey.Langs() {
		b.printers[l] = &Printer{
			lang:  l,
			own:   i18n.NewLocalizer(b.bundle, string(l)),
			first: i18n.NewLocalizer(b.bundle, string(survey.ZhHans)),
		}
	}
	return b, nil
}

func (b *Bundle) read(files fs.FS) error {
	return fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".yaml" {
			return err
		}
		src, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("words %s: %w", name, err)
		}
		_, lang, _ := strings.Cut(strings.TrimSuffix(path.Base(name), ".yaml"), ".")
		if !survey.Lang(lang).Known() {
			return fmt.Errorf("words %s: the name says no language of the program", name)
		}
		if _, err := b.bundle.ParseMessageFileBytes(src, path.Base(name)); err != nil {
			return fmt.Errorf("words %s: %w", name, err)
		}
		return nil
	})
}

// Printer returns the printer for a language; for one the product does not speak, that for
// simplified Chinese.
func (b *Bundle) Printer(l survey.Lang) *Printer {
	if p, ok := b.printers[l]; ok {
		return p
	}
	return b.printers[survey.ZhHans]
}

// Languages returns the languages that can be printed, sorted by tag.
func (b *Bundle) Languages() []survey.Lang {
	return slices.Sorted(maps.Keys(b.printers))
}

// Printer says messages in one language. It is safe for concurrent use.
type Printer struct {
	lang       survey.Lang
	own, first *i18n.Localizer
	plain      sync.Map // key → message without arguments, once it was said
}

// Lang returns the printer's language.
func (p *Printer) Lang() survey.Lang { return p.lang }

// Say returns the message with its arguments filled in. A message missing in the printer's language
// is said in simplified Chinese; where it is missing there too the key is returned: a missing word
// must not keep anybody from answering.
func (p *Printer) Say(key string, args Args) string {
	if len(args) > 0 {
		return p.say(&i18n.LocalizeConfig{MessageID: key, TemplateData: args})
	}
	if said, ok := p.plain.Load(key); ok {
		return said.(string)
	}
	said := p.say(&i18n.LocalizeConfig{MessageID: key})
	if p.Has(key) { // not whatever somebody asks for
		p.plain.Store(key, said)
	}
	return said
}

// Count is Say for a message that depends on a number: it chooses the plural form, and the message
// has the number as {{.Count}} beside its other arguments.
func (p *Printer) Count(key string, n int, args Args) string {
	all := Args{"Count": n}
	maps.Copy(all, args)
	return p.say(&i18n.LocalizeConfig{MessageID: key, TemplateData: all, PluralCount: n})
}

// Has reports whether the message exists in the printer's language.
func (p *Printer) Has(key string) bool {
	_, tag, err := p.own.LocalizeWithTag(&i18n.LocalizeConfig{MessageID: key})
	return err == nil && tag == language.Make(string(p.lang))
}

func (p *Printer) say(c *i18n.LocalizeConfig) string {
	for _, l := range []*i18n.Localizer{p.own, p.first} {
		if s, err := l.Localize(c); err == nil {
			return s
		}
	}
	return c.MessageID
}

// Fault says a fault the way compilers do: file, line and column, then what is wrong and what to do.
// The fault's code is the key of its words; one without words is given as it is, arguments and all.
func (p *Printer) Fault(f survey.Fault) string {
	words := p.Say(f.Code, p.yamlWords(f))
	if words == f.Code {
		return f.String()
	}
	place := f.File
	if f.Line > 0 {
		place += fmt.Sprintf(":%d", f.Line)
	}
	if f.Line > 0 && f.Column > 0 {
		place += fmt.Sprintf(":%d", f.Column)
	}
	if place != "" {
		place += ": "
	}
	return place + words
}
