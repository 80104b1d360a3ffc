package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/postgres"
)

// One cluster lives through the cases of its life; initdb is the slow part.
func TestPrivateCluster(t *testing.T) {
	o := instance(t, apptest.Dir(t))
	ctx := t.Context()

	t.Run("from nothing", func(t *testing.T) {
		db := opened(t, o)
		exec1(t, db, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
		for question, want := range map[string]string{
			"SELECT current_user || ' ' || current_database()":                      "majestic majestic",
			"SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user":      "false",
			"SHOW listen_addresses":                                                 "",
			"SHOW data_checksums":                                                   "on",
			"SHOW server_encoding":                                                  "UTF8",
			"SHOW application_name":                                                 "a test",
			"SELECT datcollate FROM pg_database WHERE datname = current_database()": "C.UTF-8",
		} {
			if got := ask(t, db, question); got != want {
				t.Errorf("%s: %q, want %q", question, got, want)
			}
		}
		if uid := uidOf(t, postmaster(t, o)); uid == 0 || os.Geteuid() != 0 && uid != os.Geteuid() {
			t.Errorf("the server runs under uid %d", uid)
		}
		if info, err := os.Stat(o.Data); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("the folder of the data and the socket is %v, %v", info.Mode(), err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("the second Close: %v", err)
		}
		if postgres.Running(o) {
			t.Error("the last one out left it running")
		}
	})

	t.Run("a session gives way", func(t *testing.T) {
		db := opened(t, o)
		lent, err := db.Pool.Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		session := lent.Hijack()
		defer session.Close(ctx)
		for _, pid := range []int{int(session.PgConn().PID()), 1 << 30} { // and one that has ended
			if err := db.Yield(pid); err != nil {
				t.Error(err)
			}
		}
		if own, others := niceness(t, int(session.PgConn().PID())), niceness(t, postmaster(t, o)); own != 10 || others != 0 {
			t.Errorf("it has %d, the others %d", own, others)
		}
	})

	t.Run("data is kept; psql takes the URL", func(t *testing.T) {
		db := opened(t, o)
		bin, err := postgres.Find()
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(filepath.Join(bin, "psql"), "-Atc", "SELECT n FROM kept", db.URL).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != "7" {
			t.Errorf("psql: %v %s", err, out)
		}
	})

	t.Run("a probe starts nothing", func(t *testing.T) {
		found, err := postgres.Probe(ctx, o)
		if err != nil || !strings.Contains(found, "which is down") || postgres.Running(o) {
			t.Errorf("%q, %v", found, err)
		}
		opened(t, o)
		if found, err = postgres.Probe(ctx, o); err != nil || !strings.HasPrefix(found, "private, PostgreSQL ") {
			t.Errorf("%q, %v", found, err)
		}
	})

	t.Run("the last of two stops it", func(t *testing.T) {
		one, two := opened(t, o), opened(t, o)
		pid := postmaster(t, o)
		one.Close()
		if got := ask(t, two, "SELECT n::text FROM kept"); got != "7" || postmaster(t, o) != pid {
			t.Errorf("the second user found %q and pid %d, was %d", got, postmaster(t, o), pid)
		}
		two.Close()
		if postgres.Running(o) {
			t.Error("still running")
		}
	})

	t.Run("many come and go at once", func(t *testing.T) {
		done := make(chan error)
		for range 6 {
			go func() {
				for range 2 {
					db, err := postgres.Open(ctx, o)
					if err == nil {
						_, err = db.Pool.Exec(ctx, "INSERT INTO kept VALUES (8)")
						err = errors.Join(err, db.Close())
					}
					if err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		for range 6 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if postgres.Running(o) {
			t.Error("still running")
		}
		if got := ask(t, opened(t, o), "SELECT count(*)::text FROM kept WHERE n = 8"); got != "12" {
			t.Errorf("%s of 12 rows", got)
		}
	})

	t.Run("kill -9 of the postmaster", func(t *testing.T) {
		db := opened(t, o)
		exec1(t, db, "INSERT INTO kept VALUES (9)")
		if err := syscall.Kill(postmaster(t, o), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		again := opened(t, o)
		if got := ask(t, again, "SELECT count(*)::text FROM kept WHERE n = 9"); got != "1" {
			t.Errorf("%s of 1 row", got)
		}
		// The pool of the one who was there all along finds the new server by itself:
		// each of its dead connections may fail once, when it is used next.
		dead := db.Pool.Stat().TotalConns()
		err := db.Pool.Ping(ctx)
		for ; err != nil && dead > 0; dead-- {
			err = db.Pool.Ping(ctx)
		}
		if err != nil {
			t.Errorf("the first user: %v", err)
		}
	})

	t.Run("a stale pid file with a live foreign pid", func(t *testing.T) {
		foreign := exec.Command("cat")
		if _, err := foreign.StdinPipe(); err != nil { // holds it until killed
			t.Fatal(err)
		}
		info, err := os.Stat(o.Data)
		if err != nil {
			t.Fatal(err)
		}
		server := info.Sys().(*syscall.Stat_t)
		if os.Geteuid() == 0 {
			// Postgres ignores processes of other accounts: it has to be of its own.
			foreign.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: server.Uid, Gid: server.Gid}}
		}
		if err := foreign.Start(); err != nil {
			t.Fatal(err)
		}
		defer foreign.Wait()
		defer foreign.Process.Kill()

		stale := filepath.Join(o.Data, "postmaster.pid")
		text := fmt.Sprintf("%d\n%s\n1700000000\n5432\n%s\n\n  5432001    163840\nready   \n", foreign.Process.Pid, o.Data, o.Data)
		if err := os.WriteFile(stale, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(stale, int(server.Uid), int(server.Gid)); err != nil {
			t.Fatal(err)
		}
		if postgres.Running(o) {
			t.Error("the foreign process is taken for the server")
		}
		opened(t, o).Close()
		if err := foreign.Process.Signal(syscall.Signal(0)); err != nil {
			t.Errorf("the foreign process was ended: %v", err)
		}
	})

	t.Run("settings below the include win", func(t *testing.T) {
		conf, err := os.OpenFile(filepath.Join(o.Data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conf, "shared_buffers = '64MB'\n")
		conf.Close()
		db := opened(t, o)
		if got := ask(t, db, "SHOW shared_buffers"); got != "64MB" {
			t.Errorf("shared_buffers is %s", got)
		}
		if got := ask(t, db, "SHOW max_connections"); got != "100" {
			t.Errorf("max_connections is %s", got)
		}
	})

	t.Run("another account takes over nothing", func(t *testing.T) {
		if os.Geteuid() != 0 {
			// As a user there is one account only; root alone can give a folder away.
			return
		}
		if err := os.Lchown(o.Data, 0, 0); err != nil {
			t.Fatal(err)
		}
		_, err := postgres.Open(ctx, o)
		wants(t, err, app.Unavailable, "belongs to root", "chown -R postgres")
	})
}

// Whoever was killed leaves the cluster up; the next one attaches, and Stop
// waits for those who are in and stops what nobody is in.
func TestKilledUser(t *testing.T) {
	o := instance(t, apptest.Dir(t))
	user, out := process(t, o, nil)
	line(t, out, "open")
	pid := postmaster(t, o)

	// The server holds none of the user's descriptors: its output ends with it.
	user.Process.Kill()
	if rest, err := io.ReadAll(out); err != nil || len(rest) > 0 {
		t.Errorf("after the kill: %q, %v", rest, err)
	}
	user.Wait()
	db := opened(t, o)
	if got := postmaster(t, o); got != pid {
		t.Errorf("the server is %d, was %d", got, pid)
	}

	waited, cancel := context.WithCancel(t.Context())
	cancel()
	if err := postgres.Stop(waited, o); err == nil || !postgres.Running(o) {
		t.Errorf("Stop under a user: %v", err)
	}
	db.Close()

	user, out = process(t, o, nil)
	line(t, out, "open")
	user.Process.Kill()
	user.Wait()
	if !postgres.Running(o) {
		t.Fatal("the server went with its user")
	}
	if err := postgres.Stop(t.Context(), o); err != nil || postgres.Running(o) {
		t.Errorf("Stop with nobody in: %v", err)
	}
	if err := postgres.Stop(t.Context(), o); err != nil {
		t.Errorf("the second Stop: %v", err)
	}
}

// A user killed in the middle of initdb leaves it to run out; the next one waits
// for that and makes the cluster anew.
func TestKilledInTheMaking(t *testing.T) {
	o := instance(t, apptest.Dir(t))
	user, _ := process(t, o, nil)
	soon, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	begun := filepath.Join(o.Data+".new", "postgresql.conf")
	for {
		if info, err := os.Stat(begun); err == nil && info.Size() > 0 {
			break
		}
		if soon.Err() != nil {
			t.Fatal("initdb does not begin")
		}
		time.Sleep(time.Millisecond)
	}
	user.Process.Kill()
	user.Wait()
	if _, err := os.Stat(o.Data); err == nil {
		t.Fatal("the kill came too late to test anything")
	}
	if got := ask(t, opened(t, o), "SELECT current_database()::text"); got != "majestic" {
		t.Error(got)
	}
	if _, err := os.Stat(o.Data + ".new"); err == nil {
		t.Error("the half-made cluster is still there")
	}
}

// An ordinary user owns everything himself; root comes and uses it as it is.
func TestUnprivileged(t *testing.T) {
	dir := apptest.Dir(t)
	o := instance(t, dir)
	var as *syscall.Credential
	uid := os.Geteuid()
	if uid == 0 {
		uid = 65534 // nobody
		as = &syscall.Credential{Uid: uint32(uid), Gid: 65534}
		if err := os.Chown(dir, uid, 65534); err != nil {
			t.Fatal(err)
		}
	}
	user, out := process(t, o, as)
	line(t, out, "open")
	if got := uidOf(t, postmaster(t, o)); got != uid {
		t.Errorf("the server runs under uid %d, want %d", got, uid)
	}
	user.Process.Signal(syscall.SIGTERM)
	line(t, out, "closed")
	if err := user.Wait(); err != nil || postgres.Running(o) {
		t.Errorf("leaving: %v, running %v", err, postgres.Running(o))
	}

	db := opened(t, o)
	if got := uidOf(t, postmaster(t, o)); got != uid {
		t.Errorf("for the next one the server runs under uid %d, want %d", got, uid)
	}
	if got := ask(t, db, "SELECT 'here'"); got != "here" {
		t.Error(got)
	}
}

// Below a home of mode 0700 the account of Postgres reaches nothing: as root the
// cluster lies elsewhere, and an ordinary user's lies where it should.
func TestClosedPath(t *testing.T) {
	dir := apptest.Dir(t)
	home := filepath.Join(dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	o := instance(t, home)
	o.Closed = filepath.Join(dir, "elsewhere")

	db := opened(t, o)
	exec1(t, db, "CREATE TABLE kept (n int)")
	info, err := os.Lstat(o.Data)
	if err != nil {
		t.Fatal(err)
	}
	if moved := info.Mode()&os.ModeSymlink != 0; moved != (os.Geteuid() == 0) {
		t.Errorf("as uid %d the folder is %v", os.Geteuid(), info.Mode())
	}
	db.Close()
	db = opened(t, o)
	ask(t, db, "SELECT count(*)::text FROM kept")
	db.Close()

	// An instance deleted and made anew does not find the old one's data.
	if err := os.Rename(o.Data, o.Data+".old"); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, opened(t, o), "SELECT count(*)::text FROM pg_class WHERE relname = 'kept'"); got != "0" {
		t.Error("the new instance has the old one's table")
	}
}

// A path too long for a socket, with the remains of an initdb that was killed.
func TestLongSocketPath(t *testing.T) {
	dir := apptest.Dir(t)
	o := instance(t, dir)
	o.Data = filepath.Join(dir, strings.Repeat("long/", 20), "data with, odd 'name", "postgres")
	half := o.Data + ".new"
	if err := os.MkdirAll(filepath.Join(half, "base"), 0o755); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("15\n"), 0o600)

	db := opened(t, o)
	u, err := url.Parse(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	socket := u.Query().Get("host")
	t.Cleanup(func() { os.RemoveAll(socket) })
	if info, err := os.Stat(socket); err != nil || len(socket) > 90 || info.Mode().Perm() != 0o700 {
		t.Errorf("the socket is in %q, %v", socket, err)
	}
	if _, err := os.Stat(half); err == nil {
		t.Error("the half-made cluster is still there")
	}
	db.Close()

	// Whoever took the socket's place in /tmp does not get our sessions.
	if err := os.Chmod(socket, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = postgres.Open(t.Context(), o)
	wants(t, err, app.Unavailable, socket, "remove it")
}

func TestRefusals(t *testing.T) {
	dir := apptest.Dir(t)
	o := instance(t, dir)

	t.Run("no programs", func(t *testing.T) {
		o := o
		o.Binaries = filepath.Join(dir, "nothing")
		_, err := postgres.Open(t.Context(), o)
		wants(t, err, app.Unavailable, "not installed", "run: app setup")
		if _, err := os.Stat(o.Data); err == nil {
			t.Error("something was made nevertheless")
		}
	})
	t.Run("another major version", func(t *testing.T) {
		o := o
		o.Data = filepath.Join(dir, "old", "postgres")
		if err := os.MkdirAll(o.Data, 0o700); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(filepath.Join(o.Data, "PG_VERSION"), []byte("9\n"), 0o600)
		os.Lchown(o.Data, 65534, 65534)
		_, err := postgres.Open(t.Context(), o)
		wants(t, err, app.Unavailable, "PostgreSQL 9", "nothing was changed", "\n  apt-get install postgresql-9\n", "pgdg/apt.postgresql.org.sh -y && apt-get install postgresql-9\n")
		if _, err := postgres.Probe(t.Context(), o); err == nil || !strings.Contains(err.Error(), "postgresql-9") {
			t.Errorf("a probe: %v", err)
		}
	})
	t.Run("a folder of something else", func(t *testing.T) {
		o := o
		o.Data = filepath.Join(dir, "full", "postgres")
		if err := os.MkdirAll(o.Data, 0o700); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(filepath.Join(o.Data, "diary.txt"), nil, 0o600)
		os.Lchown(o.Data, 65534, 65534)
		_, err := postgres.Open(t.Context(), o)
		wants(t, err, app.Unavailable, "holds no cluster", "move it away")
	})
	t.Run("nobody listens", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		_, err = postgres.Open(t.Context(), postgres.Options{URL: "postgres://bob:s3cret@" + l.Addr().String() + "/shop?sslmode=disable"})
		wants(t, err, app.Unavailable, l.Addr().String(), `"shop"`, "connection refused", "DATABASE_URL")
	})
	t.Run("no such URL", func(t *testing.T) {
		for _, url := range []string{"postgres://bob:s3cret@host:port/shop", "postgres://bob:s3cret%zz@host/shop", "bob:s3cret@host"} {
			_, err := postgres.Open(t.Context(), postgres.Options{URL: url})
			wants(t, err, app.Invalid, "DATABASE_URL cannot be read")
		}
	})
	t.Run("no such database", func(t *testing.T) {
		db := apptest.Database(t)
		_, err := postgres.Open(t.Context(), postgres.Options{URL: strings.Replace(db.URL, "@/test_", "@/no_", 1)})
		wants(t, err, app.Unavailable, "does not exist", "DATABASE_URL")
	})
}
