package sandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	maxUpload = 50 << 20 // bytes of a file a bot sends
	maxField  = 1 << 20  // bytes of any other parameter
)

// upload is a file that came with a request.
type upload struct {
	name    string
	mime    string
	content []byte
}

// rawParam is a parameter before its type is known: text of a form field or of
// a JSON string, another JSON value, or a file.
type rawParam struct {
	text   string
	json   bool // text is JSON, not a string
	upload *upload
}

// params are a request's checked parameters.
type params struct {
	raw   map[string]rawParam
	ints  map[string]int64
	bools map[string]bool
	files map[string]*upload // by part name, those not yet used
}

// readParams collects parameters from the address and the body.
func readParams(r *http.Request) (map[string]rawParam, error) {
	out := map[string]rawParam{}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badForm("can't parse the query string")
	}
	if err := addForm(out, query); err != nil {
		return nil, err
	}
	kind, opts, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "multipart/form-data":
		return out, readMultipart(out, r.Body, opts["boundary"])
	case "application/json":
		body, err := readAll(r.Body, maxField, "the body")
		if err != nil {
			return nil, err
		}
		return out, addJSON(out, body)
	case "application/x-www-form-urlencoded":
		body, err := readAll(r.Body, maxField, "the body")
		if err != nil {
			return nil, err
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, badForm("can't parse the form")
		}
		return out, addForm(out, form)
	}
	if n, _ := io.CopyN(io.Discard, r.Body, 1); n > 0 {
		return nil, badForm("a body of type " + quoted(kind) + " is not understood")
	}
	return out, nil
}

func readAll(r io.Reader, limit int, what string) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, badForm("can't read " + what)
	}
	if len(body) > limit {
		return nil, &refusal{code: http.StatusRequestEntityTooLarge, description: "Request Entity Too Large", form: true}
	}
	return body, nil
}

func addForm(out map[string]rawParam, form url.Values) error {
	for name, values := range form {
		if _, twice := out[name]; twice || len(values) != 1 {
			return badForm("parameter " + quoted(name) + " is given twice")
		}
		out[name] = rawParam{text: values[0]}
	}
	return nil
}

func addJSON(out map[string]rawParam, body []byte) error {
	if len(body) == 0 {
		return nil
	}
	var obj map[string]json.RawMessage
	if err := json.Unmarshal(body, &obj); err != nil {
		return badForm("can't parse the body: not a JSON object")
	}
	for name, raw := range obj {
		if _, twice := out[name]; twice {
			return badForm("parameter " + quoted(name) + " is given twice")
		}
		var text string
		if json.Unmarshal(raw, &text) == nil && string(raw) != "null" {
			out[name] = rawParam{text: text}
		} else {
			out[name] = rawParam{text: string(raw), json: true}
		}
	}
	return nil
}

func readMultipart(out map[string]rawParam, r io.Reader, boundary string) error {
	body := bufio.NewReader(r)
	if _, err := body.Peek(1); errors.Is(err, io.EOF) {
		return nil // clients without parameters send the header and an empty body
	}
	parts := multipart.NewReader(body, boundary)
	for {
		part, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // a wrapped EOF is a body cut short
			return nil
		}
		if err != nil {
			return badForm("can't parse the multipart body")
		}
		name := part.FormName()
		if _, twice := out[name]; twice || name == "" {
			return badForm("parameter " + quoted(name) + " is given twice or has no name")
		}
		if part.FileName() == "" {
			body, err := readAll(part, maxField, name)
			if err != nil {
				return err
			}
			out[name] = rawParam{text: string(body)}
			continue
		}
		body, err := readAll(part, maxUpload, name)
		if err != nil {
			return err
		}
		out[name] = rawParam{upload: &upload{name: part.FileName(), mime: part.Header.Get("Content-Type"), content: body}}
	}
}

// check turns raw parameters into checked ones after the method's shape. Files
// whose names are not parameters must be used by an attach:// address.
func (s *Sandbox) check(want shape, raw map[string]rawParam) (*params, error) {
	p := &params{raw: raw, ints: map[string]int64{}, bools: map[string]bool{}, files: map[string]*upload{}}
	for name, r := range raw {
		f, known := want[name]
		switch {
		case r.upload != nil && (!known || f.kind == "file"):
			p.files[name] = r.upload
		case !known:
			return nil, badForm("unknown parameter " + quoted(name))
		case r.upload != nil:
			return nil, badForm("parameter " + quoted(name) + " is not a file")
		default:
			if err := s.checkParam(p, name, f, r); err != nil {
				return nil, err
			}
		}
	}
	for name, f := range want {
		if r, has := raw[name]; f.required && (!has || r.upload == nil && r.text == "" && f.kind != "string") {
			return nil, badForm("parameter " + quoted(name) + " is required")
		}
	}
	return p, nil
}

func (s *Sandbox) checkParam(p *params, name string, f field, r rawParam) error {
	wrong := func() error {
		return badForm(fmt.Sprintf("parameter %q must be of type %s", name, f.kind))
	}
	switch f.kind {
	case "string", "file":
		if r.json {
			return wrong()
		}
	case "int":
		n, err := strconv.ParseInt(r.text, 10, 64)
		if err != nil {
			return wrong()
		}
		p.ints[name] = n
	case "bool":
		if !slices.Contains([]string{"true", "false", "True", "False", "1", "0"}, r.text) {
			return wrong()
		}
		p.bools[name] = strings.EqualFold(r.text, "true") || r.text == "1"
	case "chat":
		n, err := strconv.ParseInt(r.text, 10, 64)
		if err != nil && (r.json || !strings.HasPrefix(r.text, "@")) {
			return wrong()
		}
		p.ints[name] = n
	default:
		return s.checkJSON(name, f.kind, []byte(r.text))
	}
	return nil
}

func (p *params) has(name string) bool         { _, ok := p.raw[name]; return ok }
func (p *params) str(name string) string       { return p.raw[name].text }
func (p *params) num(name string) int64        { return p.ints[name] }
func (p *params) flag(name string) bool        { return p.bools[name] }
func (p *params) file(name string) *upload     { return p.raw[name].upload }
func (p *params) used(name string)             { delete(p.files, name) }
func (p *params) attached(name string) *upload { return p.files[name] }

// into decodes a JSON parameter that check has accepted; it leaves v alone
// where the parameter is absent.
func (p *params) into(name string, v any) error {
	if !p.has(name) {
		return nil
	}
	if err := json.Unmarshal([]byte(p.str(name)), v); err != nil {
		return badForm("can't parse " + name)
	}
	return nil
}

// leftover names an uploaded file that nothing refers to.
func (p *params) leftover() (string, bool) {
	for name := range p.files {
		return name, true
	}
	return "", false
}
