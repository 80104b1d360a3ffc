package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
)

// connect opens a pool and proves it with one round trip.
func connect(ctx context.Context, url string, o Options) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The cause stays out: a URL that cannot be parsed cannot be redacted for sure.
		return nil, app.Errorf(app.Invalid, "DATABASE_URL cannot be read: write it as postgres://user:password@host:5432/database, with odd characters of the password as %%XX")
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	if o.MaxConns > 0 {
		cfg.MaxConns = o.MaxConns
	}
	if o.Name != "" {
		cfg.ConnConfig.RuntimeParams["application_name"] = o.Name
	}
	cfg.MaxConnLifetime = time.Hour
	cfg.MaxConnLifetimeJitter = 10 * time.Minute
	cfg.MaxConnIdleTime = 5 * time.Minute

	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err == nil {
		if err = pool.Ping(ctx); err == nil {
			return pool, nil
		}
		pool.Close()
	}
	return nil, unreachable(cfg.ConnConfig, o, err)
}

// unreachable says in one sentence which server did not answer, why, and what
// to look at. The password is in none of it.
func unreachable(cfg *pgx.ConnConfig, o Options, err error) error {
	where, look := fmt.Sprintf("the private cluster in %s", o.Data), "see the newest file in its folder log"
	if o.URL != "" {
		where = fmt.Sprintf("database %q of the Postgres at %s", cfg.Database, net.JoinHostPort(cfg.Host, fmt.Sprint(cfg.Port)))
		if strings.HasPrefix(cfg.Host, "/") {
			where = fmt.Sprintf("database %q of the Postgres in %s", cfg.Database, cfg.Host)
		}
		look = "check that it is running and that DATABASE_URL is right"
	}
	return &app.Error{
		Kind:    app.Unavailable,
		Message: fmt.Sprintf("%s cannot be opened: %s: %s", where, reason(err), look),
		Err:     err,
	}
}

func reason(err error) string {
	var refused *pgconn.PgError
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &refused):
		return refused.Message
	case errors.As(err, &dns):
		return dns.Err
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err):
		return "no answer in time"
	case errors.As(err, &op):
		return op.Err.Error()
	}
	return "no connection"
}
