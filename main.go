// Majestic draws designs: teams lay them out in the browser, leave variables in
// them, and render them to pictures, one now or thousands in a job. This is the
// whole of it: the web UI, the job queue, the renderer and the release tool.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/backup"
	"majestic/app/bench"
	"majestic/app/config"
	"majestic/app/machine"
	"majestic/app/mail"
	"majestic/app/metrics"
	"majestic/app/objects"
	"majestic/app/postgres"
	"majestic/app/rehearsal"
	"majestic/app/remote"
	"majestic/http"
	"majestic/jobs"
	"majestic/migrations"
	"majestic/screenshots"
	"majestic/static"
	"majestic/upgrade"
)

const (
	product  = "majestic"
	protocol = 1 // of an upgrade
)

// version is set by -ldflags "-X main.version=…".
var version = "dev"

// verbs are what the binary can be told to do. Each lives in the room that does its work.
type verbs struct {
	config.Config

	Serve    Serve                      `cmd:"" help:"Serve the instance."`
	Upgrade  Upgrade                    `cmd:"" help:"Replace the running release by another, and lose nothing."`
	Rollback upgrade.RollbackCommand    `cmd:"" help:"Go back to the release before, likewise."`
	Status   upgrade.StatusCommand      `cmd:"" help:"Show the generations that run, and the last that ran."`
	Stop     upgrade.StopCommand        `cmd:"" help:"End all generations and the private cluster, and return when they are gone."`
	Render   jobs.RenderCommand         `cmd:"" help:"Draw a design from a file, without a database."`
	Migrate  migrations.MigrateCommand  `cmd:"" help:"The database's schema."`
	Backup   backup.Verbs               `cmd:"" help:"Copies of the instance, from which it comes back."`
	Unmute   backup.Unmute              `cmd:"" help:"Let a restored instance act on the world outside."`
	DB       postgres.Command           `cmd:"" name:"db" help:"The database, by hand."`
	Tenant   app.TenantCommand          `cmd:"" help:"Workspaces."`
	User     app.UserCommand            `cmd:"" help:"Accounts."`
	Apikey   app.APIKeyCommand          `cmd:"" help:"Keys for programs."`
	Fonts    app.FontsCommand           `cmd:"" help:"List the fonts that every design may use, and their licences."`
	Setup    machine.Setup              `cmd:"" help:"Install what this machine lacks; make a service of an instance."`
	Doctor   machine.Doctor             `cmd:"" help:"Look whether all is well with this machine and the instance."`
	Bench    bench.Command              `cmd:"" help:"Measure this machine, on an instance of its own."`
	Runtime  screenshots.RuntimeCommand `cmd:"" help:"What draws: Chromium, its libraries and fonts, the system's or frozen."`
	Version  Version                    `cmd:"" help:"Say which release this is."`
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main, startable from a test. It returns the exit code: 0 done, 1 failed, 2 usage;
// an upgrade has more.
func run(args []string, out, errs io.Writer) int {
	var v verbs
	command, err := kong.New(&v,
		kong.Name("app"),
		kong.Description("Majestic: designs in, pictures out. https on top, Postgres below, Chrome inside."),
		kong.Resolvers(&config.Settings{Getenv: os.Getenv}),
		kong.Writers(out, errs),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		panic(err) // the verbs above are put together wrongly
	}
	kctx, err := command.Parse(args)
	if err != nil {
		app.Complain(errs, err)
		return 2
	}
	self, err := os.Open("/proc/self/exe") // before root's rights are dropped: afterwards its folder may be closed to us
	if err != nil {
		app.Complain(errs, err)
		return 1
	}
	defer self.Close()
	if err := enter(&v.Config, kctx.Command()); err != nil {
		app.Complain(errs, err)
		return 1
	}
	wires := wires{config: &v.Config, self: self}
	ctx := context.Background()
	if verb, _, _ := strings.Cut(kctx.Command(), " "); verb == "runtime" || verb == "render" || verb == "backup" || v.Upgrade.Check {
		var ignore context.CancelFunc
		ctx, ignore = config.UntilStopped()
		defer ignore()
		context.AfterFunc(ctx, ignore) // a second signal ends the process at once
	}
	kctx.BindTo(ctx, (*context.Context)(nil))
	kctx.BindTo(out, (*io.Writer)(nil))
	kctx.BindTo(remote.New(), (*app.Remote)(nil))
	kctx.Bind(&v.Config, &wires, self, upgrade.Place(v.Dir), upgrade.Rest(wires.rest), jobs.Launch(wires.launch), jobs.Watch{Writer: errs, Columns: v.Columns}, bench.Database(database), needs(&v.Config, self, wires.recheck), runtimes(&v.Config), drawing(&v.Config), fontSource(&v.Config))
	kctx.Bind(backup.Open(wires.open), postgres.Opened(wires.open), postgresOptions(&v.Config, "db", v.Logger()))
	kctx.BindToProvider(wires.keeper)
	kctx.BindToProvider(wires.schedule)
	kctx.BindToProvider(wires.pool)
	kctx.BindToProvider(wires.app)
	kctx.BindToProvider(wires.instance)
	err = errors.Join(kctx.Run(), wires.close())
	if err == nil {
		return 0
	}
	app.Complain(errs, err)
	if outcome, told := errors.AsType[*upgrade.Outcome](err); told { // a program that we ran has codes of its own
		return outcome.ExitCode()
	}
	return 1
}

// enter goes into the instance, for the verbs that work on one. Setup installs
// for the whole machine and keeps root's rights; only a verb that may be the
// first makes the directory: for the others a typing error must not look like an
// instance where nothing runs.
func enter(c *config.Config, verb string) error {
	verb, _, _ = strings.Cut(verb, " ")
	switch verb {
	case "setup", "version", "bench":
		return nil
	case "render": // may lie in an instance, and then draws with its runtime
		dir, err := filepath.Abs(c.Dir)
		c.Dir = dir
		return err
	case "status", "stop", "upgrade", "rollback", "doctor", "unmute", "db", "backup":
		return c.Enter()
	}
	if err := c.Make(); err != nil {
		return err
	}
	return c.Enter()
}

// Serve is the verb: app serve.
type Serve struct{}

// Run makes this process a generation of the instance, and stays on its terminal
// when another has taken its place.
func (Serve) Run(c *config.Config, self *os.File, out io.Writer) (err error) {
	log, err := c.OpenLog()
	if err != nil {
		return err
	}
	defer log.Close()
	stop := c.ListenForStop(log)
	defer stop.Ignore()
	release, err := upgrade.Release(self)
	if err != nil {
		return err
	}
	told := log.With("release", release)
	generation, err := upgrade.Start(stop.Soft, upgrade.Options{Dir: c.Dir, Release: release, Version: version, Stop: stop.Now, Log: told})
	if errors.Is(err, upgrade.ErrDetached) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { generation.Close(err) }()
	context.AfterFunc(stop.Soft, generation.Stop)
	context.AfterFunc(stop.Hard, generation.Hurry)
	if err := upgrade.Register(c.Dir, self, release); err != nil {
		return err
	}
	err = serve(c, stop, generation, release, out, told.With("generation", generation.Number()))
	if stop.Soft.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil // told to stop while starting
	}
	if err != nil {
		return err
	}
	generation.Close(nil)
	if c.Interactive() && generation.Leave().Reason == upgrade.Replaced {
		return generation.Front(stop.Soft, stop.Hard, os.Stderr)
	}
	return nil
}

