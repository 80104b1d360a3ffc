package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"majestic/app"
)

// series is a picture of a design for each row of a table.
type series struct {
	doc     app.Document
	output  app.Output
	columns []string
	given   map[string]string // the variables of all rows
	rows    []app.Row
	files   []string
}

// series reads the table, checks every row, and names its file.
func (c *RenderCommand) series(ctx context.Context, doc app.Document, o app.Output) (*series, error) {
	table, err := app.ReadTable(c.Data)
	if err != nil {
		return nil, err
	}
	s := &series{doc: doc, output: o, columns: table.Columns, given: c.Var}
	names, err := s.checkColumns()
	if err != nil {
		return nil, err
	}
	for row, err := range table.Rows() {
		if err != nil {
			return nil, err
		}
		s.rows = append(s.rows, row)
	}
	if len(s.rows) == 0 {
		return nil, app.Errorf(app.Invalid, "the table has no rows below its header; nothing was drawn")
	}
	pattern, ending := c.pattern(o.Format)
	files, err := app.NewNames(pattern, ending, names, len(s.rows))
	if err != nil {
		return nil, err
	}
	for _, row := range s.rows {
		s.files = append(s.files, files.Name(row.Number, s.variables(row)))
	}
	return s, s.checkRows(ctx)
}

// String is what will be done.
func (s *series) String() string {
	if len(s.rows) == 1 {
		return "1 row fits the design: drawing " + s.files[0]
	}
	return fmt.Sprintf("%d rows fit the design: drawing %s to %s", len(s.rows), s.files[0], s.files[len(s.files)-1])
}

// pattern is that of the files' names, and their ending.
func (c *RenderCommand) pattern(format string) (pattern, end string) {
	pattern = c.Output
	if pattern == "" {
		pattern = c.name() + "/"
	}
	if strings.HasSuffix(pattern, "/") {
		pattern += "{row}"
	}
	if end = ending(pattern); end == "" {
		return pattern, "." + format
	}
	return strings.TrimSuffix(pattern, end), end
}

// draw draws the rows on all cores. One that cannot be drawn holds up no other.
func (s *series) draw(ctx context.Context, d drawer, from source, p *progress) error {
	p.begin(len(s.rows))
	group, drawing := errgroup.WithContext(ctx)
	group.SetLimit(2 * runtime.NumCPU()) // half of them are being made and written
	for i := range s.rows {
		if drawing.Err() != nil {
			break
		}
		group.Go(func() error { return s.one(drawing, d, i, from, p) })
	}
	err := group.Wait()
	drawn, failed := p.end()
	switch {
	case ctx.Err() != nil:
		return app.Errorf(app.Unavailable, "it was stopped: %d of %d pictures are there, each of them whole", drawn, len(s.rows))
	case err == nil && failed > 0:
		return app.Errorf(app.Invalid, "%d of %d rows could not be drawn, for the reasons above; the other pictures are there", failed, len(s.rows))
	default:
		return err
	}
}

func (s *series) one(ctx context.Context, d drawer, i int, from source, p *progress) error {
	row := s.rows[i]
	picture, err := d.draw(ctx, s.doc, app.Render{Variables: s.variables(row), Output: s.output}, from)
	if ctx.Err() != nil && err != nil {
		return ctx.Err() // and not the row's fault, whatever broke off
	}
	if reason, theirs := fault(err); theirs {
		p.failed(row, reason)
		return nil
	}
	if err == nil {
		err = put(s.files[i], picture.File)
	}
	if err == nil {
		p.drawn(row, s.files[i], picture)
	}
	return err
}

// variables are a row's; what is given for all fills in for columns.
func (s *series) variables(row app.Row) map[string]string {
	v := maps.Clone(s.given)
	if v == nil {
		v = map[string]string{}
	}
	for i, name := range s.columns {
		v[name] = row.Values[i]
	}
	return v
}

// checkColumns finds every variable of the design, and answers with all names that have values.
func (s *series) checkColumns() (names []string, err error) {
	names = slices.Clone(s.columns)
	for _, name := range slices.Sorted(maps.Keys(s.given)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var missing []string
	for _, name := range s.doc.Variables() {
		if !slices.Contains(names, name) {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return nil, app.Errorf(app.Invalid, "the design needs variables for which there is neither a column nor a --var: %s; the columns are %s",
			strings.Join(missing, ", "), strings.Join(s.columns, ", "))
	}
	return names, nil
}

// enough is how many faults of a table a person will read.
const enough = 20

// checkRows resolves every row before the first is drawn.
func (s *series) checkRows(ctx context.Context) error {
	var faults []app.Field
	bad := 0
	for _, row := range s.rows {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := fits(s.doc, s.variables(row))
		if err == nil {
			continue
		}
		e, ok := errors.AsType[*app.Error](err)
		if !ok {
			return err
		}
		bad++
		for _, f := range e.Fields {
			faults = append(faults, app.Field{Field: row.String() + ", " + strings.TrimPrefix(f.Field, "variables."), Message: f.Message})
		}
		if e.Fields == nil {
			faults = append(faults, app.Field{Field: row.String(), Message: e.Message})
		}
		faults = faults[:min(len(faults), enough)]
	}
	if bad == 0 {
		return nil
	}
	return &app.Error{Kind: app.Invalid, Message: fmt.Sprintf("%d of %d rows do not fit the design; nothing was drawn", bad, len(s.rows)), Fields: faults}
}
