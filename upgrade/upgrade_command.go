package upgrade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// What an upgrade does unless it is told otherwise.
const (
	defaultProbation    = 10 * time.Second
	defaultDrainTimeout = 15 * time.Minute
	defaultTimeout      = 2 * time.Minute
)

// UpgradeCommand is the verb: app upgrade [FILE].
type UpgradeCommand struct {
	File         Binary        `arg:"" optional:"" help:"The binary of the new release; without it the running release is started afresh."`
	ByTenant     bool          `help:"Customers whose jobs are not done stay with the old release until they are."`
	Check        bool          `help:"Only check whether the binary would be taken, and rehearse it."`
	NoWait       bool          `help:"Return when the new release has taken over, and not when it is committed."`
	Probation    time.Duration `default:"10s" help:"How long the old release stands by."`
	DrainTimeout time.Duration `default:"15m" help:"How long the old release works off its waiting jobs; 0 is without end. Running ones are never cut."`
	Timeout      time.Duration `default:"2m" help:"How long the new release may take until it takes over."`
	JSON         bool          `name:"json" help:"One JSON object a line."`

	Wishes json.RawMessage `kong:"-"` // what the program itself wants to know of who gives the command: for its Backup, Sample and Compare

	// Rehearse tries a binary that has passed the check, where nobody serves; why it fails
	// there is why it is refused. Nil is nothing.
	Rehearse func(ctx context.Context, serving string, binary *os.File, tell func(step, detail string)) error `kong:"-"`
}

// RollbackCommand is the verb: app rollback.
type RollbackCommand struct {
	NoWait       bool          `help:"Return when the release before has taken over, and not when it is committed."`
	Probation    time.Duration `default:"10s" help:"How long the release that is left stands by."`
	DrainTimeout time.Duration `default:"15m" help:"How long it works off its waiting jobs; 0 is without end."`
	Timeout      time.Duration `default:"2m" help:"How long the release before may take until it takes over."`
	JSON         bool          `name:"json" help:"One JSON object a line."`
}

// Outcome is how an upgrade ended that did not end well.
type Outcome struct {
	Step
	code int
}

func (o *Outcome) Error() string {
	text := map[string]string{
		resultRefused:    "refused, and nothing was changed: ",
		resultFailed:     "the new release did not get ready: ",
		resultRolledBack: "rolled back: ",
		resultBusy:       "",
		resultUnknown:    "contact was lost: ",
	}[o.Result] + o.Reason
	if o.Log != "" {
		text += "\n  the last lines of its log:\n    " + strings.ReplaceAll(o.Log, "\n", "\n    ")
	}
	return text
}

// ExitCode is the verb's.
func (o *Outcome) ExitCode() int { return o.code }

// Validate is kong's.
func (c *UpgradeCommand) Validate() error {
	if c.ByTenant && c.File == (Binary{}) {
		return errors.New("--by-tenant needs the binary of another release; without it the running one is started afresh")
	}
	return positive(c.Probation, c.DrainTimeout, c.Timeout)
}

// Validate is kong's.
func (c *RollbackCommand) Validate() error { return positive(c.Probation, c.DrainTimeout, c.Timeout) }

// positive refuses times that cannot be meant.
func positive(probation, drain, timeout time.Duration) error {
	if probation < 0 || drain < 0 || timeout <= 0 {
		return errors.New("--probation and --drain-timeout cannot be less than 0, and --timeout must be more")
	}
	return nil
}

// Run asks the serving generation for the upgrade, and shows how it goes.
func (c *UpgradeCommand) Run(ctx context.Context, at Place, out io.Writer) error {
	r := request{at: at, out: out, json: c.JSON, noWait: c.NoWait}
	if c.File.err != nil {
		return r.refuse(c.File.err)
	}
	defer c.File.file.Close()
	if c.Rehearse != nil && c.File.file != nil {
		r.rehearse = func(serving string, tell func(step, detail string)) error {
			return c.Rehearse(ctx, serving, c.File.file, tell)
		}
	}
	if c.ByTenant {
		if s, err := ask(ctx, string(at), 0, question{Verb: "status"}); err == nil && !s.ByTenant {
			return r.refuse(errors.New("the release that serves does not know --by-tenant; upgrade it once without"))
		}
	}
	return r.run(ctx, order{Probation: c.Probation, DrainTimeout: c.DrainTimeout, Timeout: c.Timeout, Check: c.Check, ByTenant: c.ByTenant, Wishes: c.Wishes}, c.File.file)
}

