package machine

import (
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"majestic/app"
)

// service is an instance that systemd runs: its name is the unit's, the
// account's and the command's.
type service struct {
	host
	name   string
	dir    string
	listen string // the address for its settings
}

var (
	goodName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,30}$`)
	goodDir  = regexp.MustCompile(`^(/[A-Za-z0-9._+-]+)+$`)
	instance = regexp.MustCompile(`(?m)^# instance: (.+)$`)
	listens  = regexp.MustCompile(`(?m)^\s*listen_addr\s*=\s*["'](.+)["']`)
	sum      = regexp.MustCompile(`(?m)^# sum: (.*)\n`)
)

// closed are places that the unit hides from the service, or that are not kept.
var closed = []string{"/home", "/root", "/run", "/tmp", "/var/tmp", "/dev", "/proc", "/sys", "/boot", "/etc", "/usr"}

// service is one to be made, or made already.
func (h host) service(name string, needs Needs) (*service, error) {
	v := &service{host: h, name: name, dir: needs.Dir, listen: needs.Listen}
	if !goodName.MatchString(name) {
		return nil, app.Errorf(app.Invalid, "%q cannot be a service's name: it names an account, too, so take small letters, digits and -, a letter first", name)
	}
	if v.dir == "" || v.dir == "." {
		v.dir = "/var/lib/" + name
	}
	dir, err := filepath.Abs(v.dir)
	if err != nil {
		return nil, err
	}
	v.dir = dir
	if !goodDir.MatchString(dir) {
		return nil, app.Errorf(app.Invalid, "%q cannot be a service's directory: it stands in shell, nginx and systemd files, so take letters, digits and . _ + -; /var/lib/%s would do", dir, name)
	}
	for _, c := range closed {
		if dir == c || strings.HasPrefix(dir, c+"/") {
			return nil, app.Errorf(app.Invalid, "%s lies in %s, which the service does not see or may not write; take --dir /var/lib/%s", dir, c, name)
		}
	}
	if socket := dir + "/data/postgres/.s.PGSQL.5432"; len(socket) > 107 {
		return nil, app.Errorf(app.Invalid, "%s is too long by %d bytes: the path of a socket below it ends at 107; take --dir /var/lib/%s", dir, len(socket)-107, name)
	}
	return v, nil
}

// possible fails when something stands in the way that is not ours to remove.
func (v *service) possible() error {
	if err := v.supervised(); err != nil {
		return err
	}
	if err := v.free(); err != nil {
		return err
	}
	units, _ := filepath.Glob(v.path("/etc/systemd/system/*.service"))
	for _, unit := range units {
		other := strings.TrimSuffix(filepath.Base(unit), ".service")
		if dir := instanceOf(unit); dir == v.dir && other != v.name {
			return app.Errorf(app.Conflict, "%s is the instance of the service %s; take another directory, or first: app setup --remove %s", v.dir, other, other)
		}
	}
	inside, err := os.ReadDir(v.path(v.dir))
	if err != nil || len(inside) == 0 {
		return nil
	}
	for _, e := range inside {
		switch e.Name() {
		case "releases", "current", "app.toml":
			return v.owned()
		}
	}
	return app.Errorf(app.Conflict, "%s is in use: it holds %s, and no instance; take another directory", v.dir, inside[0].Name())
}

// owned fails when the instance that is there belongs to another account than the
// service's: it could not write it, and whose files they are is not ours to change.
func (v *service) owned() error {
	info, err := os.Stat(v.path(v.dir))
	if err != nil {
		return err
	}
	is := int(info.Sys().(*syscall.Stat_t).Uid)
	if u, ok := v.account(); ok && u.uid == is {
		return nil
	}
	return app.Errorf(app.Conflict, "%s is an instance of uid %d, and the service %s will have an account of its own; end it with app stop, and hand it over first: useradd --system --user-group --no-create-home --home-dir %s --shell /usr/sbin/nologin %s; chown -R %s: %s",
		v.dir, is, v.name, v.dir, v.name, v.name, v.dir)
}

