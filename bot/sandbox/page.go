package sandbox

import "net/http"

func (s *Sandbox) pageRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) })
}
