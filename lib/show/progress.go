package show

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"html"
	"sync"
	"time"
)

// redraw is how often a progress bar changes at most.
const redraw = 150 * time.Millisecond

// Progress returns a callback for long work, such as eval's: it draws one bar that moves in place, with the time
// that is left, and when done reaches total becomes one line that stays. Outside a notebook it is quiet. It may be
// called from several goroutines. Work that is done at its first call, such as a run that its log answers, shows
// nothing but that line.
func Progress() func(done, total int, label string) {
	if !inNotebook() {
		return func(int, int, string) {}
	}
	return newProgress(time.Now).report
}

type progress struct {
	mu       sync.Mutex
	now      func() time.Time
	id       string
	start    time.Time
	first    int    // what was done at the start
	what     string // the first label: the work as a whole
	last     time.Time
	finished bool
}

func newProgress(now func() time.Time) *progress {
	id := make([]byte, 8)
	rand.Read(id) // unique in the notebook; it is transient and not kept in the file
	return &progress{now: now, id: "bellwether-" + hex.EncodeToString(id)}
}

func (p *progress) report(done, total int, label string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.start.IsZero() {
		p.start, p.first, p.what = now, done, label
	}
	if p.finished {
		if done >= total {
			return
		}
		p.finished = false
	}
	if done >= total {
		p.finished = true
		line := fmt.Sprintf("%s: %d of %d", p.what, done, total)
		if asked := done - p.first; asked > 0 {
			line += " in " + duration(now.Sub(p.start))
			if p.first > 0 {
				line += fmt.Sprintf(" (%d were there)", p.first)
			}
		} else {
			line += ", all there already"
		}
		bundle{html: `<small style="opacity:.7">✓ ` + html.EscapeString(line) + `</small>`, plain: line, id: p.id}.show()
		flush()
		return
	}
	if now.Sub(p.last) < redraw {
		return
	}
	p.last = now
	line := fmt.Sprintf("%s: %d of %d", label, done, total)
	if left, ok := p.left(done, total, now); ok {
		line += ", " + duration(left) + " left"
	}
	bundle{
		html:  fmt.Sprintf(`<progress value="%d" max="%d" style="width:240px;vertical-align:middle"></progress> <small>%s</small>`, done, total, html.EscapeString(line)),
		plain: line, id: p.id,
	}.show()
}

// left estimates the time that the rest takes, after two seconds.
func (p *progress) left(done, total int, now time.Time) (time.Duration, bool) {
	spent := now.Sub(p.start)
	if done <= p.first || spent < 2*time.Second {
		return 0, false
	}
	return time.Duration(float64(spent) / float64(done-p.first) * float64(total-done)), true
}

// duration writes a time as a reader says it: "0.4 s", "12 s", "3 min 5 s", "2 h 10 min".
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}