// Upgrade is the verb: app upgrade, with what this program asks of a release.
type Upgrade struct {
	upgrade.UpgradeCommand
	Fresh bool `help:"With --check: rehearse it on a backup made now, and not on the newest."`
	wishes
}

// wishes go with an upgrade to the processes that carry it out.
type wishes struct {
	jobs.GateWishes
	NoBackup bool `help:"Make no backup before migrations run." json:"no_backup"`
}

// Run has the release replaced, or rehearsed.
func (c *Upgrade) Run(ctx context.Context, at upgrade.Place, w *wires, out io.Writer) (err error) {
	if c.UpgradeCommand.Wishes, err = json.Marshal(c.wishes); err != nil {
		return err
	}
	c.Rehearse = func(ctx context.Context, serving string, binary *os.File, tell func(step, detail string)) error {
		k, err := w.keeper()
		if err != nil {
			return err
		}
		r := rehearsal.Rehearsal{Instance: w.config, Keeper: k, Database: w.open, Fresh: c.Fresh, Limit: c.Timeout, Tell: tell}
		r.Args = []string{fmt.Sprintf("--render-sample=%d", c.RenderSample), fmt.Sprintf("--accept-render-changes=%t", c.AcceptRenderChanges)}
		return r.Run(ctx, serving, binary)
	}
	return c.UpgradeCommand.Run(ctx, at, out)
}

