package openai

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// toy is a model for tests: tokens are words with their leading space and
// single bytes of other things, and the log-probability of a token is a
// function of all the text before it.
type toy struct {
	mu     sync.Mutex
	ids    map[string]int
	texts  []string
	merges []string // texts that are one token wherever they stand
}

func (m *toy) Encode(text string) ([]int, error) {
	var out []int
	for text != "" {
		n := 0
		for _, t := range m.merges {
			if strings.HasPrefix(text, t) {
				n = len(t)
			}
		}
		if n == 0 {
			for n < len(text) && (text[n] >= 'a' && text[n] <= 'z' || text[n] >= 'A' && text[n] <= 'Z' || n == 0 && text[n] == ' ') {
				n++
			}
		}
		n = max(n, 1)
		if text[0] >= 0xC0 && text[0] < 0xF0 && n == 1 { // two and three byte characters are whole, four byte ones are not
			_, n = utf8.DecodeRuneInString(text)
		}
		out = append(out, m.id(text[:n]))
		text = text[n:]
	}
	return out, nil
}

func (m *toy) id(text string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ids == nil {
		m.ids = map[string]int{}
	}
	id, ok := m.ids[text]
	if !ok {
		id = len(m.texts)
		m.ids[text] = id
		m.texts = append(m.texts, text)
	}
	return id
}

func (m *toy) TokenText(id int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.texts[id]
}

// nats is the log-probability of token i, between -1 and -5; every third token
// is the most probable one.
func (m *toy) nats(ids []int, i int) (nats float64, greedy bool) {
	f := fnv.New64a()
	for _, id := range ids[:i+1] {
		fmt.Fprintf(f, "%s\x00", m.TokenText(id))
	}
	h := f.Sum64()
	return -1 - float64(h%4000)/1000, h%3 == 0
}

// shape says how a fake server answers. The fields follow the documentation and
// sources of the servers, as of vLLM 0.9, SGLang 0.4, TGI 3, llama.cpp b5000,
// Ollama 0.17 and OpenAI's reference of /v1/completions.
type shape struct {
	kind        string
	echo        bool // /v1/completions honours echo and logprobs
	zero        bool // says 0 for every token
	noNull      bool // the first token is 0, not null
	positive    bool // one log-probability is above 0
	constant    bool // ignores what it is sent
	dropLast    bool // the last token of the prompt is left out
	byteOffsets bool
	bos         string
	clamp       bool // -9999 for the second token
	noPrefill   bool // TGI 3 without --enable-prefill-logprobs
	key         string
}

type fake struct {
	*httptest.Server
	*toy
	shape
	mu   sync.Mutex
	hook func(w http.ResponseWriter, r *http.Request) bool
}

func serve(t testing.TB, s shape) *fake {
	f := &fake{toy: &toy{}, shape: s}
	f.Server = httptest.NewServer(http.HandlerFunc(f.handle))
	t.Cleanup(f.Close)
	return f
}

