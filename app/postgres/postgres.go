// Package postgres opens the database: the one a URL names, or, without a URL,
// a private cluster of the instance's own. The private cluster listens on a
// Unix socket only and belongs to nobody in particular: the first to open it
// starts it, all who use it hold a shared lock, and the last one out stops it.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Options say which database to open, and how.
type Options struct {
	URL      string            // "" is the private cluster
	Data     string            // the private cluster's folder: data/postgres
	Locks    string            // where its two lock files lie: tmp
	Name     string            // application_name of every session
	MaxConns int32             // 0 is pgx's own default
	Settings map[string]string // the private cluster's, over ours
	Binaries string            // where PostgreSQL's versions lie; "" is Debian's place, then PATH
	Closed   string            // where a cluster goes whose path is closed to its account; "" is /var/lib/majestic
	Log      *slog.Logger
}

// DB is an open database.
type DB struct {
	Pool *pgxpool.Pool
	URL  string // as psql and pg_dump take it

	private bool
	close   func() error
}

// Open opens the database. The private cluster is made when there is none and
// started when it is down.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.URL != "" {
		pool, err := connect(ctx, o.URL, o)
		if err != nil {
			return nil, err
		}
		return &DB{Pool: pool, URL: o.URL, close: func() error { pool.Close(); return nil }}, nil
	}

	c, err := newCluster(o)
	if err != nil {
		return nil, err
	}
	leave, err := c.enter(ctx)
	if err != nil {
		return nil, err
	}
	pool, err := connect(ctx, c.url(owner), o)
	if err != nil {
		return nil, errors.Join(err, leave())
	}
	return &DB{Pool: pool, URL: c.url(owner), private: true, close: sync.OnceValue(func() error {
		pool.Close()
		return leave()
	})}, nil
}

// Close closes the pool; the last one out stops the private cluster. Twice is
// harmless.
func (db *DB) Close() error { return db.close() }

// Running reports whether the private cluster is up.
func Running(o Options) bool {
	c, err := newCluster(o)
	if err != nil {
		return false
	}
	return c.alive()
}

// Stop waits until nobody uses the private cluster, stops it if nobody has
// (its last user was killed), and returns when it is gone.
func Stop(ctx context.Context, o Options) error {
	c, err := newCluster(o)
	if err != nil {
		return err
	}
	for {
		gone, err := c.stopUnused(ctx)
		if gone || err != nil {
			return err
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("waiting until nobody uses the private cluster in %s: %w", o.Data, err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
