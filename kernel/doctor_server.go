package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"bellwether/lib/model/openai"
)

// serverFlags are the flags of doctor that look at a model server.
type serverFlags struct{ openai.Options }

func (f *serverFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.URL, "server", "", "look at this model server instead: what it can do, and what is wrong with it")
	c.Flags().StringVar(&f.Model, "model", "", "with --server: the model to look at (default: the first)")
	c.Flags().StringVar(&f.KeyEnv, "key-env", "", "with --server: environment variable with the API key (default BELLWETHER_API_KEY)")
}

// run prints what the server can do. The exit status is 1 when it cannot be
// used to score text.
func (f *serverFlags) run(c *cobra.Command, asJSON bool) error {
	r := f.Diagnose(c.Context())
	if asJSON {
		e := json.NewEncoder(c.OutOrStdout())
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(r); err != nil {
			return err
		}
	} else {
		fmt.Fprint(c.OutOrStdout(), r)
	}
	if !r.Usable {
		return errReported
	}
	return nil
}
