package sandbox

import (
	"encoding/json"
	"fmt"
	"regexp"
	"sync"
)

// Command is one entry of the bot's command menu.
type Command struct {
	Command     string `json:"command"`
	Description string `json:"description"`
}

type menuButton struct {
	Type   string   `json:"type"`
	Text   string   `json:"text,omitempty"`
	WebApp *wireURL `json:"web_app,omitempty"`
}

// scopeLang is the key of a text or command list; lang "" is for all others.
type scopeLang struct{ scope, lang string }

// profile is what the bot says about itself.
type profile struct {
	mu       sync.RWMutex
	commands map[scopeLang][]Command
	texts    map[scopeLang]string // scope: name, description, short_description
	menu     menuButton
}

func (p *profile) init() {
	p.commands, p.texts = map[scopeLang][]Command{}, map[scopeLang]string{}
	p.menu = menuButton{Type: "default"}
}

var (
	commandForm  = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)
	languageForm = regexp.MustCompile(`^[a-z]{2}$`)
)

func (c *call) language() (string, error) {
	if lang := c.str("language_code"); lang != "" && !languageForm.MatchString(lang) {
		return "", badForm("invalid language code specified: two lower-case letters are expected")
	}
	return c.str("language_code"), nil
}

// scope is the key of a BotCommandScope.
func (c *call) scope() (scopeLang, error) {
	lang, err := c.language()
	if err != nil {
		return scopeLang{}, err
	}
	in := struct {
		Type string          `json:"type"`
		Chat json.RawMessage `json:"chat_id"`
		User int64           `json:"user_id"`
	}{Type: "default"}
	if err := c.into("scope", &in); err != nil {
		return scopeLang{}, err
	}
	key := in.Type
	if len(in.Chat) > 0 {
		key += " " + string(in.Chat)
	}
	if in.User != 0 {
		key += fmt.Sprint(" ", in.User)
	}
	return scopeLang{key, lang}, nil
}

func (s *Sandbox) setMyCommands(c *call) (any, error) {
	key, err := c.scope()
	if err != nil {
		return nil, err
	}
	var list []Command
	if err := c.into("commands", &list); err != nil {
		return nil, err
	}
	if len(list) > 100 {
		return nil, badForm("BOT_COMMANDS_TOO_MUCH: at most 100 commands")
	}
	seen := map[string]bool{}
	for _, cmd := range list {
		n := utf16Len(cmd.Description)
		switch {
		case !commandForm.MatchString(cmd.Command):
			return nil, badForm("BOT_COMMAND_INVALID: " + quoted(cmd.Command))
		case n < 1 || n > 256:
			return nil, badForm("BOT_COMMAND_DESCRIPTION_INVALID: " + quoted(cmd.Command))
		case seen[cmd.Command]:
			return nil, badForm("command " + quoted(cmd.Command) + " is given twice")
		}
		seen[cmd.Command] = true
	}
	s.profile.mu.Lock()
	defer s.profile.mu.Unlock()
	if len(list) == 0 {
		delete(s.profile.commands, key)
	} else {
		s.profile.commands[key] = list
	}
	s.publishAll(Event{Kind: EventProfile})
	return true, nil
}

func (s *Sandbox) getMyCommands(c *call) (any, error) {
	key, err := c.scope()
	if err != nil {
		return nil, err
	}
	s.profile.mu.RLock()
	defer s.profile.mu.RUnlock()
	return append([]Command{}, s.profile.commands[key]...), nil
}

func (s *Sandbox) deleteMyCommands(c *call) (any, error) {
	key, err := c.scope()
	if err != nil {
		return nil, err
	}
	s.profile.mu.Lock()
	defer s.profile.mu.Unlock()
	delete(s.profile.commands, key)
	s.publishAll(Event{Kind: EventProfile})
	return true, nil
}

