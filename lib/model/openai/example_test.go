package openai_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"bellwether/lib/model"
	"bellwether/lib/model/openai"
)

// A server that answers and yet cannot be used: it takes echo and logprobs and
// ignores them. Every choice would score 0; the probe refuses it.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/models":
			fmt.Fprint(w, `{"data":[{"id":"small","owned_by":"library"}]}`)
		case "/api/version":
			fmt.Fprint(w, `{"version":"0.17.4"}`)
		case "/v1/completions":
			fmt.Fprint(w, `{"choices":[{"text":" and"}],"usage":{"prompt_tokens":14,"completion_tokens":1}}`)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()

	client, err := openai.Open(context.Background(), openai.Options{URL: server.URL})
	if err == nil {
		replies, _ := client.Score(context.Background(), []model.Request{{Context: "1 + 1 =", Continuation: " 2"}})
		fmt.Println(replies[0].Nats())
	}
	fmt.Println(strings.Contains(err.Error(), "the server ignores the request"))
	// Output: true
}
