package chart_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bellwether/lib/chart"
	"bellwether/lib/chart/echarts"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// A browser is Debian's Chromium, without a network, with what went wrong on its page.
type browser struct {
	context.Context
	t  *testing.T
	mu sync.Mutex
	// messages are what the console says, requests what is asked of any other place than the page's own file
	messages, requests []string
}

func open(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here: charts are not tried in a browser (apt-get install chromium)")
	}
	if testing.Short() {
		t.Skip("short: no browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); cancel() })
	b := &browser{Context: ctx, t: t}
	b.do(chromedp.EmulateViewport(920, 1500))
	messages := chromedp.Console(ctx)
	requests := chromedp.Events(ctx, network.RequestWillBeSent)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.messages = append(b.messages, m.String())
			b.mu.Unlock()
		}
	}()
	go func() {
		for r, err := range requests {
			if err != nil {
				return
			}
			if u := r.Request.URL; !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "blob:") {
				b.mu.Lock()
				b.requests = append(b.requests, u)
				b.mu.Unlock()
			}
		}
	}()
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func eval[T any](b *browser, js string) T {
	b.t.Helper()
	v, err := chromedp.Run(b, chromedp.Evaluate[T](js))
	if err != nil {
		b.t.Fatalf("%s: %v", js, err)
	}
	return v
}

// show opens a page of this body.
func (b *browser) show(body string) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), "page.html")
	page := "<!doctype html><html lang=en><meta charset=utf-8><title>charts</title>" + body + "</html>"
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.Navigate("file://" + path))
}

// alive waits until n charts are live.
func (b *browser) alive(n int) {
	b.t.Helper()
	for range 200 {
		if eval[int](b, `document.querySelectorAll('[data-live]:not([data-live=failed])').length`) == n {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.t.Fatalf("%d charts are not live after 10 s; console: %q", n, b.messages)
}

// clean fails if the console said anything or anything was asked of another place.
func (b *browser) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.messages) > 0 {
		b.t.Errorf("console: %q", b.messages)
	}
	if len(b.requests) > 0 {
		b.t.Errorf("requests: %q", b.requests)
	}
}

