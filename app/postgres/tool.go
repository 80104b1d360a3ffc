package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"

	"majestic/app"
)

// Major is the major version of the server.
func (db *DB) Major(ctx context.Context) (major int, err error) {
	err = db.Pool.QueryRow(ctx, `SELECT current_setting('server_version_num')::int / 10000`).Scan(&major)
	if err != nil {
		return 0, fmt.Errorf("ask the database for its version: %w", err)
	}
	return major, nil
}

// Tool runs one of PostgreSQL's own programs on the database: that of the server's
// version, or the next newer one, since no older one understands the server. It
// gives way to what is served meanwhile, and dies with us.
func (db *DB) Tool(ctx context.Context, name string, args ...string) error {
	return db.run(ctx, false, name, args)
}

// PatientTool is Tool for what may take several times as long where others want the cores.
func (db *DB) PatientTool(ctx context.Context, name string, args ...string) error {
	return db.run(ctx, true, name, args)
}

func (db *DB) run(ctx context.Context, patient bool, name string, args []string) error {
	major, err := db.Major(ctx)
	if err != nil {
		return err
	}
	bin, err := fitting(find("", name), name, major)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, name), append([]string{"-d", connection(db.URL)}, args...)...)
	cmd.Env = append(cmd.Environ(), "LC_ALL=C.UTF-8", "PGAPPNAME="+name)
	if major >= 14 { // or a session whose tool was killed holds its locks for as long as it waits for one
		cmd.Env = append(cmd.Env, "PGOPTIONS=-c client_connection_check_interval=1s")
	}
	if password := db.Pool.Config().ConnConfig.Password; password != "" {
		cmd.Env = append(cmd.Env, "PGPASSWORD="+password)
	}
	cmd.WaitDelay = 5 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // that Pdeathsig is tied to
	defer runtime.UnlockOSThread()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err = cmd.Start(); err == nil {
		done := make(chan struct{})
		if patient {
			go pace(cmd.Process, done)
		}
		err = errors.Join(giveWay(cmd.Process.Pid), cmd.Wait())
		close(done)
	}
	said := out.Bytes()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil && bytes.Contains(said, []byte("No space left on device")) {
		err = syscall.ENOSPC
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, lastLines(said, 4))
	}
	return nil
}

// fitting is the oldest of those found, which are the newest first, that may work
// with a server.
func fitting(found []version, name string, major int) (bin string, err error) {
	for _, v := range found {
		if v.major >= major {
			bin = v.bin
		}
	}
	switch {
	case bin != "":
		return bin, nil
	case len(found) == 0:
		return "", app.Errorf(app.Unavailable, "PostgreSQL's %s is not installed: apt-get install postgresql-client-%d", name, major)
	}
	return "", app.Errorf(app.Unavailable, "the database's server is PostgreSQL %d, and %s here is of version %d, which cannot read it: apt-get install postgresql-client-%[1]d, where this Debian has it not from PostgreSQL's own archive: apt-get install postgresql-common && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y",
		major, name, found[0].major)
}

var passwordInWords = regexp.MustCompile(`\bpassword\s*=\s*('(\\.|[^'])*'|\S*)`)

// connection is a URL as libpq takes it: without what only pgx knows, and without
// the password, which everybody on the machine could read.
func connection(of string) string {
	u, err := url.Parse(of)
	if err != nil || u.Scheme == "" {
		return passwordInWords.ReplaceAllString(of, "")
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	query := u.Query()
	for name := range query {
		if strings.HasPrefix(name, "pool_") || name == "password" || name == "default_query_exec_mode" || strings.HasSuffix(name, "_cache_capacity") {
			query.Del(name)
		}
	}
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	return u.String()
}