// Commands is the command menu that a person sees: the narrowest scope that has
// one, in the person's language or else for all.
func (s *Sandbox) Commands(person int64) []Command {
	lang := s.language(person)
	s.profile.mu.RLock()
	defer s.profile.mu.RUnlock()
	for _, scope := range []string{fmt.Sprint("chat ", person), "all_private_chats", "default"} {
		for _, l := range []string{lang, ""} {
			if list := s.profile.commands[scopeLang{scope, l}]; len(list) > 0 {
				return list
			}
		}
	}
	return nil
}

// language is the person's language as two letters.
func (s *Sandbox) language(person int64) string {
	lang := s.user(person).Language
	return lang[:min(2, len(lang))]
}

// profileText is a text of the bot in the person's language or else for all.
func (s *Sandbox) profileText(kind string, person int64) string {
	lang := s.language(person)
	s.profile.mu.RLock()
	defer s.profile.mu.RUnlock()
	if text := s.profile.texts[scopeLang{kind, lang}]; text != "" {
		return text
	}
	return s.profile.texts[scopeLang{kind, ""}]
}

func setText(kind string, most int) func(*Sandbox, *call) (any, error) {
	return func(s *Sandbox, c *call) (any, error) {
		lang, err := c.language()
		if err != nil {
			return nil, err
		}
		text, err := cleanText(c.str(kind))
		if err != nil {
			return nil, err
		}
		if utf16Len(text) > most {
			return nil, badForm(kind + " must have at most " + itoa(most) + " characters")
		}
		s.profile.mu.Lock()
		defer s.profile.mu.Unlock()
		s.profile.texts[scopeLang{kind, lang}] = text
		s.publishAll(Event{Kind: EventProfile})
		return true, nil
	}
}

func getText(kind string) func(*Sandbox, *call) (any, error) {
	return func(s *Sandbox, c *call) (any, error) {
		lang, err := c.language()
		if err != nil {
			return nil, err
		}
		s.profile.mu.RLock()
		defer s.profile.mu.RUnlock()
		text := s.profile.texts[scopeLang{kind, lang}]
		if text == "" && lang != "" {
			text = s.profile.texts[scopeLang{kind, ""}]
		}
		if text == "" && kind == "name" {
			text = s.bot.FirstName
		}
		return map[string]string{kind: text}, nil
	}
}

func (s *Sandbox) setChatMenuButton(c *call) (any, error) {
	menu := menuButton{Type: "default"}
	if err := c.into("menu_button", &menu); err != nil {
		return nil, err
	}
	if menu.Type == "web_app" && (blank(menu.Text) || !httpsForm.MatchString(menu.WebApp.URL)) {
		return nil, badForm("a web app menu button needs a text and an HTTPS address")
	}
	if !c.has("chat_id") {
		s.profile.mu.Lock()
		defer s.profile.mu.Unlock()
		s.profile.menu = menu
		s.publishAll(Event{Kind: EventProfile})
		return true, nil
	}
	ch, err := s.target(c)
	if err != nil {
		return nil, err
	}
	defer ch.mu.Unlock()
	if ch.kind != kindPrivate {
		return nil, badForm("the menu button exists in private chats only")
	}
	ch.menu = &menu
	s.publish(ch, Event{Kind: EventProfile})
	return true, nil
}

func (s *Sandbox) getChatMenuButton(c *call) (any, error) {
	if c.has("chat_id") {
		ch, err := s.target(c)
		if err != nil {
			return nil, err
		}
		defer ch.mu.Unlock()
		if ch.menu != nil {
			return *ch.menu, nil
		}
	}
	s.profile.mu.RLock()
	defer s.profile.mu.RUnlock()
	return s.profile.menu, nil
}

// publishAll tells the followers of all chats something about the bot itself.
func (s *Sandbox) publishAll(e Event) {
	if p := s.hub.all.Load(); p != nil {
		for _, f := range *p {
			f.push(e)
		}
	}
}