// serve is the story of an instance's process: what it opens, in this order, what
// it does until it is told to leave, and how it closes. The process that an
// upgrade starts goes the same way; it gets the port when all is warm.
func serve(c *config.Config, stop *config.Stop, generation *upgrade.Generation, release string, out io.Writer, log *slog.Logger) (err error) {
	listener, err := generation.Listen(stop.Soft, c.Listen)
	if err != nil {
		return http.NotListening("--listen", c.Listen, err)
	}
	var measured net.Listener
	if c.MetricsListen != "" {
		if measured, err = generation.Listen(stop.Soft, c.MetricsListen); err != nil {
			return http.NotListening("--metrics-listen", c.MetricsListen, err)
		}
	}
	private, err := generation.Private()
	if err != nil {
		return err
	}
	c.Listen = listener.Addr().String() // the port that was found, when any would do

	// Chrome takes as long to start as all the rest: both at once.
	chrome := begin(func() (*screenshots.Pool, error) {
		return launch(stop.Soft, c, c.Reachable("tmp", "chrome"), c.Path("tmp", "slots"), log)
	})
	defer func() {
		if pool, _ := chrome(); pool != nil {
			err = errors.Join(err, pool.Close())
		}
	}()

	client := jobs.ClientName(generation.Number(), release)
	db, err := postgres.Open(stop.Soft, postgresOptions(c, client, log))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	defer meanwhile(func(ctx context.Context) { postgres.Watch(ctx, postgresOptions(c, client, log)) })()
	if err := db.Claim(stop.Soft, c.Dir); err != nil {
		return err
	}
	if _, err := migrations.Expand(stop.Soft, db.Pool); err != nil {
		return err
	}
	folder, err := objects.Open(c.Path("data", "objects"))
	if err != nil {
		return err
	}
	defer folder.Close()
	files, err := static.New().Publish(stop.Soft, folder)
	if err != nil {
		return err
	}
	secret, err := c.Secret()
	if err != nil {
		return err
	}
	queue, err := jobs.NewQueue(db.Pool, release)
	if err != nil {
		return err
	}
	others := remote.New()
	a := app.New(app.Options{
		Pool: db.Pool, Queue: queue, Objects: folder, Remote: others, Poster: others, Release: release, Secret: secret,
		Mine:    func(release string) bool { return generation.Whose(release) == 0 },
		Muted:   keeperOf(c, release, log).Muted,
		FileURL: func(render string) string { return http.FileURL(c.URL(), render) },
	})
	events := app.StartEvents(db.Pool, log)
	defer events.Close()

	mailer, err := mail.New(mail.Options{
		URL: c.SMTPURL, Password: c.SMTPPassword, From: c.SMTPFrom, BaseURL: c.URL(), Folder: c.Path("data", "mail"), Log: log,
	})
	if err != nil {
		return err
	}

	renderer, err := chrome()
	if err != nil {
		return err
	}
	runner, err := jobs.NewRunner(jobs.Options{Pool: db.Pool, App: a, Events: events, Capturer: renderer, Mailer: mailer, Tabs: renderer.Tabs(), Release: release, Client: client, Log: log})
	if err != nil {
		return err
	}
	river, err := jobs.NewUI(db.Pool, http.RiverPath, log)
	if err != nil {
		return err
	}
	server := http.New(http.Options{
		App: a, Events: events, Static: files, Release: release, Version: version, Generation: generation.Number(),
		FontFile: renderer.FontFile, BaseURL: c.URL(), Mails: c.SMTPURL != "", RateLimit: c.RateLimit, TrustedProxies: c.TrustedProxies, Log: log, Peers: generation, River: river,
		Generations: func(ctx context.Context) ([]app.Generation, error) { return living(ctx, c.Dir) },
		Findings:    machine.NewCheckup(needs(c, nil, nil)).Findings, Backlogs: runner.Backlogs, Copies: func() app.Copies { return copies(c, log) },
		Checks: []http.Check{
			{Name: "database", Ask: a.Ready},
			{Name: "chrome", Ask: func(context.Context) error { return jobs.Ready(renderer) }},
			{Name: "disk", Ask: folder.Ready, Outside: true},
			{Name: "serving", Ask: func(context.Context) error { return staying(generation) }, Outside: true},
		},
	})
	if measured != nil {
		defer metrics.Serve(measured, log, metrics.Build{Version: version, Release: release, Generation: generation.Number()},
			slices.Concat(server.Metrics(), runner.Metrics(), renderer.Metrics(), db.Metrics(), metrics.Generations(states(c.Dir)))...)()
		log.Info("metrics are served", "url", "http://"+measured.Addr().String()+"/metrics")
	}
	served := make(chan error, 2)
	go func() { served <- server.Serve(listener) }()
	go func() { served <- server.ServePeers(private) }()
	if err := server.Check(stop.Soft, private.Addr()); err != nil {
		return err
	}

	gate := jobs.Gate{App: a, Capturer: renderer, By: renderer.Fingerprint, Folder: c.Path("tmp", "gate"), Release: release, Version: version}
	if err := compare(stop.Soft, generation, gate); err != nil {
		return err
	}
	if err := takePlace(stop.Soft, generation, a); err != nil {
		return err
	}
	err = generation.Serve(upgrade.Work{
		Jobs: func(ctx context.Context) (upgrade.Jobs, error) {
			b, err := jobs.Count(ctx, db.Pool, release)
			return upgrade.Jobs(b), err
		},
		Check: func(ctx context.Context) error {
			if generation.InCharge() {
				return server.Check(ctx, private.Addr())
			}
			return errors.Join(server.Check(ctx, private.Addr()), server.Sane())
		},
		Accept: func(ctx context.Context, about []byte) error { return acceptable(ctx, db.Pool, about) },
		Backup: func(ctx context.Context, about, wished []byte) (string, error) {
			return keepBefore(ctx, c, release, db, about, wished, log)
		},
		Expect: a.Expect,
		Staying: func(ctx context.Context) (all []upgrade.Stay, err error) {
			staying, err := a.Staying(ctx, release)
			for _, s := range staying {
				all = append(all, upgrade.Stay(s))
			}
			return all, err
		},
		Move:     move(a, log),
		Sample:   gate.Draw,
		Remember: func(ctx context.Context, u upgrade.Upgrade) error { return a.RememberUpgrade(ctx, app.Upgrade(u)) },
	})
	if err != nil {
		return err
	}
	if err := runner.Start(stop.Soft); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, runner.Stop(stop.Hard)) }()
	defer meanwhile(func(ctx context.Context) {
		generation.Watch(ctx, func(alive []upgrade.Status) error {
			return errors.Join(takeOver(ctx, runner, alive, log), settle(ctx, a, c.Dir, alive))
		})
	})()
	defer meanwhile(func(ctx context.Context) { generation.Oversee(ctx, a.AssignedReleases) })()
	if err := greet(stop.Soft, out, c, a); err != nil {
		log.Warn("the address and the setup link could not be printed", "url", c.URL(), "err", err)
	}

	select {
	case <-generation.Served():
		notice(c, renderer, log)
		if err := runner.Lead(stop.Soft); err != nil {
			log.Error("this process cannot lead yet", "err", err)
		}
		defer meanwhile(func(ctx context.Context) { tend(ctx, c, generation, release, db, renderer, log) })()
		defer meanwhile(func(ctx context.Context) { migrations.Contract(ctx, db.Pool, instance(c.Dir, release), log) })()
	case err = <-served:
	case <-generation.Left():
	}
	if err == nil {
		select {
		case err = <-served:
		case <-generation.Left():
		}
	}
	generation.Stop()
	leave := generation.Leave()
	log.Info("leaving", "why", leave.Reason.String(), "hint", "jobs are finished first; another signal cuts them, and they go on at the next start")
	return errors.Join(err, end(stop, generation, server, runner, leave))
}

