package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// App is the product, as one release runs it.
type App struct {
	pool    *pgxpool.Pool
	role    string // the walled role; see migrations/expand/00001_tenants.sql
	queue   Queue
	objects Objects
	release string
	mine    func(release string) bool
	muted   func() bool
	setup   string // what the setup link carries
	secret  []byte

	hashing chan struct{} // held while a password is hashed: each takes 19 MiB
	guesses *throttle
	remote  Remote
	poster  Poster
	images  *darkroom
	fileURL func(render string) string
}

// Options are what an App needs of other rooms.
type Options struct {
	Pool    *pgxpool.Pool
	Queue   Queue
	Objects Objects
	Remote  Remote
	Poster  Poster
	Release string
	Mine    func(release string) bool  // whether a tenant that is assigned to a release is served here; nil: all are
	Muted   func() bool                // see App.Muted; nil: it is not
	Secret  []byte                     // the instance's secret key
	FileURL func(render string) string // where programs find the file of a render; nil: it is not told
}

// Objects keeps files: uploads and renders. A key is slash-separated and starts
// with its tenant. Put is durable when it returns and replaces what was there. Link
// makes no second copy, and its two keys are removed each by itself; to remove what
// is not there is harmless. Walk visits what was there when it began, with the time at
// which it last got a key.
type Objects interface {
	Put(ctx context.Context, key string, data []byte) error
	Link(ctx context.Context, from, to string) error
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	Remove(ctx context.Context, key string) error
	Walk(ctx context.Context, visit func(key string, changed time.Time) error) error
}

// New makes an App.
func New(o Options) *App {
	return &App{
		pool:    o.Pool,
		role:    o.Pool.Config().ConnConfig.Database + "_tenant",
		queue:   o.Queue,
		objects: o.Objects,
		release: o.Release,
		mine:    o.Mine,
		muted:   o.Muted,
		setup:   setupToken(o.Secret),
		secret:  o.Secret,
		hashing: make(chan struct{}, runtime.NumCPU()),
		guesses: newThrottle(),
		remote:  o.Remote,
		poster:  o.Poster,
		images:  newDarkroom(),
		fileURL: o.FileURL,
	}
}

// Ready asks the database for a sign of life.
func (a *App) Ready(ctx context.Context) error {
	if err := a.pool.Ping(ctx); err != nil {
		return &Error{Kind: Unavailable, Message: "the database does not answer", Err: err}
	}
	return nil
}

// Muted tells whether the instance was restored from a backup and nobody has said yet
// that it may act on the world outside. Until then it sends nothing, deletes nothing
// and does nothing by itself; what people ask for waits.
func (a *App) Muted() bool { return a.muted != nil && a.muted() }

// Tenant is the handle on which everything hangs that one tenant owns.
type Tenant struct {
	app     *App
	id      uuid.UUID
	release string
	caller  caller
}

// In is the only door to a tenant's rows and files, and opens it to the house itself:
// to jobs and verbs. People come in by Enter, programs by Authorize. An id that
// cannot be one opens onto nothing: every look-up behind it finds no row.
func (a *App) In(tenant string) Tenant {
	id, _ := uuid.Parse(tenant)
	return Tenant{app: a, id: id}.house()
}

// ForProgram opens a tenant, which was looked up with the release it is assigned to,
// to a program with an API key of a scope.
func (a *App) ForProgram(tenant, release, key, scope string) Tenant {
	t := a.In(tenant).as(programWith(key, scope))
	t.release = release
	return t
}

// AssignedTo is the tenant, of which it became known that it is assigned to a release.
func (t Tenant) AssignedTo(release string) Tenant {
	t.release = release
	return t
}

// ReadOnly tells whether whoever the tenant was opened to may only look.
func (t Tenant) ReadOnly() bool { return t.caller.right == toLook }

// Key is the API key of the program that the tenant was opened to, and its scope.
func (t Tenant) Key() (id, scope string) { return t.caller.key, t.caller.scope() }

// ID is the tenant's id.
func (t Tenant) ID() string { return t.id.String() }

// tx runs do in one transaction behind the tenant's wall. The role and the id
// are set for the transaction alone: a session's setting would leak to the
// pool's next user.
func (t Tenant) tx(ctx context.Context, do func(pgx.Tx) error) error {
	if t.may(toEdit) == nil {
		return t.app.walled(ctx, "begin", t.id.String(), do)
	}
	err := t.app.walled(ctx, "begin read only", t.id.String(), do)
	if readOnly(err) {
		return t.may(toEdit)
	}
	return err
}

// outside runs do as the walled role with no tenant: no row of a table is in
// sight, only the functions that answer what must be known before a tenant is.
func (a *App) outside(ctx context.Context, do func(pgx.Tx) error) error {
	return a.walled(ctx, "begin", "", do)
}

func (a *App) walled(ctx context.Context, begin, tenant string, do func(pgx.Tx) error) error {
	begin += fmt.Sprintf(`; set local role %s; set local app.tenant = '%s'`, a.walledRole(), tenant)
	return explain(pgx.BeginTxFunc(ctx, a.pool, pgx.TxOptions{BeginQuery: begin}, do))
}

// owner runs do as the owner, who sees all tenants: for the operator's verbs, for new
// workspaces, and for mails, which the installation itself sends.
func (a *App) owner(ctx context.Context, do func(pgx.Tx) error) error {
	return explain(pgx.BeginFunc(ctx, a.pool, do))
}

// enqueue hands a job to the queue in the transaction that made its work.
// River's tables lie outside the wall, so the role is left for that one statement.
func (t Tenant) enqueue(ctx context.Context, tx pgx.Tx, insert func() error) error {
	if err := t.hold(ctx, tx); err != nil {
		return err
	}
	return t.app.unwalled(ctx, tx, func() error {
		if err := insert(); err != nil {
			return fmt.Errorf("enqueue: %w", err)
		}
		return nil
	})
}

// unwalled leaves the walled role for what do does in its transaction.
func (a *App) unwalled(ctx context.Context, tx pgx.Tx, do func() error) error {
	if _, err := tx.Exec(ctx, `set local role none`); err != nil {
		return fmt.Errorf("leave the walled role: %w", err)
	}
	if err := do(); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `set local role `+a.walledRole()); err != nil {
		return fmt.Errorf("take the walled role: %w", err)
	}
	return nil
}

func (a *App) walledRole() string { return pgx.Identifier{a.role}.Sanitize() }

// one reads exactly one row; none is a NotFound that names what was looked for.
func one[T any](ctx context.Context, q querier, what, sql string, args ...any) (T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return *new(T), explain(fmt.Errorf("read %s: %w", what, err))
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	if errors.Is(err, pgx.ErrNoRows) {
		return v, Errorf(NotFound, "there is no such %s here", what)
	}
	if err != nil {
		return v, explain(fmt.Errorf("read %s: %w", what, err))
	}
	return v, nil
}

// parseID reads an id from outside; one that cannot be is not found, like one that is not.
func parseID(what, id string) (uuid.UUID, error) {
	u, err := uuid.Parse(id)
	if err != nil || len(id) != 36 {
		return uuid.Nil, Errorf(NotFound, "there is no such %s here", what)
	}
	return u, nil
}

// violates tells whether err is a breach of the named constraint.
func violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.ConstraintName == constraint
}
