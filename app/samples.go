package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Samples are values that show what a design is for: one for a variable, or the rows of
// a table, which count more. They are no part of the document, and nothing is rendered with them.
type Samples struct {
	Values map[string]string   `json:"values"`
	Rows   []map[string]string `json:"rows"`
}

// The most of a design's samples: every page that shows it carries them.
const (
	maxSampleRows  = 200
	maxSampleBytes = 256 << 10
)

// First are the values that a design is shown with before it is filled in.
func (s Samples) First() map[string]string {
	values := map[string]string{}
	maps.Copy(values, s.Values)
	if len(s.Rows) > 0 {
		maps.Copy(values, s.Rows[0])
	}
	return values
}

// Preview is a document of the design as they fill it in. One from another time may take
// them for something else; it is then shown without.
func (s Samples) Preview(d Document) (Document, error) {
	drawn, err := d.Preview(s.First())
	if err != nil {
		return d.Preview(nil)
	}
	return drawn, nil
}

// Samples reads those of a design.
func (t Tenant) Samples(ctx context.Context, design string) (Samples, error) {
	u, err := parseID("design", design)
	if err != nil {
		return Samples{}, err
	}
	type row struct{ Samples Samples }
	r, err := one[row](ctx, t.sight(), "design", `SELECT samples FROM designs WHERE id = $1 AND deleted_at IS NULL`, u)
	return r.Samples, err
}

// KeepSamples keeps those of a design, for all who work on it. It is no version: what is
// rendered stays as it is.
func (t Tenant) KeepSamples(ctx context.Context, design string, s Samples) error {
	if err := t.may(toEdit); err != nil {
		return err
	}
	data, err := s.write()
	if err != nil {
		return err
	}
	return t.tx(ctx, func(tx pgx.Tx) error {
		if _, err := lockDesign(ctx, tx, design, nil); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE designs SET samples = $2 WHERE id = $1`, design, data); err != nil {
			return fmt.Errorf("keep samples: %w", err)
		}
		return nil
	})
}

// write is the samples as they are kept.
func (s Samples) write() ([]byte, error) {
	if len(s.Rows) > maxSampleRows {
		return nil, Errorf(TooLarge, "%d rows are more than the samples of a design may have, which is %d; render a longer table as a batch", len(s.Rows), maxSampleRows)
	}
	data, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write samples: %w", err)
	}
	if len(data) > maxSampleBytes {
		return nil, Errorf(TooLarge, "the samples of a design have %d KiB at most, and these have %d; take fewer rows", maxSampleBytes>>10, len(data)>>10)
	}
	if strings.Contains(string(data), `\u0000`) {
		return nil, Errorf(Invalid, "the samples hold a NUL character; remove it")
	}
	return data, nil
}
