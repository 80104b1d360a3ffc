package migrations

import (
	"context"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
)

// Schema is the schema of a release that a test makes up.
type Schema struct{ schema }

// Of is a release with these files.
func Of(files fs.FS, patience time.Duration) Schema { return Schema{schema{files, patience}} }

func (s Schema) Expand(ctx context.Context, pool *pgxpool.Pool) (int, error) {
	return s.expand(ctx, pool)
}

func (s Schema) Contract(ctx context.Context, pool *pgxpool.Pool, in Instance, log *slog.Logger) {
	s.follow(ctx, pool, in, log)
}

func (s Schema) ContractNow(ctx context.Context, pool *pgxpool.Pool, in Instance) (done []string, left int, err error) {
	return s.contract(ctx, pool, in)
}

func (s Schema) Check(ctx context.Context, pool *pgxpool.Pool) ([]app.Field, error) {
	return s.check(ctx, pool)
}

// Released is the last release: its River schema and its statements.
func Released() (river int, statements []string, err error) {
	r, err := ours().released()
	return r.River, r.statements, err
}

// What the record is made of.
var (
	Files        = files
	StatementEnd = statementEnd
	RiverKnown   = riverKnown
)