// keep writes a screenshot to the folder CHART_SHOTS, where somebody looks at it.
func (b *browser) keep(name string) []byte {
	b.t.Helper()
	time.Sleep(150 * time.Millisecond)
	png, err := chromedp.Run(b, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if dir := os.Getenv("CHART_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	return png
}

func html(t *testing.T, charts ...*chart.Chart) string {
	t.Helper()
	var s strings.Builder
	for _, c := range charts {
		h, err := c.HTML()
		if err != nil {
			t.Fatal(err)
		}
		s.WriteString(h)
	}
	return s.String()
}

const instance = `window[Symbol.for('bellwether.charts')].chart(document.querySelectorAll('[data-bellwether]')[%d])`

func TestLiveCharts(t *testing.T) {
	b := open(t)
	charts := html(t, pythia(), tiny())
	t.Run("library first", func(t *testing.T) {
		b.t = t
		b.show(echarts.Script() + charts)
		b.alive(2)
		b.keep("light")
		for i, want := range []int{
			2*2 + 1 + 1 + 1,   // marks and bars of two series, a curve, a band, a level
			2*(2*2+1+1+1) + 1, // twice that with a span each, and one level
		} {
			if got := eval[int](b, fmt.Sprintf(instance+`.getOption().series.length`, i)); got != want {
				t.Errorf("chart %d has %d series, want %d", i, got, want)
			}
		}
		for _, js := range []string{
			`document.querySelectorAll('[data-bellwether] canvas').length >= 2`,
			`[...document.querySelectorAll('[data-bellwether] img')].every(i => i.style.display === 'none')`,
			`[...document.querySelectorAll('[aria-label]')].some(e => e.ariaLabel.includes('standard scaling, 0.19'))`,
			fmt.Sprintf(instance+`.getOption().xAxis.every(a => a.name.includes('(parameters)'))`, 1),
			fmt.Sprintf(instance+`.getOption().toolbox[0].feature.saveAsImage.show !== false`, 0),
			fmt.Sprintf(instance, 0) + `.group === ` + fmt.Sprintf(instance, 1) + `.group`,
			`typeof window.echarts === 'undefined' && typeof window.bellwetherCharts === 'undefined'`,
		} {
			if !eval[bool](b, js) {
				t.Errorf("false: %s", js)
			}
		}
		b.clean()
	})
	t.Run("tooltip", func(t *testing.T) {
		b.t = t
		eval[any](b, fmt.Sprintf(instance+`.dispatchAction({type:'showTip', seriesIndex:0, dataIndex:2}) || 1`, 1))
		time.Sleep(300 * time.Millisecond)
		b.keep("tooltip")
		tips := eval[string](b, `[...document.querySelectorAll('[data-bellwether] > div > div')].map(e => e.innerText).join('|')`)
		for _, want := range []string{"tiny 11 thousand · 11 thousand parameters", "exact match 1.0% (−3.0 to 5.0), fitted", "log-likelihood of the right answer −1.25 nats per character"} {
			if !strings.Contains(tips, want) {
				t.Errorf("tooltip says %q, want %q in it", tips, want)
			}
		}
		b.clean()
	})
	t.Run("library last, twice, with requirejs", func(t *testing.T) {
		b.t = t
		b.show(`<script>window.define = function () { throw new Error('define was called') }; define.amd = {}</script>` +
			charts + echarts.Script() + echarts.Script())
		b.alive(2)
		b.clean()
	})
	t.Run("cleared and run again", func(t *testing.T) {
		b.t = t
		eval[any](b, `(() => { const c = document.querySelector('[data-bellwether]'); window.source = c.outerHTML; c.remove(); return 1 })()`)
		b.alive(1)
		eval[any](b, `(() => { const d = document.createElement('div'); const t = document.createElement('template');
			t.innerHTML = window.source; const c = t.content.firstChild; delete c.dataset.live; c.querySelector('div').remove(); c.querySelector('img').style.display = '';
			d.append(c); document.body.prepend(d); return 1 })()`)
		b.alive(2)
		b.clean()
	})
	t.Run("no library", func(t *testing.T) {
		b.t = t
		b.show(charts)
		time.Sleep(200 * time.Millisecond)
		if !eval[bool](b, `[...document.images].every(i => i.complete && i.naturalWidth === 1720 && i.offsetWidth > 800)`) {
			t.Error("a picture does not show")
		}
		b.clean()
	})
	t.Run("narrow", func(t *testing.T) {
		b.t = t
		b.do(chromedp.EmulateViewport(460, 1300))
		b.show(echarts.Script() + charts)
		b.alive(2)
		b.keep("narrow")
		b.do(chromedp.EmulateViewport(920, 1500))
		time.Sleep(300 * time.Millisecond)
		b.keep("widened")
		b.clean()
	})
	t.Run("dark", func(t *testing.T) {
		b.t = t
		b.show(echarts.Script() + `<body data-jp-theme-light="true" style="background:#fff">` + charts)
		b.alive(2)
		eval[any](b, `(document.body.dataset.jpThemeLight = 'false', document.body.style.background = '#111', 1)`)
		time.Sleep(300 * time.Millisecond)
		b.alive(2)
		b.keep("dark")
		if got := eval[string](b, fmt.Sprintf(instance+`.getOption().title[0].textStyle.color`, 0)); got != "#e6edf3" {
			t.Errorf("the title is %s on Jupyter's dark theme, want light", got)
		}
		b.do(scheme("dark"))
		b.show(echarts.Script() + `<style>:root{color-scheme:light dark}</style>` + charts)
		b.alive(2)
		if got := eval[string](b, fmt.Sprintf(instance+`.getOption().title[0].textStyle.color`, 0)); got != "#e6edf3" {
			t.Errorf("the title is %s where the reader prefers dark and the page follows, want light", got)
		}
		b.do(scheme("light"))
		b.clean()
	})
	t.Run("broken option", func(t *testing.T) {
		b.t = t
		b.show(echarts.Script() + strings.Replace(charts, `data-bellwether='{`, `data-bellwether='{{`, 1))
		b.alive(1)
		if !eval[bool](b, `document.querySelector('[data-live=failed] img').offsetWidth > 800`) {
			t.Error("the picture of a chart that does not start is not there")
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.messages) != 1 || !strings.Contains(b.messages[0], "bellwether:") {
			t.Errorf("console: %q, want one message", b.messages)
		}
		b.messages = nil
	})
	t.Run("no JavaScript", func(t *testing.T) {
		b.t = t
		b.do(func(ctx context.Context, target *chromedp.Target) (v chromedp.Void, err error) {
			_, err = cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
			return v, err
		})
		b.show(echarts.Script() + charts)
		b.keep("no-javascript")
		box, err := chromedp.Run(b, chromedp.Dimensions("img"))
		if err != nil || box.Width < 800 {
			t.Errorf("the picture is %v: %v", box, err)
		}
		b.clean()
	})
}

func scheme(value string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (v chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}},
		})
		return v, err
	}
}
