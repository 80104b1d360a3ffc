package apptest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"majestic/app/postgres"
	"majestic/migrations"
)

// furnish gives an instance directory a private cluster as app serve makes it, but
// for one setting, and migrated. To make one anew takes longer than most of what is then tested.
func furnish(t testing.TB, dir string, args []string) {
	t.Helper()
	data := filepath.Join(dir, "data")
	settings, _ := os.ReadFile(filepath.Join(dir, "app.toml"))
	elsewhere := slices.Contains(args, "--database-url") || os.Getenv("DATABASE_URL") != "" || strings.Contains(string(settings), "database_url")
	if _, err := os.Lstat(filepath.Join(data, "postgres")); err == nil || elsewhere {
		return
	}
	made, err := madeCluster()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cp", "--archive", made, data).CombinedOutput(); err != nil {
		t.Fatalf("copy the cluster: %v\n%s", err, out)
	}
}

// clusters is where the one that is copied lies. It was never used, and does not
// wait for the disk: what it wrote outlives its processes, and no test pulls the plug.
var clusters struct {
	sync.Mutex
	dir string
}

func madeCluster() (data string, err error) {
	clusters.Lock()
	defer clusters.Unlock()
	if clusters.dir != "" {
		return filepath.Join(clusters.dir, "postgres"), nil
	}
	dir, err := makeDir()
	if err != nil {
		return "", err
	}
	data = filepath.Join(dir, "postgres")
	db, err := postgres.Open(context.Background(), postgres.Options{Data: data, Locks: filepath.Join(dir, "locks"), Name: "apptest", MaxConns: 2, Settings: map[string]string{"fsync": "off"}})
	if err != nil {
		return "", fmt.Errorf("make a cluster: %w", err)
	}
	_, err = migrations.Expand(context.Background(), db.Pool)
	if err = errors.Join(err, db.Close()); err != nil {
		return "", fmt.Errorf("migrate and stop the cluster: %w", err)
	}
	conf, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return "", err
	}
	defer conf.Close()
	if _, err = conf.WriteString("fsync = off\n"); err != nil {
		return "", err
	}
	clusters.dir = dir
	return data, nil
}
