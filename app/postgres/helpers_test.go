package postgres_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/postgres"
)

// TestMain is also another process's main: started by process, it opens the
// cluster, says so, and closes it on SIGTERM.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "open" {
		if err := user(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func user(options string) error {
	var o postgres.Options
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	db, err := postgres.Open(ctx, o)
	if err != nil {
		return err
	}
	fmt.Println("open")
	<-ctx.Done()
	if err := db.Close(); err != nil {
		return err
	}
	fmt.Println("closed")
	return nil
}

// process starts a user of the cluster in a process of its own. The program is
// a copy, because the account may not reach where go test built it.
func process(t *testing.T, o postgres.Options, as *syscall.Credential) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	program := filepath.Join(apptest.Dir(t), "user")
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, self, 0o755); err != nil {
		t.Fatal(err)
	}
	options, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "open", string(options))
	cmd.Dir = filepath.Dir(program)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	cmd.Stderr = os.Stderr
	// A pipe of our own: Wait must not close it before its end was seen.
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		read.Close()
	})
	return cmd, bufio.NewReader(read)
}

func line(t *testing.T, from *bufio.Reader, want string) {
	t.Helper()
	got, err := from.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) || strings.TrimSpace(got) != want {
		t.Fatalf("the process said %q (%v), want %q", got, err, want)
	}
}

// instance is where a test's cluster lies. Whatever happens, it is down before
// its folder is removed.
func instance(t testing.TB, dir string) postgres.Options {
	o := postgres.Options{
		Data:     filepath.Join(dir, "data", "postgres"),
		Locks:    filepath.Join(dir, "tmp"),
		Name:     "a test",
		MaxConns: 4,
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := postgres.Stop(ctx, o); err != nil {
			t.Error(err)
		}
	})
	return o
}

func opened(t testing.TB, o postgres.Options) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// niceness is a process's priority, from -20, the first, to 19.
func niceness(t *testing.T, pid int) (nice int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // behind the name, from the third field on
	nice, err = strconv.Atoi(strings.Fields(rest)[16])
	if err != nil {
		t.Fatal(err)
	}
	return nice
}

func exec1(t *testing.T, db *postgres.DB, sql string) {
	t.Helper()
	if _, err := db.Pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, db *postgres.DB, sql string) string {
	t.Helper()
	var answer string
	if err := db.Pool.QueryRow(t.Context(), sql).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

func postmaster(t *testing.T, o postgres.Options) int {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(o.Data, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Split(string(file), "\n")[0])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func uidOf(t *testing.T, pid int) int {
	t.Helper()
	info, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

// wants checks a refusal: its kind, what it tells the person, and what it does not.
func wants(t *testing.T, err error, kind app.Kind, words ...string) {
	t.Helper()
	if err == nil || app.KindOf(err) != kind {
		t.Fatalf("error %v of kind %d, want kind %d", err, app.KindOf(err), kind)
	}
	var said *app.Error
	errors.As(err, &said)
	for _, word := range words {
		if !strings.Contains(said.Message, word) {
			t.Errorf("%q does not say %q", said.Message, word)
		}
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%q tells the password", err)
	}
}
