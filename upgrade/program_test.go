package upgrade_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"majestic/upgrade"
)

// The test binary is also a release of the example with a fault, which is named
// in the last bytes of its file: see faulty.
const faultTag = "\nfault="

func TestMain(m *testing.M) {
	if _, fault, ok := strings.Cut(tail("/proc/self/exe"), faultTag); ok {
		if err := broken(fault); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	os.RemoveAll(built.dir)
	os.Exit(code)
}

// broken is the example as it should not be.
func broken(fault string) error {
	var dir, listen string
	fs := flag.NewFlagSet("broken", flag.ContinueOnError)
	fs.StringVar(&dir, "dir", ".", "")
	fs.StringVar(&listen, "listen", "", "")
	fs.Bool("json", false, "")
	if err := fs.Parse(os.Args[2:]); err != nil {
		return err
	}
	switch os.Args[1] {
	case "version":
		return introduce(fault)
	case "serve":
		return serveBroken(fault, dir, listen)
	case "shout": // into a control socket, whatever its owner thinks of us
		return shout(dir)
	case "pose":
		return pose(dir)
	}
	return fmt.Errorf("no verb %q", os.Args[1])
}

// compareWith is a successor's look at what its predecessor has laid down.
func compareWith(ctx context.Context, dir, wishes string) (string, error) {
	sample, err := os.ReadFile(filepath.Join(dir, "sample"))
	if err != nil {
		return "", err
	}
	switch wishes {
	case `"differ"`:
		return "", upgrade.Refuse(errors.New("I am otherwise"))
	case `"break"`:
		return "", errors.New("I have no pencil")
	case `"wait"`:
		if err := os.WriteFile(filepath.Join(dir, "comparing"), nil, 0o600); err != nil {
			return "", err
		}
		<-ctx.Done()
		return "", ctx.Err()
	}
	return string(sample), nil
}

func introduce(fault string) error {
	about := map[string]any{"product": "visits", "arch": runtime.GOARCH, "protocol": 1}
	switch fault {
	case "exits":
		return errors.New("my libraries are not here")
	case "hangs":
		select {}
	case "product":
		about["product"] = "dance"
	case "arch":
		about["arch"] = "vax"
	case "protocol":
		about["protocol"] = 2
	}
	return json.NewEncoder(os.Stdout).Encode(about)
}

func serveBroken(fault, dir, listen string) error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	release, err := upgrade.Release(self)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(context.Background())
	g, err := upgrade.Start(ctx, upgrade.Options{Dir: dir, Release: release, Version: fault, Stop: func(bool) { end() }, Log: slog.Default()})
	if errors.Is(err, upgrade.ErrDetached) {
		return nil
	}
	if err != nil {
		return err
	}
	defer g.Close(nil)
	context.AfterFunc(ctx, g.Stop)
	l, err := g.Listen(ctx, listen)
	if err != nil {
		return err
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Release", release) }))
	fmt.Fprintln(os.Stderr, "the fault is: "+fault)
	switch fault {
	case "fails":
		err := errors.New("my migrations do not pass")
		g.Close(err)
		return err
	case "vanishes":
		os.Exit(1)
	case "never":
		<-g.Left()
		return nil
	case "waits": // for a word from the test
		for {
			if _, err := os.Stat(filepath.Join(dir, "go on")); err == nil {
				break
			}
			select {
			case <-g.Left():
				return nil
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	if err := g.Compare(ctx, func(ctx context.Context, wishes []byte) (string, error) { return compareWith(ctx, dir, string(wishes)) }); err != nil {
		g.Close(err)
		return err
	}
	err = g.Serve(upgrade.Work{
		Sample: func(_ context.Context, successor int, wishes []byte) error {
			if string(wishes) == `"fails"` {
				return errors.New("my pencil is blunt")
			}
			return os.WriteFile(filepath.Join(dir, "sample"), fmt.Appendf(nil, "for %d", successor), 0o600)
		},
		Jobs: func(context.Context) (upgrade.Jobs, error) { return upgrade.Jobs{}, nil },
		Check: func(context.Context) error {
			switch fault {
			case "dies":
				os.Exit(1)
			case "sick", "stubborn":
				return errors.New("I do not feel well")
			}
			return nil
		},
		Accept:   func(context.Context, []byte) error { return nil },
		Remember: func(_ context.Context, u upgrade.Upgrade) error { return remember(dir, u) },
	})
	if err != nil {
		return err
	}
	if fault == "stubborn" {
		select {}
	}
	<-g.Left()
	return nil
}

// remember adds a line to what there is, unless a test has put something in its way.
func remember(dir string, u upgrade.Upgrade) error {
	if _, err := os.Stat(filepath.Join(dir, "full")); err == nil {
		return errors.New("there is no room for it")
	}
	f, err := os.OpenFile(filepath.Join(dir, "remembered"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(f).Encode(u), f.Close())
}

// shout says stop to a generation without a look at who it is, and prints what it answers.
func shout(dir string) error {
	conn, err := net.Dial("unix", filepath.Join(dir, "tmp", "app.sock"))
	if err != nil {
		return err
	}
	fmt.Fprintln(conn, `{"verb":"stop"}`)
	_, err = io.Copy(os.Stdout, conn)
	fmt.Println("heard all:", err)
	return nil
}

// pose puts a control socket of our own into an instance.
func pose(dir string) error {
	name := filepath.Join(dir, "tmp", "pose.sock")
	l, err := net.Listen("unix", name)
	if err == nil {
		err = os.Chmod(name, 0o666)
	}
	if err != nil {
		return err
	}
	fmt.Println("posing")
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		b := make([]byte, 1)
		if n, _ := conn.Read(b); n > 0 {
			fmt.Println("somebody told me something")
		}
		conn.Close()
	}
}

// tail is the end of a file.
func tail(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	b := make([]byte, 64)
	n, _ := f.ReadAt(b, size-int64(len(b)))
	return string(b[:n])
}