// Run asks the serving generation to go back by one release.
func (c *RollbackCommand) Run(ctx context.Context, at Place, out io.Writer) error {
	r := request{at: at, out: out, json: c.JSON, noWait: c.NoWait}
	return r.run(ctx, order{Probation: c.Probation, DrainTimeout: c.DrainTimeout, Timeout: c.Timeout, Previous: true}, nil)
}

// Binary is an executable named on the command line. It is opened at once, with
// the rights of whoever gave the command: the instance's owner may have fewer.
type Binary struct {
	file *os.File
	err  error
}

// UnmarshalText takes the name, as kong and package flag hand it over. What is
// wrong with the file is for Run to tell: the usage was right.
func (b *Binary) UnmarshalText(text []byte) error {
	name := string(text)
	// Not blocking: the name may be a pipe's.
	b.file, b.err = os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if b.err != nil {
		b.err = fmt.Errorf("the binary cannot be read: %w", b.err)
		return nil
	}
	if info, err := b.file.Stat(); err == nil && !info.Mode().IsRegular() {
		b.err = fmt.Errorf("%s is not a file; name the binary of a release", name)
	}
	return nil
}

// request is one upgrade as its asker sees it.
type request struct {
	at     Place
	out    io.Writer
	json   bool
	noWait bool
	began  time.Time
	last   Step // that was heard

	rehearse func(serving string, tell func(step, detail string)) error // what a check ends with; nil is nothing
}

func (r *request) run(ctx context.Context, o order, file *os.File) error {
	r.began = time.Now()
	var files []int
	if file != nil {
		files = append(files, int(file.Fd()))
	}
	l, err := r.reach(ctx, question{Verb: "upgrade", Upgrade: &o}, files...)
	if err != nil {
		return r.refuse(err)
	}
	defer l.close()
	steps := make(chan Step)
	go func() {
		defer close(steps)
		for {
			var s Step
			if _, err := l.receive(&s); err != nil {
				return
			}
			select {
			case steps <- s:
			case <-ctx.Done():
				return
			}
		}
	}()
	return r.follow(ctx, o, steps)
}

