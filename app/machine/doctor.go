package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"majestic/app"
)

// Generation is one process of an instance, as the doctor asks about it.
type Generation struct {
	Number             int
	Serving, Silent    bool // silent: it lives, and does not answer
	Started            time.Time
	Unfinished, Orphan int       // jobs; orphans wait for a release that knows them
	Oldest             time.Time // of the unfinished; zero when there is none
}

// Doctor is the verb: app doctor.
type Doctor struct {
	JSON   bool `name:"json" help:"One JSON object per thing."`
	Render bool `help:"Also draw designs again that the serving release drew, and compare with the files that customers have."`
}

// Run looks at the machine and at the instance, and changes nothing.
func (d *Doctor) Run(ctx context.Context, needs Needs, out io.Writer) error {
	h := host{root: "/", uid: os.Geteuid()}
	rows := append(h.table(needs), h.instance(ctx, needs)...)
	if d.Render {
		rows = append(rows, row{name: "render", why: "a design is drawn today as it was yesterday",
			check:  func() (string, error) { return needs.Render(ctx) },
			remedy: "look at the report; what draws can be kept as it is with: app runtime freeze"})
	}
	return d.run(rows, out)
}

func (d *Doctor) run(rows []row, out io.Writer) error {
	var bad []string
	var states []state
	for _, r := range rows {
		s := r.look().advised()
		if !s.OK {
			bad = append(bad, s.Name)
		}
		if states = append(states, s); !d.JSON {
			s.print(out, "bad")
		}
	}
	if d.JSON {
		if err := printJSON(out, states); err != nil {
			return err
		}
	}
	if bad != nil {
		return app.Errorf(app.Unavailable, "not all is well: %s", strings.Join(bad, ", "))
	}
	return nil
}

// instance is what an instance must have, and how it must do.
func (h host) instance(ctx context.Context, n Needs) []row {
	dir := n.dir()
	if _, err := os.Stat(h.path(dir)); err != nil {
		return []row{{name: "instance", why: "there is more to look at", remedy: "name another directory with --dir; app serve makes one",
			check: func() (string, error) { return "", fmt.Errorf("there is none in %s", dir) }}}
	}
	return append(h.vital(ctx, n), h.settled(ctx, n)...)
}

// vital is what changes by the minute, and is quickly seen.
func (h host) vital(ctx context.Context, n Needs) []row {
	dir, g := n.dir(), &vitals{ctx: ctx, ask: n.Generations}
	return []row{
		{name: "permissions", why: "only the instance's own account may change it or read its secrets", check: func() (string, error) { return h.permissions(dir) },
			remedy: "give the file back to the owner of " + dir + " with chown, or close it with chmod go="},
		{name: "disk", why: "uploads, renders, the database and releases need room", check: func() (string, error) { return aside(h.path(dir)) },
			remedy: "see where it went with: du -xh " + dir + " | sort -h | tail"},
		{name: "clock", why: "signed links, sessions and webhooks compare times with other machines", check: clock,
			remedy: "apt-get install systemd-timesyncd, or let another program set it"},
		{name: "database", why: "all rows are in it", check: func() (string, error) { return n.Database(ctx) },
			remedy: "see the newest file in " + dir + "/data/postgres/log, or the server that DATABASE_URL names"},
		{name: "generations", why: "one process serves, older ones finish their jobs", check: g.generations,
			remedy: "app status --dir " + dir + " shows them; one that does not answer may be killed with kill -9: its jobs go on"},
		{name: "jobs", why: "what people have asked for is done", check: g.jobs,
			remedy: "app status --dir " + dir + " shows whose they are; jobs for another release are done when that is back: app rollback, app upgrade"},
		{name: "backups", why: "the instance comes back from them", check: n.Backups,
			remedy: "app backup list --dir " + dir + " shows them, and app backup verify tries one"},
	}
}

// settled is what changes when somebody installs something.
func (h host) settled(ctx context.Context, n Needs) []row {
	return append([]row{h.drift(n.dir())}, h.runtime(ctx, n.Runtime)...)
}

// drift compares the unit of the service that the directory is, if it is one.
func (h host) drift(dir string) row {
	units, _ := filepath.Glob(h.path("/etc/systemd/system/*.service"))
	for _, unit := range units {
		if instanceOf(unit) == dir {
			v := &service{host: h, name: strings.TrimSuffix(filepath.Base(unit), ".service"), dir: dir}
			r := v.unitRow()
			r.remedy = fmt.Sprintf("app setup --systemd %s --dir %s", v.name, dir)
			return r
		}
	}
	return row{name: "unit", why: "systemd may run the instance", check: func() (string, error) { return "none: no service of systemd's is this instance", nil }}
}