// keepBefore makes a backup before a release runs its migrations, unless the owner
// wants none of ours.
func keepBefore(ctx context.Context, c *config.Config, release string, db *postgres.DB, about, wished []byte, log *slog.Logger) (said string, err error) {
	var of struct {
		Schema map[string][]int64
	}
	var w wishes
	err = json.Unmarshal(about, &of)
	if len(wished) > 0 { // of one that goes back there are none
		err = errors.Join(err, json.Unmarshal(wished, &w))
	}
	if err != nil {
		return "", fmt.Errorf("read what is wished of the upgrade: %w", err)
	}
	pending, err := migrations.Pending(ctx, db.Pool, of.Schema)
	k := keeperOf(c, release, log)
	if err != nil || pending == 0 || w.NoBackup || c.BackupEvery <= 0 || k.Muted() {
		return "", err
	}
	b, err := k.CreateSoon(ctx, db)
	if err != nil {
		return "", fmt.Errorf("migrations are pending, and no backup can be made before them: %w; mend that, or go without: --no-backup", err)
	}
	return fmt.Sprintf("made the backup %s, since %d migrations are pending", b.ID, pending), nil
}

// tend has the instance backed up as it is due.
func tend(ctx context.Context, c *config.Config, generation *upgrade.Generation, release string, db *postgres.DB, renderer *screenshots.Pool, log *slog.Logger) {
	s, err := scheduleOf(c)
	if err != nil {
		log.Error("no backups are made", "err", err)
		return
	}
	k := keeperOf(c, release, log)
	k.Draw = func(ctx context.Context, pool *pgxpool.Pool, objects string) (string, error) {
		return trial(ctx, pool, objects, renderer)
	}
	k.Tend(ctx, generation.Left(), db, s)
}

// How long a connection may be idle when its server leaves: another takes over,
// or none.
const (
	idleReplaced = 5 * time.Second
	idleStopped  = time.Second
	// For requests to be answered. Who is rolled back is killed a moment later.
	restStopped    = 15 * time.Second
	restRolledBack = 1500 * time.Millisecond
)

