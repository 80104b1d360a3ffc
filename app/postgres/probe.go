package postgres

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Probe looks at the database and changes nothing: it starts no cluster.
func Probe(ctx context.Context, o Options) (found string, err error) {
	if o.URL == "" {
		c, err := newCluster(o)
		if err != nil {
			return "", err
		}
		made, err := os.ReadFile(filepath.Join(c.home, "PG_VERSION"))
		if os.IsNotExist(err) {
			return "none yet: the first start makes one", nil
		}
		if err != nil {
			return "", err
		}
		if _, err := c.binaries(); err != nil {
			return "", err
		}
		if !c.alive() {
			return "a private PostgreSQL " + strings.TrimSpace(string(made)) + ", which is down: nobody uses it", nil
		}
		o.URL = c.url(owner)
		found = "private, "
	}
	o.MaxConns = 1
	pool, err := connect(ctx, o.URL, o)
	if err != nil {
		return "", err
	}
	defer pool.Close()
	var version string
	if err := pool.QueryRow(ctx, "SHOW server_version").Scan(&version); err != nil {
		return "", fmt.Errorf("ask the database: %w", err)
	}
	return found + "PostgreSQL " + version, nil
}
