package app

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Inspection is what came of holding every row of a draft against its design.
type Inspection struct {
	Good, Bad int
	Faults    []Field // the first of them
	FirstBad  int     // the number of that row
}

// Inspect checks a draft without making anything.
func (t Tenant) Inspect(ctx context.Context, d Draft, m Mapping) (found Inspection, err error) {
	err = t.inspect(ctx, d, m, func(_ []string, row batchRow) error {
		if row.faults == nil {
			found.Good++
			return nil
		}
		if found.Bad++; found.Bad == 1 {
			found.FirstBad = row.Number
		}
		found.Faults = append(found.Faults, row.faults...)
		found.Faults = found.Faults[:min(len(found.Faults), enough)]
		return nil
	})
	return found, err
}

// WriteBadRows writes the rows of a draft that do not fit, as they are, in a table of
// their own: mended, that can be uploaded. Its last column says what is wrong.
func (t Tenant) WriteBadRows(ctx context.Context, d Draft, m Mapping, w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(harmless(append(slices.Clone(d.Columns), "What is wrong"))); err != nil {
		return err
	}
	err := t.inspect(ctx, d, m, func(values []string, row batchRow) error {
		if row.faults == nil {
			return nil
		}
		var wrong []string
		for _, f := range row.faults {
			wrong = append(wrong, f.Field+": "+f.Message)
		}
		return out.Write(harmless(append(slices.Clone(values), strings.Join(wrong, "; "))))
	})
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return err
}

func (t Tenant) inspect(ctx context.Context, d Draft, m Mapping, see func(values []string, row batchRow) error) error {
	if err := m.check(d.Document.Variables(), d.Columns); err != nil {
		return err
	}
	table, f, err := t.DraftTable(ctx, d)
	if err != nil {
		return err
	}
	defer f.Close()
	for row, err := range t.checked(ctx, d.Document, m, table.mapped(m, nil)) {
		if err != nil {
			return fmt.Errorf("inspect draft %s: %w", d.ID, err)
		}
		if err := see(row.Values, row); err != nil {
			return err
		}
	}
	return nil
}

// harmless makes texts of what a spreadsheet would calculate.
func harmless(values []string) []string {
	for i, v := range values {
		if _, err := strconv.ParseFloat(v, 64); err != nil && v != "" && strings.ContainsRune("=+-@\t\r", rune(v[0])) {
			values[i] = "'" + v
		}
	}
	return values
}