// end closes by the reason why.
func end(stop *config.Stop, generation *upgrade.Generation, server *http.Server, runner *jobs.Runner, leave upgrade.Leave) error {
	rest, idle := stop.Hard, idleReplaced
	switch leave.Reason {
	case upgrade.RolledBack:
		stop.Now(true)
		limited, cancel := context.WithTimeout(context.Background(), restRolledBack)
		defer cancel()
		rest, idle = limited, 0
	case upgrade.Stopped:
		limited, cancel := context.WithTimeout(stop.Hard, restStopped)
		defer cancel()
		rest, idle = limited, idleStopped
	}
	defer server.Part(rest)
	quiet := make(chan struct{})
	go func() {
		defer close(quiet)
		server.Retire(rest, idle)
		if leave.Reason == upgrade.Replaced {
			select {
			case <-generation.Moved():
			case <-stop.Soft.Done():
			}
		}
	}()
	defer func() { <-quiet }()
	if leave.Reason == upgrade.Stopped || leave.Reason == upgrade.RolledBack {
		return runner.Stop(stop.Hard)
	}
	return errors.Join(runner.Yield(stop.Hard), runner.Drain(stop.Soft, stop.Hard, jobs.Drain{Quiet: quiet, Timeout: leave.Timeout, Heir: generation.Heir}))
}

// takePlace has the tenants assigned anew, just before this generation accepts.
func takePlace(ctx context.Context, generation *upgrade.Generation, a *app.App) error {
	from, byTenant := generation.Predecessor()
	if from == "" {
		return nil
	}
	living, err := generation.Releases()
	if err != nil {
		return err
	}
	return a.Assign(ctx, from, living, byTenant)
}

// move moves tenants of a generation whose place is taken.
func move(a *app.App, log *slog.Logger) func(ctx context.Context, heirs []string, all bool) (left int, err error) {
	return func(ctx context.Context, heirs []string, all bool) (int, error) {
		moves, err := a.Move(ctx, heirs, all)
		for _, id := range moves.Moved {
			log.Info("moved a tenant to the newer release", "tenant", id)
		}
		for _, id := range moves.Forced {
			log.Warn("moved a tenant though its jobs are not done: the time for that is over, or the upgrade was not by tenant; they go on", "tenant", id)
		}
		return moves.Left, err
	}
}

// staying fails when nobody takes the place of this generation, which ends. While
// another does, the address is as good as ever, whoever answers at it.
func staying(g *upgrade.Generation) error {
	select {
	case <-g.Left():
	default:
		return nil
	}
	if why := g.Leave().Reason; why == upgrade.Stopped || why == upgrade.Retired {
		return app.Errorf(app.Unavailable, "this server is ending: %s", why)
	}
	return nil
}

// living are the generations that do, for operators.
func living(ctx context.Context, dir string) (all []app.Generation, err error) {
	list, err := upgrade.List(ctx, dir)
	for _, s := range list {
		if s.State != upgrade.Gone {
			all = append(all, app.Generation{
				Number: s.Generation, Release: s.Release, Version: s.Version, State: s.State, Probation: s.Probation, Silent: s.Silent, Started: s.StartedAt,
				Running: s.Jobs.Running, Available: s.Jobs.Available, Waiting: s.Jobs.Waiting,
			})
		}
	}
	return all, err
}

// copies are the backups, for operators.
func copies(c *config.Config, log *slog.Logger) app.Copies {
	s, err := scheduleOf(c)
	if err != nil {
		return app.Copies{Place: c.Backups(), Problem: err.Error()}
	}
	return keeperOf(c, "", log).Copies(s, time.Now())
}

// states are those of the generations that live.
func states(dir string) func(context.Context) ([]string, error) {
	return func(ctx context.Context) (all []string, err error) {
		list, err := living(ctx, dir)
		for _, g := range list {
			all = append(all, g.State)
		}
		return all, err
	}
}

// notice remembers what draws from now on, and says what of it is otherwise than before.
func notice(c *config.Config, renderer *screenshots.Pool, log *slog.Logger) {
	changes, err := renderer.Fingerprint().Remember(c.Path("data", "runtime.json"))
	if err != nil {
		log.Error("what draws cannot be remembered, so a change of it will not be noticed", "err", err)
	} else if len(changes) > 0 {
		log.Warn("what draws has changed; designs may come out otherwise", "changes", strings.Join(changes, "; "))
	}
}

// compare refuses to take over when designs would be drawn otherwise and nobody
// has said that they may be.
func compare(ctx context.Context, generation *upgrade.Generation, gate jobs.Gate) error {
	return generation.Compare(ctx, func(ctx context.Context, wishes []byte) (string, error) {
		said, err := gate.Compare(ctx, generation.Number(), wishes)
		if _, otherwise := errors.AsType[*jobs.Changed](err); otherwise {
			err = upgrade.Refuse(fmt.Errorf("%w, and if they may be, say --accept-render-changes", err))
		}
		return said, err
	})
}