// reach dials who serves; while one is dying and another about to serve, again.
func (r *request) reach(ctx context.Context, q question, files ...int) (*line, error) {
	for end := time.Now().Add(silence); ; {
		l, err := dial(ctx, string(r.at), 0, q, files...)
		if err == nil || errors.Is(err, errForeign) {
			return l, err
		}
		alive, aerr := Alive(string(r.at))
		if aerr != nil {
			return nil, aerr
		}
		if len(alive) == 0 {
			return nil, errors.New("nothing runs here; start it with: app serve")
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("no generation serves here, though %v live; see: app status: %w", numbers(alive), err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(2 * blink):
		}
	}
}

// follow shows the steps until the end; when nobody tells of it, the verdict does.
func (r *request) follow(ctx context.Context, o order, steps <-chan Step) error {
	tick := time.NewTicker(4 * blink)
	defer tick.Stop()
	heard, lost := time.Now(), false
	for {
		select {
		case s, ok := <-steps:
			if !ok {
				steps, lost = nil, true
				continue
			}
			heard = time.Now()
			s.Generation = max(s.Generation, r.last.Generation)
			r.last = s
			if s.Result == resultChecked && r.rehearse != nil {
				return r.rehearsed(ctx, s)
			}
			r.show(s)
			if s.Result != "" {
				return r.end(s)
			}
			if s.Step == "takeover" && r.noWait {
				return nil
			}
		case <-tick.C:
			if since := time.Since(heard); lost || since > silence {
				if s, ok := r.verdict(lost); ok {
					r.show(s)
					return r.end(s)
				}
				if lost && since > o.Probation+2*silence {
					s := Step{Step: "end", Result: resultUnknown, Reason: "the serving release is gone, and nothing is decided; see: app status"}
					r.show(s)
					return r.end(s)
				}
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rehearsed has the binary rehearsed before the end of its check is told.
func (r *request) rehearsed(ctx context.Context, end Step) error {
	now := func() int64 { return time.Since(r.began).Milliseconds() }
	err := r.rehearse(end.From, func(step, detail string) {
		r.show(Step{Step: step, OK: true, MS: now(), Detail: detail, From: end.From, To: end.To})
	})
	if ctx.Err() != nil {
		return fmt.Errorf("the rehearsal was stopped, and nothing is left of it: %w", ctx.Err())
	}
	if err != nil {
		end.OK, end.Result, end.Reason = false, resultRefused, err.Error()
	}
	end.MS = now()
	r.show(end)
	return r.end(end)
}

// verdict is the end of the upgrade as the file tells it. Who decided knows more, and
// is waited for as long as it is there.
func (r *request) verdict(lost bool) (s Step, ok bool) {
	if r.last.Generation == 0 {
		return s, false
	}
	v, err := readVerdict(string(r.at), r.last.Generation)
	if err != nil {
		return s, false
	}
	// Who is committed has yet to say so to all: whoever asks next must reach it.
	waited := !lost || v.event() == committed && !r.leads()
	if waited && time.Since(v.At) < 2*silence {
		return s, false
	}
	s = Step{Step: "end", Generation: r.last.Generation, From: r.last.From, To: r.last.To, MS: time.Since(r.began).Milliseconds(), Result: resultCommitted, OK: true}
	if v.event() == rolledBack {
		s.Result, s.OK, s.Reason = resultRolledBack, false, v.Reason
	}
	return s, true
}

// leads tells whether the control socket of who serves is the successor's.
func (r *request) leads() bool {
	return serves(string(r.at)) == r.last.Generation
}

func (r *request) refuse(err error) error {
	s := Step{Step: "end", Result: resultRefused, Reason: err.Error()}
	r.show(s)
	return r.end(s)
}

func (r *request) end(s Step) error {
	code := map[string]int{resultRefused: 3, resultFailed: 4, resultRolledBack: 5, resultBusy: 6, resultUnknown: 7}[s.Result]
	if code == 0 {
		return nil
	}
	return &Outcome{s, code}
}

var stepWords = map[string]string{
	"copy":      "copied as release",
	"check":     "it may take over",
	"room":      "waiting for room",
	"start":     "started as generation",
	"compare":   "compared:",
	"warm":      "it is warm",
	"takeover":  "it has the port, and is on probation",
	"probation": "it has passed its probation",
}

func (r *request) show(s Step) {
	if r.json {
		json.NewEncoder(r.out).Encode(s)
		return
	}
	words := stepWords[s.Step]
	switch {
	case s.Step == "start":
		words += fmt.Sprintf(" %d", s.Generation)
	case s.Detail != "":
		words = strings.TrimSpace(words + " " + s.Detail)
	case s.Result == resultCommitted:
		words = "committed: release " + s.To + " serves" + r.drains()
	case s.Result == resultChecked:
		words = "nothing was changed"
	case s.Result != "":
		return // the error says it
	}
	fmt.Fprintf(r.out, "%7.2f s  %s\n", float64(s.MS)/1000, words)
}

// drains tells what older generations still have to do.
func (r *request) drains() (text string) {
	all, _ := List(context.Background(), string(r.at))
	for _, s := range all {
		if s.State == Draining {
			text += fmt.Sprintf("\n           generation %d ends when its jobs are done: %s", s.Generation, s.Jobs.words())
			for _, stay := range s.Staying {
				text += "\n           " + stay.words(s.Version)
			}
		}
	}
	return text
}
