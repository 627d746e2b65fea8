package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows long work: bars on a terminal, one line every few seconds
// elsewhere, nothing when quiet (--json).
type progress struct {
	out   io.Writer
	bars  *mpb.Progress // nil unless out is a terminal
	quiet bool
}

// lineEvery is how often a step speaks where there is no terminal.
const lineEvery = 3 * time.Second

func newProgress(out io.Writer, quiet bool) *progress {
	p := &progress{out: out, quiet: quiet}
	if f, ok := out.(*os.File); ok && !quiet && isatty.IsTerminal(f.Fd()) {
		p.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(28), mpb.WithRefreshRate(80*time.Millisecond))
	}
	return p
}

// step is one piece of work that ends in the fact it proved.
type step struct {
	progress *progress
	title    string
	bar      *mpb.Bar
	mu       sync.Mutex
	done     int64
	total    int64
	spoke    time.Time
	fact     string
}

// begin starts a step of total units; 1 for work that has no measure.
func (p *progress) begin(title string, total int64) *step {
	s := &step{progress: p, title: title, total: max(total, 1), spoke: time.Now()}
	if p.bars != nil {
		s.bar = p.bars.AddBar(0, // a total given here could not be changed later
			mpb.PrependDecorators(decor.Name(title, decor.WC{W: 46, C: decor.DindentRight})),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return s.state() })),
		)
		s.bar.SetTotal(s.total, false)
	}
	return s
}

func (s *step) state() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fact != "" {
		return " " + s.fact
	}
	return fmt.Sprintf(" %d/%d", s.done, s.total)
}

// at tells how far the step has come.
func (s *step) at(done int64) {
	s.mu.Lock()
	s.done = done
	speak := s.bar == nil && !s.progress.quiet && time.Since(s.spoke) > lineEvery
	if speak {
		s.spoke = time.Now()
	}
	s.mu.Unlock()
	switch {
	case s.bar != nil:
		s.bar.SetCurrent(min(done, s.total-1))
	case speak:
		fmt.Fprintf(s.progress.out, "  ...   %-46s %d/%d\n", s.title, done, s.total)
	}
}

// of is at, where the total is known only now.
func (s *step) of(done, total int64) {
	s.mu.Lock()
	s.total = max(total, 1)
	s.mu.Unlock()
	if s.bar != nil {
		s.bar.SetTotal(max(total, 1), false)
	}
	s.at(done)
}

// add is at, counted from where the step stands.
func (s *step) add(n int64) {
	s.mu.Lock()
	done := s.done + n
	s.mu.Unlock()
	s.at(done)
}

// end closes the step with the fact it proved.
func (s *step) end(fact string) { s.close("ok", fact) }

// fail closes the step with what went wrong.
func (s *step) fail(why string) { s.close("FAIL", why) }

func (s *step) close(mark, fact string) {
	s.mu.Lock()
	s.fact = mark + "  " + fact
	s.mu.Unlock()
	switch {
	case s.bar != nil:
		s.bar.SetTotal(s.total, true)
	case !s.progress.quiet:
		fmt.Fprintf(s.progress.out, "  %-5s %-46s %s\n", mark, s.title, fact)
	}
}

// wait lets the last frame be drawn.
func (p *progress) wait() {
	if p.bars != nil {
		p.bars.Wait()
	}
}
