// Package serve puts local weights behind HTTP: OpenAI's /v1/completions with
// echo and log-probabilities of the prompt, which vLLM and lm-evaluation-harness
// (local-completions) speak too, and /v1/score, which answers as the model in
// process does.
//
//	GET  /health          {"status":"ok"}, without a token
//	GET  /v1/models       the models, each with its identity
//	POST /v1/completions  prompts as text or token ids; greedy; echo, logprobs
//	POST /v1/score        (context, continuation) pairs → model.Reply
//
// Models are loaded when they are first asked for, and the one that was used
// longest ago makes room when the memory budget is full. Requests that arrive
// while a model computes are batched into its next pass.
package serve

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"bellwether/lib/model"
)

// Model is what the server needs of a model; *local.Model has it.
type Model interface {
	model.Scorer
	Encode(text string) ([]int, error)
	TokenText(id int) string
	Vocabulary() int
	Prefix() int // token before an empty prompt, -1: none
	// Logits calls visit with the next token's logits after each wanted
	// position of each sequence, in order.
	Logits(ctx context.Context, sequences, wanted [][]int, visit func(sequence, position int, logits []float32)) error
}

// Options are the settings of a Server.
type Options struct {
	// Open opens the model in a folder.
	Open func(dir string) (Model, error)
	// Folders are the models to serve, each under the base name of its folder.
	Folders []string
	// AnyFolder serves any model folder of this machine, named by its absolute
	// path: for the launched kernel, whose cells say which one they need.
	AnyFolder bool
	// Memory is the budget for weights in bytes; 0: half of the machine's memory.
	// A model larger than it is loaded alone.
	Memory int64
	// Token must come with every request as "Authorization: Bearer TOKEN"; empty:
	// none is asked for.
	Token string
	// Log receives a line when a model is loaded or let go; nil: nobody.
	Log func(line string)
}

// Server is an http.Handler.
type Server struct {
	o    Options
	mux  *http.ServeMux
	pool *pool
}

// bodyBytes bounds a request.
const bodyBytes = 32 << 20

// New returns a server of the models in the options. Every folder is opened
// once to learn who the model is; two of the same base name are an error.
func New(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = func(string) {}
	}
	p, err := newPool(o)
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, mux: http.NewServeMux(), pool: p}
	s.mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { reply(w, map[string]string{"status": "ok"}) })
	s.mux.HandleFunc("GET /v1/models", s.models)
	s.mux.HandleFunc("POST /v1/completions", s.completions)
	s.mux.HandleFunc("POST /v1/score", s.score)
	return s, nil
}

// NewToken makes up a token: 128 random bits.
func NewToken() string { return rand.Text() }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.o.Token != "" && r.URL.Path != "/health" {
		given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(given), []byte(s.o.Token)) != 1 {
			refuse(w, http.StatusUnauthorized, errors.New("the token is missing or wrong: send \"Authorization: Bearer TOKEN\" with the token that serve printed"))
			return
		}
	}
	r.Body = http.MaxBytesReader(w, r.Body, bodyBytes)
	s.mux.ServeHTTP(w, r)
}

// Serve answers on a listener until ctx ends; then it takes no more requests,
// gives those under way ten seconds, and returns nil.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{Handler: s, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := h.Shutdown(last); err != nil {
		h.Close()
	}
	<-failed // http.ErrServerClosed
	s.pool.close()
	return nil
}

// models answers GET /v1/models. With AnyFolder, ?folder=PATH adds the model in
// that folder to the list.
func (s *Server) models(w http.ResponseWriter, r *http.Request) {
	if dir := r.URL.Query().Get("folder"); dir != "" {
		if err := s.pool.meet(dir); err != nil {
			fail(w, err)
			return
		}
	}
	type entry struct {
		ID       string         `json:"id"`
		Object   string         `json:"object"`
		Created  int64          `json:"created"`
		Owner    string         `json:"owned_by"`
		MaxLen   int            `json:"max_model_len"`
		Identity model.Identity `json:"bellwether"`
	}
	list := []entry{}
	for _, e := range s.pool.list() {
		list = append(list, entry{e.name, "model", e.opened.Unix(), "bellwether", e.identity.ContextLength, e.identity})
	}
	reply(w, map[string]any{"object": "list", "data": list})
}

// requestError is the caller's fault.
type requestError struct{ text string }

func (e *requestError) Error() string { return e.text }

func bad(format string, args ...any) error { return &requestError{fmt.Sprintf(format, args...)} }

// unknownModel names a model that is not served.
type unknownModel struct{ text string }

func (e *unknownModel) Error() string { return e.text }

// fail answers with the status that fits an error.
func fail(w http.ResponseWriter, err error) {
	var caller *requestError
	var unknown *unknownModel
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &unknown):
		refuse(w, http.StatusNotFound, err)
	case errors.As(err, &caller):
		refuse(w, http.StatusBadRequest, err)
	case errors.As(err, &long):
		refuse(w, http.StatusRequestEntityTooLarge, err)
	case errors.Is(err, context.Canceled):
		refuse(w, 499, err) // the client has gone
	case errors.Is(err, errClosed):
		refuse(w, http.StatusServiceUnavailable, err)
	default:
		refuse(w, http.StatusInternalServerError, err)
	}
}

func refuse(w http.ResponseWriter, status int, err error) {
	kind := "invalid_request_error"
	if status >= 500 {
		kind = "server_error"
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	send(w, map[string]any{"error": map[string]any{"message": err.Error(), "type": kind, "param": nil, "code": status}})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	send(w, v)
}

// send writes JSON. An error means that the client has gone, which nobody is
// left to hear.
func send(w http.ResponseWriter, v any) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
}

// read decodes the body of a request.
func read(r *http.Request, v any) error {
	if err := json.NewDecoder(r.Body).Decode(v); err != nil {
		var long *http.MaxBytesError
		if errors.As(err, &long) {
			return err
		}
		return bad("the body is not the expected JSON: %v", err)
	}
	return nil
}