// acceptable tells whether a binary may take this one's place, by what it says of itself.
func acceptable(ctx context.Context, pool *pgxpool.Pool, about []byte) error {
	var v struct {
		Product, Arch string
		Protocol      int
		Contract      []int64
	}
	if err := json.Unmarshal(about, &v); err != nil || v.Product != product {
		return fmt.Errorf("the binary is not %s: version --json says %q", product, bytes.TrimSpace(about[:min(len(about), 200)]))
	}
	if v.Arch != runtime.GOARCH {
		return fmt.Errorf("the binary is for %s, and this machine is %s; build it with GOARCH=%s", v.Arch, runtime.GOARCH, runtime.GOARCH)
	}
	if v.Protocol != protocol {
		return fmt.Errorf("the binary speaks version %d of the upgrade protocol, and this release %d; install it with: app stop && app-new serve", v.Protocol, protocol)
	}
	return migrations.Accept(ctx, pool, v.Contract)
}

// instance is who a release shares the database with.
func instance(dir, release string) migrations.Instance {
	return migrations.Instance{Release: release, Alone: func() (bool, error) {
		alive, err := upgrade.Alive(dir)
		return !slices.ContainsFunc(alive, func(s upgrade.Status) bool { return s.Release != release }), err
	}}
}

// takeOver continues what processes that are gone have left behind.
func takeOver(ctx context.Context, runner *jobs.Runner, alive []upgrade.Status, log *slog.Logger) error {
	living := map[string]string{} // releases by the names of their clients
	for _, s := range alive {
		living[jobs.ClientName(s.Generation, s.Release)] = s.Release
	}
	rescued, err := runner.Rescue(ctx, living)
	if rescued > 0 {
		log.Info("took over the jobs of a process that is gone", "jobs", rescued)
	}
	if err != nil {
		log.Error("the jobs of a process that is gone cannot be taken over yet", "err", err)
	}
	return err
}

// settle ends what hosts of upgrades that are gone have left untold.
func settle(ctx context.Context, a *app.App, dir string, alive []upgrade.Status) error {
	hosts := map[int]time.Time{}
	for _, s := range alive {
		hosts[s.Generation] = s.StartedAt
	}
	return a.SettleUpgrades(ctx, hosts, func(generation int) (result, reason string, at time.Time) { return upgrade.Decided(dir, generation) })
}

// greet prints the address and, while there is no user, the setup link; an empty
// line ends it.
func greet(ctx context.Context, out io.Writer, c *config.Config, a *app.App) error {
	token, err := a.SetupToken(ctx)
	if err != nil {
		return err
	}
	greeting := "\n  Majestic serves " + c.URL() + "\n"
	if token != "" {
		greeting += "  Make the first account here, once: " + c.URL() + "/setup?token=" + token + "\n"
	}
	_, err = fmt.Fprintln(out, greeting)
	return err
}

// wires open, for one verb, what only some verbs need.
type wires struct {
	config *config.Config
	self   *os.File
	db     *postgres.DB
}

// app is the product, for the verbs that work on rows.
func (w *wires) app() (*app.App, error) {
	pool, err := w.pool()
	if err != nil {
		return nil, err
	}
	if _, err := migrations.Expand(context.Background(), pool); err != nil {
		return nil, err
	}
	secret, err := w.config.Secret()
	if err != nil {
		return nil, err
	}
	return app.New(app.Options{Pool: pool, Secret: secret}), nil
}

// pool is the database as it is, for the verbs that work on its schema.
func (w *wires) pool() (*pgxpool.Pool, error) {
	db, err := w.open()
	if err != nil {
		return nil, err
	}
	return db.Pool, nil
}

// open opens the database, once.
func (w *wires) open() (*postgres.DB, error) {
	if w.db == nil {
		db, err := postgres.Open(context.Background(), postgresOptions(w.config, "app", w.config.Logger()))
		if err != nil {
			return nil, err
		}
		w.db = db
	}
	return w.db, nil
}

// keeper is the instance's backups, for their verbs.
func (w *wires) keeper() (*backup.Keeper, error) {
	release, err := upgrade.Release(w.self)
	k := keeperOf(w.config, release, w.config.Logger())
	k.Draw = func(ctx context.Context, pool *pgxpool.Pool, objects string) (said string, err error) {
		capturer, end, err := w.launch(ctx)
		if err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, end()) }()
		return trial(ctx, pool, objects, capturer)
	}
	return k, err
}

// schedule is what is done with them by itself.
func (w *wires) schedule() (*backup.Schedule, error) {
	s, err := scheduleOf(w.config)
	return &s, err
}

func scheduleOf(c *config.Config) (backup.Schedule, error) {
	keep, err := backup.ParseKeep(c.BackupKeep)
	return backup.Schedule{Every: c.BackupEvery, Trial: c.BackupTrial, Keep: keep, Command: c.BackupCommand, Limit: c.BackupTimeout}, err
}

