package load

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"majestic/upgrade"
)

// Instance is an instance of a program under trial, in a directory of its own. The
// program's verbs are serve, upgrade and stop with --dir, and serve prints a line
// that ends with "serves " and its address.
type Instance struct {
	Binary string
	Dir    string
	Env    []string // of the program, whole
	Args   []string // of serve

	Address string // host:port, once it serves

	first *os.Process
	ended chan struct{} // closed when the first process has
}

// mark is in the environment of every process of the instance, and of no other.
const mark = "UPGRADE_LOAD_INSTANCE"

// Start makes the instance serve.
func (i *Instance) Start(ctx context.Context) error {
	log, err := os.Create(i.Log())
	if err != nil {
		return err
	}
	defer log.Close()
	c := i.command(context.WithoutCancel(ctx), append([]string{"serve"}, i.Args...)...)
	c.Stderr = log
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a Ctrl-C is for us, and we tell it
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("start the instance: %w", err)
	}
	i.first, i.ended = c.Process, make(chan struct{})
	address := make(chan string, 1)
	go func() {
		defer close(i.ended)
		defer close(address)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if _, url, ok := strings.Cut(lines.Text(), "serves http://"); ok && len(address) == 0 {
				address <- url
			}
		}
		c.Wait()
	}()
	select {
	case i.Address = <-address:
	case <-ctx.Done():
		return ctx.Err()
	}
	if i.Address == "" {
		text, _ := os.ReadFile(i.Log())
		return fmt.Errorf("the instance did not start:\n%s", text)
	}
	return nil
}

// Stop ends all processes of the instance, also one that does not serve yet, and
// returns when they are gone.
func (i *Instance) Stop() error {
	if i.first == nil {
		return nil
	}
	i.first.Signal(syscall.SIGTERM)
	_, err := i.Run(context.Background(), "stop", "--now")
	<-i.ended
	return err
}

// Kill ends all processes of the instance at once, also those of one that somebody
// else has started, and returns when they are gone.
func (i *Instance) Kill() error {
	if i.first != nil {
		i.first.Kill()
		<-i.ended
	}
	for {
		alive, err := upgrade.Alive(i.Dir)
		if err != nil || len(alive) == 0 {
			return err
		}
		for _, s := range alive {
			syscall.Kill(s.PID, syscall.SIGKILL)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Upgrade puts another release in the serving one's place, and tells of each step
// as it comes. A release that is rolled back is no error; its last step says so.
func (i *Instance) Upgrade(ctx context.Context, file string, tell func(upgrade.Step), args ...string) (last upgrade.Step, err error) {
	c := i.command(ctx, append([]string{"upgrade", file, "--json"}, args...)...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.StdoutPipe()
	if err != nil {
		return last, err
	}
	if err := c.Start(); err != nil {
		return last, err
	}
	for d := json.NewDecoder(out); ; {
		var s upgrade.Step
		if err := d.Decode(&s); err != nil {
			if !errors.Is(err, io.EOF) {
				errs.WriteString(err.Error())
			}
			break
		}
		last = s
		tell(s)
	}
	c.Wait() // how it went is in the last step
	if ctx.Err() != nil {
		return last, ctx.Err()
	}
	if last.Result == "" {
		return last, fmt.Errorf("app upgrade said no result: %s", errs.Bytes())
	}
	return last, nil
}

// Run runs another verb to its end, and answers with what it prints.
func (i *Instance) Run(ctx context.Context, args ...string) ([]byte, error) {
	c := i.command(ctx, args...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		return out, fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, errs.Bytes())
	}
	return out, nil
}

// Release makes a release that differs from the others by its number alone, and
// answers with the file.
func (i *Instance) Release(number int) (string, error) {
	b, err := os.ReadFile(i.Binary)
	if err != nil {
		return "", err
	}
	name := filepath.Join(filepath.Dir(i.Log()), fmt.Sprintf("release-%d", number))
	return name, os.WriteFile(name, fmt.Appendf(b, "\nrelease %d\n", number), 0o755)
}

// alone waits until one generation lives, and answers with it.
func (i *Instance) alone(ctx context.Context) (upgrade.Status, error) {
	for {
		alive, err := upgrade.Alive(i.Dir)
		if err != nil || len(alive) == 1 {
			return append(alive, upgrade.Status{})[0], err
		}
		if len(alive) == 0 {
			return upgrade.Status{}, errors.New("no generation lives any more")
		}
		if err := wait(ctx, 20*time.Millisecond); err != nil {
			return upgrade.Status{}, err
		}
	}
}

func (i *Instance) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, i.Binary, append(args, "--dir", i.Dir)...)
	c.Env = append(i.Env, mark+"="+i.Dir)
	return c
}

// Log is the file of the first generation's, and of those that take its place;
// releases lie beside it.
func (i *Instance) Log() string { return i.Dir + ".log" }

// wait is a sleep that ends with ctx.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
