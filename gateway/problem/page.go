package problem

import "net/http"

// Page writes an answer that a person reads; the status has been chosen.
type Page func(w http.ResponseWriter, r *http.Request, fault *Fault)

// PageHandler is a Handler of pages: errors are shown by page.
func PageHandler(handle Handler, page Page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			WritePage(w, r, err, page)
		}
	})
}

// WritePage answers with a page for what err stands for: its status and headers
// are set here, and the page writes the body.
func WritePage(w http.ResponseWriter, r *http.Request, err error, page Page) {
	fault := Of(err)
	report, _ := r.Context().Value(reportKey{}).(*Report)
	note(r, report, fault, err)
	head(w, fault)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", "en")
	page(&statused{ResponseWriter: w, status: fault.Status}, r, fault)
}

// statused sends its status with the first byte.
type statused struct {
	http.ResponseWriter
	status int
	sent   bool
}

func (s *statused) Write(p []byte) (int, error) {
	if !s.sent {
		s.sent = true
		s.ResponseWriter.WriteHeader(s.status)
	}
	return s.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController through.
func (s *statused) Unwrap() http.ResponseWriter { return s.ResponseWriter }