// setHook puts a function before the fake's own answers; it reports whether it
// has answered.
func (f *fake) setHook(h func(http.ResponseWriter, *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = h
}

func (f *fake) handle(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	hook := f.hook
	f.mu.Unlock()
	if f.key != "" && r.Header.Get("Authorization") != "Bearer "+f.key {
		w.WriteHeader(401)
		fmt.Fprintf(w, `{"error":{"message":"Incorrect API key provided: %s","type":"invalid_request_error"}}`, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		return
	}
	if hook != nil && hook(w, r) {
		return
	}
	var in map[string]any
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			w.WriteHeader(400)
			return
		}
	}
	var out any
	switch f.kind + " " + r.Method + " " + r.URL.Path {
	case "vllm GET /v1/models":
		out = obj{"object": "list", "data": list{obj{"id": "toy", "object": "model", "created": 1750000000, "owned_by": "vllm", "root": "toy", "parent": nil, "max_model_len": 2048}}}
	case "vllm GET /version":
		out = obj{"version": "0.9.1"}
	case "sglang GET /v1/models":
		out = obj{"object": "list", "data": list{obj{"id": "toy", "object": "model", "owned_by": "sglang", "max_model_len": 2048}}}
	case "sglang GET /get_model_info":
		out = obj{"model_path": "toy", "tokenizer_path": "toy", "is_generation": true}
	case "tgi GET /info":
		out = obj{"model_id": "toy", "model_sha": "abc123", "model_dtype": "torch.bfloat16", "max_total_tokens": 2048, "max_input_tokens": 2047, "version": "3.3.1", "router": "text-generation-router"}
	case "llama.cpp GET /v1/models":
		out = obj{"object": "list", "data": list{obj{"id": "toy", "object": "model", "owned_by": "llamacpp", "meta": obj{"n_vocab": 5000, "n_ctx_train": 2048, "n_params": 1.5e6}}}}
	case "llama.cpp GET /props":
		out = obj{"default_generation_settings": obj{"n_ctx": 2048}, "total_slots": 1, "model_path": "toy.gguf", "build_info": "b5000-abc"}
	case "llama.cpp POST /tokenize":
		ids, _ := f.Encode(in["content"].(string))
		tokens := list{}
		for _, id := range ids {
			var piece any = f.TokenText(id)
			if !utf8.ValidString(f.TokenText(id)) {
				numbers := list{}
				for _, b := range []byte(f.TokenText(id)) {
					numbers = append(numbers, int(b))
				}
				piece = numbers
			}
			tokens = append(tokens, obj{"id": id, "piece": piece})
		}
		out = obj{"tokens": tokens}
	case "llama.cpp POST /completion":
		out = f.llama(in)
	case "ollama GET /v1/models":
		out = obj{"object": "list", "data": list{obj{"id": "toy", "object": "model", "owned_by": "library"}}}
	case "ollama GET /api/version":
		out = obj{"version": "0.17.4"}
	case "openai GET /v1/models":
		out = obj{"object": "list", "data": list{obj{"id": "babbage-002", "object": "model", "owned_by": "system"}, obj{"id": "toy", "object": "model", "owned_by": "system"}}}
	case "vllm POST /v1/completions", "sglang POST /v1/completions", "openai POST /v1/completions", "ollama POST /v1/completions", "llama.cpp POST /v1/completions":
		out = f.completions(in)
	case "sglang POST /generate":
		out = f.sglang(in)
	case "tgi POST /generate":
		out = f.tgi(in)
	default:
		w.WriteHeader(404)
		fmt.Fprint(w, `{"detail":"Not Found"}`)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(out); err != nil {
		panic(err)
	}
}

type (
	obj  = map[string]any
	list = []any
)

// tokens reads a prompt and puts the BOS in front.
func (f *fake) tokens(p any) []int {
	switch p := p.(type) {
	case string:
		ids, _ := f.Encode(p)
		if f.bos != "" {
			ids = append([]int{f.id(f.bos)}, ids...)
		}
		return ids
	case []any:
		ids := make([]int, len(p))
		for i, v := range p {
			ids[i] = int(v.(float64))
		}
		return ids
	}
	panic(fmt.Sprintf("prompt %T", p))
}

// scored returns what the fake says of each token, null first.
func (f *fake) scored(ids []int) (nats []any, greedy []bool) {
	for i := range ids {
		v, g := f.toy.nats(ids, i)
		switch {
		case f.zero:
			v = 0
		case f.constant:
			v = -float64(len(ids))
			if i > 1 {
				v = 0
			}
			if i == 1 {
				v = -1
			}
		case f.positive && i == 3:
			v = 8
		case f.clamp && i == 2:
			v = -9999
		}
		if i == 0 && !f.noNull {
			nats, greedy = append(nats, nil), append(greedy, false)
			continue
		}
		nats, greedy = append(nats, v), append(greedy, g)
	}
	return nats, greedy
}

// spoken is a token's text as the server writes it in JSON.
func (f *fake) spoken(id int) string {
	text := f.TokenText(id)
	if utf8.ValidString(text) {
		return text
	}
	if f.kind == "openai" {
		s := "bytes:"
		for _, b := range []byte(text) {
			s += fmt.Sprintf(`\x%02x`, b)
		}
		return s
	}
	return "\uFFFD"
}

func (f *fake) completions(in obj) any {
	ids := f.tokens(in["prompt"])
	usage := obj{"prompt_tokens": len(ids), "completion_tokens": 1, "total_tokens": len(ids) + 1}
	choice := obj{"index": 0, "text": " the", "finish_reason": "length", "logprobs": nil}
	out := obj{"id": "cmpl-1", "object": "text_completion", "created": 1750000000, "model": "toy", "choices": list{choice}, "usage": usage}
	generated := f.id(" the")
	if n, ok := in["prompt_logprobs"].(float64); ok && n == 1 && f.kind == "vllm" {
		nats, greedy := f.scored(ids)
		p := list{}
		for i, id := range ids {
			if nats[i] == nil {
				p = append(p, nil)
				continue
			}
			e := obj{fmt.Sprint(id): obj{"logprob": nats[i], "rank": 1, "decoded_token": f.spoken(id)}}
			if !greedy[i] {
				e[fmt.Sprint(id)] = obj{"logprob": nats[i], "rank": 7, "decoded_token": f.spoken(id)}
				e["99999"] = obj{"logprob": -0.5, "rank": 1, "decoded_token": " best"}
			}
			p = append(p, e)
		}
		choice["prompt_logprobs"] = p
		if in["return_token_ids"] == true && f.bos == "" {
			choice["prompt_token_ids"] = ids
		}
		return out
	}
	if in["logprobs"] == nil {
		return out
	}
	if f.kind == "ollama" {
		return out // ignores both in silence
	}
	if in["echo"] != true || !f.echo {
		choice["logprobs"] = obj{"tokens": list{" the"}, "token_logprobs": list{-0.25}, "top_logprobs": list{f.next(ids, int(in["logprobs"].(float64)))}, "text_offset": list{0}}
		return out
	}
	nats, greedy := f.scored(ids)
	tokens, top, offsets, at := list{}, list{}, list{}, 0
	whole := append(slices.Clone(ids), generated)
	nats, greedy = append(nats, -0.25), append(greedy, true)
	for i, id := range whole {
		if f.dropLast && i == len(ids)-1 {
			continue
		}
		text := f.spoken(id)
		tokens, offsets = append(tokens, text), append(offsets, at)
		if f.byteOffsets {
			at += len(text)
		} else {
			at += utf8.RuneCountInString(text)
		}
		switch {
		case nats[i] == nil:
			top = append(top, nil)
		case greedy[i]:
			top = append(top, obj{text: nats[i]})
		default:
			top = append(top, obj{text: nats[i], " best": -0.5})
		}
	}
	if f.dropLast {
		nats = slices.Delete(slices.Clone(nats), len(ids)-1, len(ids))
	}
	choice["logprobs"] = obj{"tokens": tokens, "token_logprobs": nats, "top_logprobs": top, "text_offset": offsets}
	return out
}

// next are the alternatives after a prompt: all words that were seen so far,
// with probabilities that add up to less than one.
func (f *fake) next(ids []int, n int) obj {
	f.toy.mu.Lock()
	texts := slices.Clone(f.texts)
	f.toy.mu.Unlock()
	sort.Strings(texts)
	out := obj{}
	for _, t := range texts {
		if len(out) < n {
			nats, _ := f.toy.nats(append(slices.Clone(ids), f.id(t)), len(ids))
			out[t] = nats - math.Log(float64(len(texts)))
		}
	}
	return out
}

func (f *fake) llama(in obj) any {
	ids := f.tokens(in["prompt"])
	var top []any
	for text, nats := range f.next(ids, int(in["n_probs"].(float64))) {
		bytes := list{}
		for _, b := range []byte(text) {
			bytes = append(bytes, int(b))
		}
		top = append(top, obj{"id": f.id(text), "token": strings.ToValidUTF8(text, "\uFFFD"), "bytes": bytes, "logprob": nats})
	}
	return obj{"content": " the", "tokens_evaluated": len(ids), "tokens_predicted": 1, "completion_probabilities": list{obj{"id": 1, "token": " the", "logprob": -0.25, "bytes": list{32}, "top_logprobs": top}}}
}

func (f *fake) sglang(in obj) any {
	p := in["text"]
	if p == nil {
		p = in["input_ids"]
	}
	ids := f.tokens(p)
	nats, greedy := f.scored(ids)
	input, top := list{}, list{}
	for i, id := range ids {
		input = append(input, list{nats[i], id, f.spoken(id)})
		switch {
		case nats[i] == nil:
			top = append(top, nil)
		case greedy[i]:
			top = append(top, list{list{nats[i], id, f.spoken(id)}})
		default:
			top = append(top, list{list{-0.5, 99999, " best"}})
		}
	}
	return obj{"text": " the", "meta_info": obj{
		"id": "x", "finish_reason": obj{"type": "length", "length": 1}, "prompt_tokens": len(ids), "completion_tokens": 1,
		"input_token_logprobs": input, "input_top_logprobs": top, "output_token_logprobs": list{list{-0.25, f.id(" the"), " the"}}, "output_top_logprobs": list{list{list{-0.25, f.id(" the"), " the"}}},
	}}
}

func (f *fake) tgi(in obj) any {
	ids := f.tokens(in["inputs"])
	nats, _ := f.scored(ids)
	prefill := list{}
	for i, id := range ids {
		prefill = append(prefill, obj{"id": id, "text": f.spoken(id), "logprob": nats[i]})
	}
	if f.noPrefill {
		prefill = list{}
	}
	return obj{"generated_text": " the", "details": obj{
		"finish_reason": "length", "generated_tokens": 1, "seed": nil, "prefill": prefill,
		"tokens": list{obj{"id": f.id(" the"), "text": " the", "logprob": -0.25, "special": false}},
	}}
}
