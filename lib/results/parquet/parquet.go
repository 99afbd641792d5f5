// Package parquet writes and reads exported cells (package results) as Apache
// Parquet, a row a choice, for pandas, DuckDB and R. It is apart from results so
// that nothing else links the Parquet library.
package parquet

import (
	"fmt"
	"io"
	"os"

	"bellwether/lib/results"

	"github.com/parquet-go/parquet-go"
)

// Write writes cells with zstd compression.
func Write(w io.Writer, cells []results.Cell) error {
	out := parquet.NewGenericWriter[results.Cell](w, parquet.Compression(&parquet.Zstd))
	if _, err := out.Write(cells); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	return nil
}

// ReadFile reads what Write wrote.
func ReadFile(path string) ([]results.Cell, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	cells, err := parquet.ReadFile[results.Cell](path)
	if err != nil {
		return nil, fmt.Errorf("parquet: %s: %w", path, err)
	}
	return cells, nil
}
