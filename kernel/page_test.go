package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// reader is Debian's Chromium without a network, and what goes wrong on its page.
type reader struct {
	context.Context
	t  *testing.T
	mu sync.Mutex

	messages, requests []string // of the console; to any other place than the page's own file
}

func newReader(t *testing.T) *reader {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here: pages are not looked at (apt-get install chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"),
	)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); cancel() })
	r := &reader{Context: ctx, t: t}
	r.do(chromedp.EmulateViewport(1180, 1400))
	messages, requests := chromedp.Console(ctx), chromedp.Events(ctx, network.RequestWillBeSent)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			r.mu.Lock()
			r.messages = append(r.messages, m.String())
			r.mu.Unlock()
		}
	}()
	go func() {
		for q, err := range requests {
			if err != nil {
				return
			}
			if u := q.Request.URL; !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "blob:") {
				r.mu.Lock()
				r.requests = append(r.requests, u)
				r.mu.Unlock()
			}
		}
	}()
	return r
}

func (r *reader) do(steps ...chromedp.Action[chromedp.Void]) {
	r.t.Helper()
	if err := chromedp.Do(r, steps...); err != nil {
		r.t.Fatal(err)
	}
}

func (r *reader) count(js string) int {
	r.t.Helper()
	n, err := chromedp.Run(r, chromedp.Evaluate[int](js))
	if err != nil {
		r.t.Fatalf("%s: %v", js, err)
	}
	return n
}

// keep writes a screenshot into the folder PAGE_SHOTS, where somebody looks at it.
func (r *reader) keep(name string) {
	r.t.Helper()
	png, err := chromedp.Run(r, chromedp.FullScreenshot(100))
	if err != nil {
		r.t.Fatal(err)
	}
	if dir := os.Getenv("PAGE_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
}

func scripts(on bool) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (v chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
		return v, err
	}
}

func scheme(value string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (v chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}},
		})
		return v, err
	}
}

// TestPages looks at the page of every notebook: all charts live, no word on
// the console, no request; and without JavaScript the pictures.
func TestPages(t *testing.T) {
	cache := buildKernel(t)
	r := newReader(t)
	charts := 0
	for _, file := range notebooks(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			r.t = t
			_, page := own(t, file, cache)
			name := strings.TrimSuffix(filepath.Base(file), ".ipynb")
			r.messages, r.requests = nil, nil
			r.do(scripts(true), chromedp.Navigate("file://"+page))
			n := r.count(`document.querySelectorAll('[data-bellwether]').length`)
			charts += n
			live := -1
			for deadline := time.Now().Add(15 * time.Second); live != n && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
				live = r.count(`document.querySelectorAll('[data-live]:not([data-live=failed])').length`)
			}
			if live != n {
				t.Errorf("%d of %d charts are live", live, n)
			}
			if wide := r.count(`document.documentElement.scrollWidth - innerWidth`); wide > 0 {
				t.Errorf("the page is %d pixels wider than the window", wide)
			}
			time.Sleep(300 * time.Millisecond) // until the charts have moved in
			r.keep(name)
			r.do(scheme("dark"))
			time.Sleep(500 * time.Millisecond)
			r.keep(name + "-dark")
			r.do(scheme("light"))
			r.mu.Lock()
			if len(r.messages) > 0 || len(r.requests) > 0 {
				t.Errorf("console %q, requests %q", r.messages, r.requests)
			}
			r.mu.Unlock()

			r.do(scripts(false), chromedp.Navigate("file://"+page))
			if seen := r.count(`[...document.querySelectorAll('[data-bellwether] img')].filter(i => i.complete && i.naturalWidth > 0 && i.offsetWidth > 0).length`); seen != n {
				t.Errorf("without JavaScript %d of %d pictures show", seen, n)
			}
		})
	}
	if charts == 0 {
		t.Error("no chart was looked at")
	}
}
