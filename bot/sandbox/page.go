package sandbox

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed web
var webFiles embed.FS

// pagePolicy lets the page load from this server alone and run no inline code.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pageRoutes serves the page and its interface.
func (s *Sandbox) pageRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", s.serveAsset)
	mux.HandleFunc("GET /web/", s.serveAsset)
	mux.HandleFunc("GET /favicon.ico", s.serveAsset)

	mux.HandleFunc("GET /sandbox/state", s.serveState)
	mux.HandleFunc("GET /sandbox/events", s.serveEvents)
	mux.HandleFunc("GET /sandbox/people/{id}", s.servePerson)
	mux.HandleFunc("POST /sandbox/people", s.addPeople)
	mux.HandleFunc("POST /sandbox/people/{id}/{act}", s.serveAct)
	mux.HandleFunc("GET /sandbox/files/{id}", s.serveShownFile)
	mux.HandleFunc("GET /sandbox/traffic", s.serveTraffic)
	mux.HandleFunc("GET /sandbox/violations", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, append([]Violation{}, s.Violations()...))
	})
	mux.HandleFunc("GET /sandbox/stats", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.Stats()) })
	mux.HandleFunc("GET /sandbox/unanswered", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, append([]Act{}, s.Unanswered(0)...))
	})
	mux.HandleFunc("POST /sandbox/faults", s.addFault)
}

// guard keeps other sites' pages out: the page's interface answers only under
// names that a browser cannot be led to by DNS, and changes nothing for a
// request that another origin's page sent.
func (s *Sandbox) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		switch {
		case !s.knownHost(r.Host):
			writeError(w, http.StatusForbidden, "unknown_host")
		case r.Method != http.MethodGet && r.Method != http.MethodHead && crossSite(r):
			writeError(w, http.StatusForbidden, "cross_site")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (s *Sandbox) knownHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host) != nil || slices.Contains(s.cfg.Hosts, host)
}

// crossSite tells whether a page of another origin sent the request. Programs
// send neither header.
func crossSite(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || !strings.EqualFold(u.Host, r.Host)
}

// serveAsset serves the embedded files of the page.
func (s *Sandbox) serveAsset(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	switch name {
	case "":
		name = "web/index.html"
	case "favicon.ico":
		name = "web/icon.svg"
	}
	body, err := fs.ReadFile(webFiles, path.Clean(name))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	// The client may be gone; there is nobody left to tell.
	_, _ = w.Write(body)
}

// serveShownFile serves a file of a message to the page. Only pictures are
// shown in place; anything else is saved, so that no file can run as a page.
func (s *Sandbox) serveShownFile(w http.ResponseWriter, r *http.Request) {
	f, ok := s.files.get(r.PathValue("id"))
	if !ok {
		writeError(w, http.StatusNotFound, "unknown_file")
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "private, max-age=3600")
	if f.photo {
		h.Set("Content-Type", f.MIME)
	} else {
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	}
	// The client may be gone; there is nobody left to tell.
	_, _ = w.Write(f.content)
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	// The client may be gone; there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(v)
}

func writeError(w http.ResponseWriter, code int, name string) {
	writeJSON(w, code, map[string]string{"error": name})
}

// errorNames are what the page's interface calls the errors of acting.
var errorNames = []struct {
	err  error
	name string
}{
	{ErrUnknownPerson, "unknown_person"}, {ErrNotStarted, "not_started"}, {ErrBlocked, "blocked"},
	{ErrUnknownMessage, "unknown_message"}, {ErrNoButton, "no_button"}, {ErrBadPayload, "bad_payload"},
	{ErrBadInput, "bad_input"},
}

func writeActError(w http.ResponseWriter, err error) {
	for _, e := range errorNames {
		if errors.Is(err, e.err) {
			writeJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": e.name, "detail": err.Error()})
			return
		}
	}
	writeError(w, http.StatusInternalServerError, "internal")
}

func pathID(r *http.Request) int64 {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0
	}
	return id
}