// keeperOf keeps the backups of an instance; what it draws with is the caller's to say.
func keeperOf(c *config.Config, release string, log *slog.Logger) *backup.Keeper {
	return &backup.Keeper{
		Dir: c.Dir, Place: c.Backups(), Database: postgresOptions(c, "backup", log), Product: product, Release: release, Version: version,
		Recipient: c.BackupTo, Secret: c.Secret, Schema: migrations.Had, Accept: migrations.AcceptHad, Log: log,
		Running: func() (bool, error) {
			alive, err := upgrade.Alive(c.Dir)
			return len(alive) > 0, err
		},
		Migrate: func(ctx context.Context, pool *pgxpool.Pool) error {
			_, err := migrations.Expand(ctx, pool)
			return err
		},
	}
}

// trial draws a design of an instance that was restored on trial.
func trial(ctx context.Context, pool *pgxpool.Pool, files string, capturer jobs.Capturer) (string, error) {
	folder, err := objects.Open(files)
	if err != nil {
		return "", err
	}
	defer folder.Close()
	return jobs.Trial(ctx, app.New(app.Options{Pool: pool, Objects: folder, Remote: remote.New()}), capturer)
}

// instance is for the verb that contracts: the database is then no other instance's.
func (w *wires) instance() (migrations.Instance, error) {
	release, err := upgrade.Release(w.self)
	if err == nil {
		_, err = w.pool()
	}
	if err == nil {
		err = w.db.Claim(context.Background(), w.config.Dir)
	}
	return instance(w.config.Dir, release), err
}

// launch is Chrome, for one verb.
func (w *wires) launch(ctx context.Context) (jobs.Capturer, func() error, error) {
	scratch, err := os.MkdirTemp("", "majestic-")
	if err == nil {
		err = os.Chmod(scratch, 0o711) // Chrome may have another account
	}
	if err != nil {
		return nil, nil, err
	}
	pool, err := launch(ctx, w.config, scratch, "", w.config.Logger())
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(scratch))
	}
	return pool, func() error { return errors.Join(pool.Close(), os.RemoveAll(scratch)) }, nil
}

// recheck draws designs again that the serving release drew last.
func (w *wires) recheck(ctx context.Context) (said string, err error) {
	current, err := os.Readlink(w.config.Path("current"))
	if err != nil {
		return "", fmt.Errorf("find the serving release: %w", err)
	}
	pool, err := w.pool()
	if err != nil {
		return "", err
	}
	folder, err := objects.Open(w.config.Path("data", "objects"))
	if err != nil {
		return "", err
	}
	defer folder.Close()
	renderer, err := launch(ctx, w.config, w.config.Reachable("tmp", "chrome"), w.config.Path("tmp", "slots"), w.config.Logger())
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, renderer.Close()) }()
	release, err := upgrade.Release(w.self)
	if err != nil {
		return "", err
	}
	gate := jobs.Gate{
		App: app.New(app.Options{Pool: pool, Objects: folder}), Capturer: renderer, By: renderer.Fingerprint,
		Folder: w.config.Path("tmp", "gate"), Release: release, Version: version,
	}
	return gate.Recheck(ctx, rechecked, filepath.Base(current))
}

// rechecked is how many designs the doctor draws again.
const rechecked = 20

// database opens the private cluster of another instance.
func database(ctx context.Context, dir string) (*pgxpool.Pool, func() error, error) {
	c := &config.Config{Dir: dir}
	db, err := postgres.Open(ctx, postgresOptions(c, "bench", c.Logger()))
	if err != nil {
		return nil, nil, err
	}
	return db.Pool, db.Close, nil
}

// rest ends the private cluster, when it is still up.
func (w *wires) rest(ctx context.Context) error {
	if _, err := os.Stat(w.config.Dir); err != nil {
		return nil // no directory, no cluster
	}
	return postgres.Stop(ctx, postgresOptions(w.config, "app", w.config.Logger()))
}

func (w *wires) close() error {
	if w.db == nil {
		return nil
	}
	return w.db.Close()
}

func postgresOptions(c *config.Config, name string, log *slog.Logger) postgres.Options {
	return postgres.Options{URL: c.DatabaseURL, Data: c.Path("data", "postgres"), Locks: c.Path("tmp"), Name: name, MaxConns: 20, Log: log}
}

func launch(ctx context.Context, c *config.Config, scratch, slots string, log *slog.Logger) (*screenshots.Pool, error) {
	frozen, err := runtimes(c).Current()
	if err != nil {
		return nil, err
	}
	return jobs.StartRenderer(ctx, jobs.Renderer{Chromium: c.ChromiumPath, Runtime: frozen, Dir: scratch, Slots: slots, Fit: static.Fit(), Log: log})
}

// runtimes are the instance's frozen ones.
func runtimes(c *config.Config) screenshots.Runtimes {
	return screenshots.Runtimes(c.Reachable("runtimes"))
}