// permissions looks at what is dangerous to share.
func (h host) permissions(dir string) (string, error) {
	info, err := os.Stat(h.path(dir))
	if err != nil {
		return "", fmt.Errorf("there is no %s", dir)
	}
	owner := info.Sys().(*syscall.Stat_t).Uid
	if info.Mode().Perm()&0o002 != 0 {
		return "", fmt.Errorf("everybody may write into %s", dir)
	}
	for _, name := range []string{"app.toml", "current", "releases", "data", "data/objects", "data/secret.key", "backups", "tmp", "tmp/generations"} {
		file := filepath.Join(h.path(dir), name)
		info, err := os.Lstat(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		is := info.Sys().(*syscall.Stat_t)
		switch mode := info.Mode(); {
		case is.Uid != owner && !(name == "app.toml" && is.Uid == 0):
			return "", fmt.Errorf("%s belongs to uid %d, and the instance to uid %d", name, is.Uid, owner)
		case name == "data/secret.key" && mode.Perm()&0o077 != 0:
			return "", fmt.Errorf("others may read %s (%s)", name, mode)
		case mode&fs.ModeSymlink == 0 && mode.Perm()&0o002 != 0:
			return "", fmt.Errorf("everybody may write to %s (%s)", name, mode)
		}
	}
	return fmt.Sprintf("all belongs to uid %d", owner), nil
}

// aside is the room on the disk, and what was put aside there by a restore, which
// nothing of ours removes.
func aside(dir string) (string, error) {
	said, err := room(dir)
	kept, _ := filepath.Glob(filepath.Join(dir, "data.before-*"))
	if len(kept) == 0 {
		return said, err
	}
	replaced := fmt.Sprintf("%s is what a restore has replaced: remove it when nobody misses it", filepath.Base(kept[0]))
	if len(kept) > 1 {
		replaced = fmt.Sprintf("%s and %d others are what restores have replaced: remove them when nobody misses them", filepath.Base(kept[0]), len(kept)-1)
	}
	if err != nil {
		return "", fmt.Errorf("%w; %s", err, replaced)
	}
	return said + "; " + replaced, nil
}

// What a disk must have left.
const (
	leastBytes  = 1 << 30
	leastInodes = 10_000
)

func room(dir string) (string, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return "", err
	}
	free := s.Bavail * uint64(s.Bsize)
	said := fmt.Sprintf("%.1f GB free", float64(free)/1e9)
	switch {
	case free < leastBytes:
		return "", fmt.Errorf("only %s", said)
	case s.Files > 0 && s.Ffree < leastInodes: // some file systems do not count them
		return "", fmt.Errorf("only %d more files can be made, of %d", s.Ffree, s.Files)
	}
	return said, nil
}

// clock asks the kernel whether somebody keeps its time right.
func clock() (string, error) {
	var t syscall.Timex
	if _, err := syscall.Adjtimex(&t); err != nil {
		return "", fmt.Errorf("ask the kernel for its clock: %w", err)
	}
	const unsynchronized = 0x40 // STA_UNSYNC
	if t.Status&unsynchronized != 0 {
		return "", errors.New("nobody keeps it right: it is not synchronized")
	}
	return "synchronized", nil
}

// How long a job may be unfinished, and an old generation live, until somebody
// should look.
const (
	stuckAfter = time.Hour
	oldAfter   = 24 * time.Hour
)

// vitals are the answers of an instance's processes, asked for once.
type vitals struct {
	ctx   context.Context
	ask   func(context.Context) ([]Generation, error)
	asked bool
	all   []Generation
	err   error
}

func (v *vitals) get() ([]Generation, error) {
	if !v.asked {
		v.all, v.err = v.ask(v.ctx)
		v.asked = true
	}
	return v.all, v.err
}

func (v *vitals) generations() (string, error) {
	all, err := v.get()
	if err != nil {
		return "", err
	}
	serving := 0
	for _, g := range all {
		if g.Silent {
			return "", fmt.Errorf("generation %d lives, and does not answer", g.Number)
		}
		if g.Serving {
			serving = g.Number
		}
	}
	switch {
	case len(all) == 0:
		return "none: the instance does not run", nil
	case serving == 0:
		return "", fmt.Errorf("%d live, and none serves", len(all))
	}
	for _, g := range all {
		if age := time.Since(g.Started); g.Number < serving && age > oldAfter {
			return "", fmt.Errorf("generation %d, from %s, still has %d jobs to finish", g.Number, g.Started.Local().Format(time.DateTime), g.Unfinished)
		}
	}
	return fmt.Sprintf("generation %d serves, %d older finish their jobs", serving, len(all)-1), nil
}

func (v *vitals) jobs() (string, error) {
	all, err := v.get()
	if err != nil {
		return "", err
	}
	unfinished := 0
	for _, g := range all {
		if g.Orphan > 0 {
			return "", fmt.Errorf("%d jobs wait for a release that knows them", g.Orphan)
		}
		if !g.Oldest.IsZero() && time.Since(g.Oldest) > stuckAfter {
			return "", fmt.Errorf("of %d unfinished jobs the oldest is from %s", g.Unfinished, g.Oldest.Local().Format(time.DateTime))
		}
		unfinished += g.Unfinished
	}
	return fmt.Sprintf("%d unfinished, none stuck", unfinished), nil
}