// supervised fails where systemd does not run the machine, or we may not tell it anything.
func (h host) supervised() error {
	if _, err := os.Stat(h.path("/run/systemd/system")); err != nil {
		return app.Errorf(app.Unavailable, "systemd does not run this machine: have what does run, as the directory's owner, app serve --dir DIR, start it again when it ends, and end it with app stop --dir DIR")
	}
	if h.uid != 0 {
		return app.Errorf(app.Forbidden, "services are root's business: run it with sudo")
	}
	return nil
}

// free fails when the name is taken by a unit, a command or an account that is not ours.
func (v *service) free() error {
	for _, place := range []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"} {
		unit := filepath.Join(place, v.name+".service")
		if _, err := os.Lstat(v.path(unit)); err != nil {
			continue
		}
		switch dir := instanceOf(v.path(unit)); dir {
		case v.dir:
		case "":
			return app.Errorf(app.Conflict, "the name %s is taken: there is %s; choose another name", v.name, unit)
		default:
			return app.Errorf(app.Conflict, "the name %s is taken: it is the service of %s; choose another name, or first: app setup --remove %s", v.name, dir, v.name)
		}
	}
	for _, place := range []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"} {
		command := filepath.Join(place, v.name)
		if _, err := os.Lstat(v.path(command)); err == nil && instanceOf(v.path(command)) != v.dir {
			return app.Errorf(app.Conflict, "the name %s is taken: there is the command %s; choose another name", v.name, command)
		}
	}
	if u, ok := v.account(); ok && u.home != v.dir {
		return app.Errorf(app.Conflict, "the name %s is taken: it is an account whose home is %s; choose another name", v.name, u.home)
	}
	return nil
}

// login is a line of /etc/passwd.
type login struct {
	uid, gid int
	home     string
}

// account is the service's.
func (v *service) account() (u login, ok bool) {
	text, err := os.ReadFile(v.path("/etc/passwd"))
	if err != nil {
		return u, false
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 7 || f[0] != v.name {
			continue
		}
		u.home = f[5]
		u.uid, err = strconv.Atoi(f[2])
		if err == nil {
			u.gid, err = strconv.Atoi(f[3])
		}
		return u, err == nil
	}
	return u, false
}

// address is where the service listens: what its settings say, once they are there.
func (v *service) address() string {
	if text, err := os.ReadFile(v.path(v.dir + "/app.toml")); err == nil {
		if found := listens.FindSubmatch(text); found != nil {
			return string(found[1])
		}
	}
	return v.listen
}

// freeAddress is the address asked for, or the next one where nobody listens, nor
// another service will.
func (v *service) freeAddress() string {
	host, port, err := net.SplitHostPort(v.listen)
	n, perr := strconv.Atoi(port)
	if err != nil || perr != nil {
		return v.listen
	}
	taken := map[string]bool{}
	units, _ := filepath.Glob(v.path("/etc/systemd/system/*.service"))
	for _, unit := range units {
		if dir := instanceOf(unit); dir != "" {
			taken[(&service{host: v.host, dir: dir, listen: v.listen}).address()] = true
		}
	}
	for ; n < 1<<16; n++ {
		address := net.JoinHostPort(host, strconv.Itoa(n))
		if taken[address] {
			continue
		}
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	return v.listen
}

// instanceOf is the directory of the instance that one of our files is about, ""
// when it is not ours.
func instanceOf(file string) string {
	text, err := os.ReadFile(file)
	if found := instance.FindSubmatch(text); err == nil && found != nil {
		return string(found[1])
	}
	return ""
}

// summed puts the sum of a text into it.
func summed(text string) string {
	return sum.ReplaceAllString(text, "# sum: "+sumOf(text)+"\n")
}

func sumOf(text string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(sum.ReplaceAllString(text, ""))))[:16]
}

// untouched tells whether a text is as summed has made it.
func untouched(text string) bool {
	found := sum.FindStringSubmatch(text)
	return found != nil && found[1] == sumOf(text)
}