// fontSource is what the next process draws with.
func fontSource(c *config.Config) app.FontSource {
	return func() (string, error) {
		frozen, err := runtimes(c).Current()
		if frozen == "" || err != nil {
			return "the system", err
		}
		return "the frozen runtime " + filepath.Base(frozen), nil
	}
}

// drawing is what the system's Chromium draws with.
func drawing(c *config.Config) screenshots.Options {
	return screenshots.Options{Chromium: c.ChromiumPath, Dir: c.Reachable("tmp", "chrome"), Fonts: jobs.Fonts(), Log: c.Logger()}
}

// needs is what the rooms ask of a machine and of an instance, for setup and doctor.
func needs(c *config.Config, self *os.File, recheck func(context.Context) (string, error)) machine.Needs {
	n := machine.Needs{
		FindChromium: func() (string, error) { return screenshots.Find(c.ChromiumPath) },
		FindPostgres: postgres.Find,
		Dir:          c.Dir,
		Listen:       c.Listen,
		Install:      func(dir string) (string, error) { return upgrade.Install(dir, self) },
		Database: func(ctx context.Context) (string, error) {
			return postgres.Probe(ctx, postgresOptions(c, "doctor", c.Logger()))
		},
		Generations: func(ctx context.Context) ([]machine.Generation, error) { return generations(ctx, c.Dir) },
		Runtime:     func(context.Context) (machine.Runtime, error) { return drawsWith(c) },
		Backups: func() (string, error) {
			s, err := scheduleOf(c)
			if err != nil {
				return "", err
			}
			return keeperOf(c, "", c.Logger()).Health(s, time.Now())
		},
		Render: recheck,
		Restore: func(ctx context.Context, dir string, s machine.Source) error {
			return keeperOf(&config.Config{Dir: dir}, "", c.Logger()).Revive(ctx, backup.Revival{From: s.From, Follow: s.Follow, Identity: s.Identity, WithoutSecrets: s.WithoutSecrets})
		},
	}
	for _, f := range app.Families() {
		for _, face := range f.Faces {
			n.Fonts = append(n.Fonts, machine.Font{Package: f.Package, File: face.File, Why: f.Why})
		}
	}
	return n
}

// drawsWith is what the next process would draw with, for the doctor, and what of
// that is otherwise than when the serving release began.
func drawsWith(c *config.Config) (r machine.Runtime, err error) {
	o := drawing(c)
	if o.Runtime, err = runtimes(c).Current(); err != nil {
		return r, err
	}
	is, err := o.Fingerprint()
	if err != nil {
		return r, err
	}
	was, err := screenshots.Recall(c.Path("data", "runtime.json"))
	if err != nil {
		return r, err
	}
	r.Chromium = is.Chromium
	if is.Flags = was.Flags; was != (screenshots.Fingerprint{}) { // flags are the release's, and this may be another
		r.Changes = was.Changes(is)
	}
	all, err := runtimes(c).List()
	for _, f := range all {
		if f.Current {
			r.Frozen, r.Package, r.Packaged = f.Hash, f.Package, f.Packaged
		}
	}
	return r, err
}

// generations are the living, for the doctor.
func generations(ctx context.Context, dir string) (living []machine.Generation, err error) {
	all, err := upgrade.List(ctx, dir)
	for _, s := range all {
		if s.State == upgrade.Gone {
			continue
		}
		g := machine.Generation{
			Number: s.Generation, Serving: s.State == upgrade.Serving, Silent: s.Silent, Started: s.StartedAt,
			Unfinished: s.Jobs.Running + s.Jobs.Available, Orphan: s.Jobs.Unknown,
		}
		if s.Jobs.Oldest != nil {
			g.Oldest = *s.Jobs.Oldest
		}
		living = append(living, g)
	}
	return living, err
}

// begin does something meanwhile; the function it returns waits for it.
func begin[T any](do func() (T, error)) func() (T, error) {
	once := sync.OnceValues(do)
	go once()
	return once
}

// meanwhile does something until the function it returns is called, which waits for its end.
func meanwhile(do func(context.Context)) (leave func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		do(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// Version is the verb: app version.
type Version struct {
	JSON bool `name:"json" help:"One JSON object."`
}

// Run says which release this is.
func (c Version) Run(self *os.File, out io.Writer) error {
	release, err := upgrade.Release(self)
	if err != nil {
		return err
	}
	if c.JSON {
		knows, err := migrations.Knows()
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(map[string]any{
			"version": version, "release": release, "product": product, "protocol": protocol, "contract": migrations.Known(), "schema": knows, "by_tenant": true,
			"go": strings.TrimPrefix(runtime.Version(), "go"), "arch": runtime.GOARCH,
		})
	}
	fmt.Fprintf(out, "majestic %s, release %s (%s, %s)\n", version, release, runtime.Version(), runtime.GOARCH)
	return nil
}
