package migrations

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// outcome is what becomes of a statement: how the database understands it, and
// how it ends when all its parameters are NULL.
type outcome struct {
	sql     string
	refused string // why it cannot be prepared
	takes   string
	gives   string
	ends    string
}

// try prepares and runs statements, and takes back what they did.
func (m *migrator) try(ctx context.Context, statements []string) (all []outcome, err error) {
	conn := m.conn.PgConn()
	if err := conn.Exec(ctx, `BEGIN; SET LOCAL statement_timeout = '10s'`).Close(); err != nil {
		return nil, err
	}
	for _, sql := range statements {
		o, err := try(ctx, conn, sql)
		if err != nil {
			return nil, fmt.Errorf("try a recorded statement: %w: %s", err, short(sql))
		}
		all = append(all, o)
	}
	return all, conn.Exec(ctx, `ROLLBACK`).Close()
}

func try(ctx context.Context, conn *pgconn.PgConn, sql string) (o outcome, err error) {
	o.sql = sql
	if err := conn.Exec(ctx, `SAVEPOINT one`).Close(); err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, conn.Exec(ctx, `ROLLBACK TO one`).Close()) }()
	var refused *pgconn.PgError
	d, err := conn.Prepare(ctx, "", sql, nil)
	if errors.As(err, &refused) {
		o.refused = refused.Message
		return o, nil
	}
	if err != nil {
		return o, err
	}
	o.takes = fmt.Sprint(d.ParamOIDs)
	for _, f := range d.Fields {
		o.gives += fmt.Sprintf("%s %d/%d ", f.Name, f.DataTypeOID, f.TypeModifier)
	}
	o.ends = "well"
	err = conn.ExecPrepared(ctx, "", make([][]byte, len(d.ParamOIDs)), nil, nil).Read().Err
	if errors.As(err, &refused) {
		o.ends, err = "with SQLSTATE "+refused.Code, nil
	}
	return o, err
}

// broken tells how a statement fares worse than before.
func (o outcome) broken(now outcome) []string {
	var how string
	switch {
	case now.refused != "":
		how = "cannot be prepared any more, " + now.refused
	case now.takes != o.takes:
		how = "takes other parameters"
	case now.gives != o.gives:
		how = "gives other columns: " + now.gives + "and not " + o.gives
	case now.ends != o.ends:
		how = "ends " + now.ends + ", and ended " + o.ends
	default:
		return nil
	}
	return []string{fmt.Sprintf("a statement of the last release %s: %s", strings.TrimSpace(how), short(o.sql))}
}

func short(sql string) string {
	sql = strings.Join(strings.Fields(sql), " ")
	if len(sql) > 120 {
		sql = sql[:117] + "..."
	}
	return sql
}
