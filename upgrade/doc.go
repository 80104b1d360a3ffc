// Package upgrade replaces a running program by a new release of itself, and loses
// no request: the new process gets the listening sockets of the old one, proves
// itself while the old one stands by, and is sent away again if it fails. It
// imports nothing outside the standard library; the folder example holds a small
// program that uses it.
//
// # Words
//
// A program's instance is a directory. A release is an executable, named by the
// first 12 hex digits of its SHA-256. A generation is one running process of a
// release, numbered from 1. The predecessor is the generation that serves when an
// upgrade begins, the successor the one that shall.
//
// # An upgrade, in order
//
//  1. The verb upgrade dials the serving generation by tmp/app.sock and passes it
//     the open file, since a path may mean something else, or nothing, to that one.
//  2. The predecessor copies it into releases/ and runs it with "version --json";
//     Work.Accept judges what it says. Until here a refusal has changed nothing.
//     Work.Backup may then keep what that release will change.
//  3. It starts the successor, detached from itself and with its own arguments and
//     environment. Start finds the lifeline there and gets the sockets over it.
//     Meanwhile Work.Sample may lay down work of the predecessor's for it to equal.
//  4. The successor warms up, holds itself against that by Compare, which may refuse
//     the upgrade, and calls Serve. It accepts from then on, and says so
//     by the marker tmp/shutdown.txt, which names it and a nonce that it was given.
//  5. The predecessor sees the marker and accepts no more. It keeps the sockets and
//     serves the connections that it has. Now the successor is on probation: its
//     Work.Check is asked four times a second. If it fails while the predecessor's
//     passes, or the process dies or does not answer, the predecessor accepts again.
//  6. The verdict is one file, made once, by whoever comes first; both obey it, and
//     so does one that was stopped and wakes up late. The predecessor makes it; when
//     it is dead, or silent for 5 s beyond the probation, the successor does.
//  7. Committed: current and previous are flipped, Served is closed in the
//     successor, and Left in the predecessor, which finishes its work and exits.
//     Rolled back: Left is closed in the successor; after 2 s it is killed.
//
// Work.Remember hears of an upgrade from its beginning to its result. When a host is
// killed before that, Decided tells what the verdict is.
//
// "serve" given by hand beside a generation that serves takes its place likewise,
// from step 3 on.
//
// # Tenant by tenant
//
// A program that serves many tenants may let each follow when its own jobs are done
// (UpgradeCommand.ByTenant). Which release a tenant is assigned to the program keeps
// itself, where all generations see it, and changes it in one transaction. Before
// Serve the successor assigns them, all to its release but those with jobs of the
// predecessor's (Predecessor tells whose place it takes, and how). From then on, already
// on probation, Work.Move of the predecessor assigns each to an heir as soon as its jobs
// are done; Moved is closed when it has none, and it ends. Whose tells, for every request, which generation answers for a release;
// Dial reaches its private listener. A release is as good as none when no process of it
// lives: so whatever is killed, its tenants are with who serves, and nothing has to be
// tidied up. Only when a release is started again, its old tenants must be forgotten
// before, which Work.Expect is for. A generation that hangs while tenants are its own is
// killed by the one in charge, which calls Oversee.
//
// # Under systemd
//
// Where NOTIFY_SOCKET names a supervisor that speaks sd_notify's language, it is
// told when the program serves (READY), what goes on (STATUS), that it lives
// (WATCHDOG) and that its stop takes time (STOPPING, EXTEND_TIMEOUT_USEC). The
// predecessor stays the main process until the verdict; then the successor sends
// its MAINPID, waits until that is known, and the predecessor falls silent. The
// listening sockets are given into keeping (FDSTORE, once), so that connections
// wait for the restart when the last process is killed. Sockets that come with the
// start (LISTEN_FDS) are used: those kept, and a socket unit's, even at another
// address. What the supervisor starts in the place of a main process that died,
// while its successor serves, makes that one known and exits. The main process ends
// last: it stops the older generations with itself. "serve" and "stop" by hand are
// refused: the supervisor would not know the new process, and restart the old. The
// unit needs Type=notify, NotifyAccess=all, KillMode=process with ExecStop=… stop,
// FileDescriptorStoreMax and Restart=always.
//
// # What holds, whatever is killed and when
//
// A predecessor stops accepting only when its successor accepts, and holds the
// sockets until the verdict, so a client is never refused: at worst it waits in the
// sockets' queue. Lost are only requests that a process held in its hands when it
// was killed. current leads to a release only when that was committed. A release
// that did not come to serve is removed again. A release that is killed after it
// was committed is nobody's: its supervisor starts current.
//
// # What the program must do
//
// Its verb serve calls, in this order: Start, which returns ErrDetached in a short-lived
// process in between, that shall exit with 0; Register, which keeps the running
// executable among the releases; Listen for each address, always by the same name; what else
// it needs to be warm; Serve. Then it waits for Left, stops as Leave says, and
// calls Close. A signal to stop, and Options.Stop, which is "app stop", shall lead to
// Generation.Stop, a second one to Hurry. Its verbs are UpgradeCommand, RollbackCommand, StatusCommand and
// StopCommand, and "version --json", which prints whatever Accept wants to know.
//
// Two generations run at once for a time: what they write must bear that. With
// net/http, end a connection by "Connection: close" in an answer; Server.Shutdown
// drops requests that are on their way.
//
// What Leave asks for, when Left is closed:
//
//	Stopped     somebody said so: answer what is under way, finish running jobs, exit
//	Retired     the marker was touched by hand: also work off the jobs that wait
//	Replaced    another serves: likewise, for Leave.Timeout at most (0 is no limit),
//	            and leave to it what waits for later; Heir names its release
//	RolledBack  the predecessor serves again: exit at once
//
// InCharge tells, and Watch calls, who shall take over what killed processes left.
//
// # The directory
//
//	current, previous            links to the releases that serve and served before
//	releases/<release>/app       executables; the last five are kept
//	tmp/shutdown.txt             the marker; touched by hand it ends who serves, and
//	                             calls off a successor that warms up
//	tmp/app.sock                 a link to the control socket of who serves
//	tmp/generations.lock         held by whoever takes a number
//	tmp/generations/<n>.lock     held exactly as long as the process lives; its Status
//	tmp/generations/<n>.sock     its control socket
//	tmp/generations/<n>.http     its private listener, if it has one
//	tmp/generations/<n>.log      its standard error until the commit, if an upgrade started it
//	tmp/generations/<n>.verdict  "committed" or "rolled back", by whom and why
//
// # Exit codes of upgrade and rollback
//
//	0  committed; with --check it would be taken, and has passed UpgradeCommand.Rehearse;
//	   with --no-wait it has the port
//	3  refused by a check, the successor's own comparison among them; or nothing runs here
//	4  the successor failed before it took over
//	5  rolled back: it failed on probation
//	6  another upgrade is under way
//	7  contact was lost; status tells who serves
//
// # Limits
//
// Linux, and one account: a control socket answers its own uid and root, and the
// verbs speak to their own uid alone. TCP sockets only. At most four generations
// live; a fifth waits for one to end. An instance that was started by an
// absolute name cannot be upgraded once its directory has another: the successor
// is started with the same arguments. The environment is the first start's.
package upgrade
