package app

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// rows are those of a batch as they were sent, each with its variables.
type rows iter.Seq2[batchRow, error]

// batchRow is one of them.
type batchRow struct {
	Row
	variables map[string]string
	faults    []Field // why it does not fit the design
}

// sentRows are those of a JSON body.
func sentRows(all []map[string]string) rows {
	return func(yield func(batchRow, error) bool) {
		for i, variables := range all {
			if variables == nil {
				variables = map[string]string{}
			}
			if !yield(batchRow{Row: Row{Number: i + 1}, variables: variables}, nil) {
				return
			}
		}
	}
}

// mapped are the rows of a table as a design has them, with the columns that are named besides.
func (t *Table) mapped(m Mapping, besides []string) rows {
	return func(yield func(batchRow, error) bool) {
		for row, err := range t.Rows() {
			if err != nil {
				yield(batchRow{}, err)
				return
			}
			if !yield(batchRow{Row: row, variables: m.variables(t.Columns, row, besides)}, nil) {
				return
			}
		}
	}
}

// fault is one of a row, in the words of who sent it: rows[2].name, or the row and
// the column of a table.
func (r batchRow) fault(m Mapping, field, message string) Field {
	field = strings.TrimPrefix(field, "variables.")
	if r.Line == 0 {
		return Field{fmt.Sprintf("rows[%d].%s", r.Number-1, field), message}
	}
	return Field{r.String() + ", " + m.column(field), message}
}

// fewRows is how many are looked at together: their images are looked up at once.
const fewRows = 500

// checked are the rows, each with its faults. An image that the tenant does not have
// is one; those at addresses are fetched when they are drawn.
func (t Tenant) checked(ctx context.Context, doc Document, m Mapping, all rows) rows {
	return func(yield func(batchRow, error) bool) {
		here := map[string]bool{}
		few := make([]batchRow, 0, fewRows)
		shown := make([][]string, 0, fewRows)
		flush := func() bool {
			if err := t.lookForAssets(ctx, here, shown); err != nil {
				yield(batchRow{}, err)
				return false
			}
			for i, row := range few {
				for _, id := range shown[i] {
					if !here[id] {
						row.faults = append(row.faults, row.fault(m, imageField(doc, row, id), fmt.Sprintf("the asset %q is not here; upload the image with POST /api/v1/assets and use its id", id)))
					}
				}
				if !yield(row, nil) {
					return false
				}
			}
			few, shown = few[:0], shown[:0]
			return true
		}
		for row, err := range all {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(row, err)
				return
			}
			assets, err := row.resolve(doc, m)
			if err != nil {
				yield(row, err)
				return
			}
			few, shown = append(few, row), append(shown, assets)
			if len(few) == fewRows && !flush() {
				return
			}
		}
		flush()
	}
}

// resolve finds the row's own faults, and the assets that it shows.
func (r *batchRow) resolve(doc Document, m Mapping) (assets []string, err error) {
	resolved, err := doc.Resolve(r.variables)
	if err == nil {
		return slices.DeleteFunc(resolved.Assets(), IsAddress), nil
	}
	e, ok := err.(*Error)
	if !ok || e.Kind != Invalid {
		return nil, err
	}
	for _, f := range e.Fields {
		r.faults = append(r.faults, r.fault(m, f.Field, f.Message))
	}
	return nil, nil
}

// lookForAssets finds out about those that are not known yet.
func (t Tenant) lookForAssets(ctx context.Context, here map[string]bool, shown [][]string) error {
	var unknown []string
	for _, assets := range shown {
		for _, id := range assets {
			if _, known := here[id]; !known {
				here[id] = false
				unknown = append(unknown, id)
			}
		}
	}
	if unknown == nil {
		return nil
	}
	found, err := assetsHere(ctx, t.sight(), unknown)
	for id := range found {
		here[id] = true
	}
	return explain(err)
}

// imageField is the variable that brought an asset, or else the word for it.
func imageField(doc Document, row batchRow, asset string) string {
	for _, in := range doc.Inputs() {
		if in.Type == Image && row.variables[in.Name] == asset {
			return in.Name
		}
	}
	return "asset"
}
