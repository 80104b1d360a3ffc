package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"majestic/app"
)

// rows are what a service is made of, each built on those before.
func (v *service) rows(n Needs) []row {
	account := row{
		name:  "account " + v.name,
		why:   "the service runs under an account of its own",
		check: v.hasAccount,
		after: [][]string{{"useradd", "--system", "--user-group", "--home-dir", v.dir, "--no-create-home", "--shell", "/usr/sbin/nologin", v.name}},
	}
	directory := row{
		name:  "directory " + v.dir,
		why:   "all that the instance owns lies in it",
		check: v.hasDirectory,
	}
	if _, err := os.Stat(v.path(v.dir)); err != nil {
		directory.mend = v.makeDirectory
	} else {
		directory.remedy = fmt.Sprintf("if it is an instance that shall be this service's: app stop --dir %s && chown -R %s: %s", v.dir, v.name, v.dir)
	}
	rows := []row{account, directory, {
		name:  "release",
		why:   "the unit starts what " + v.dir + "/current leads to",
		check: v.hasRelease,
		mend:  func() error { return v.install(n.Install) },
	}, {
		name:  "settings",
		why:   "they say where it listens",
		check: v.exists(v.dir + "/app.toml"),
		mend:  v.writeSettings,
	}}
	snippet := v.file("/etc/nginx/snippets/"+v.name+".conf", 0o644, nginxText, "nginx may stand in front")
	snippet.check = v.exists(snippet.name) // it may be changed
	rows = append(rows,
		v.file("/usr/local/bin/"+v.name, 0o755, commandText, "the command for root and its own account"),
		snippet,
		v.file("/etc/needrestart/conf.d/"+v.name+".conf", 0o644, needrestartText, "needrestart would restart the service when a library is new"),
		v.unitRow())
	return append(rows, row{
		name:  "enabled",
		why:   "the service starts with the machine",
		check: v.isEnabled,
		mend:  func() error { return v.systemctl("enable", "--quiet", v.name) },
	})
}

// unitRow is the unit: written by setup, or changed by a hand and kept.
func (v *service) unitRow() row {
	name := "/etc/systemd/system/" + v.name + ".service"
	r := v.file(name, 0o644, "", "systemd runs the service by it")
	r.name = "unit"
	write := func() error { return v.write(name, v.unit(), 0o644, 0, 0) }
	r.check = func() (string, error) {
		is, err := os.ReadFile(v.path(name))
		switch {
		case err != nil:
			return "", fmt.Errorf("there is no %s", name)
		case string(is) == v.unit():
			return name, nil
		case untouched(string(is)):
			return "", fmt.Errorf("%s is an older release's; app setup --systemd %s --dir %s writes this one's", name, v.name, v.dir)
		}
		return fmt.Sprintf("%s, changed by hand and kept; see how: app setup --systemd %s --dir %s --print | diff -u - %s", name, v.name, v.dir, name), nil
	}
	r.mend = func() error { return errors.Join(write(), v.systemctl("daemon-reload")) }
	return r
}

// file is one of root's, as the text says.
func (v *service) file(name string, mode fs.FileMode, text, why string) row {
	return row{
		name: name, why: why,
		check: func() (string, error) {
			is, err := os.ReadFile(v.path(name))
			if err != nil {
				return "", fmt.Errorf("there is no %s", name)
			}
			if string(is) != v.fill(text) {
				return "", errors.New("it is not as this release writes it")
			}
			return "as this release writes it", nil
		},
		mend: func() error { return v.write(name, v.fill(text), mode, 0, 0) },
	}
}

func (v *service) hasAccount() (string, error) {
	u, ok := v.account()
	if !ok {
		return "", errors.New("there is no such account")
	}
	return fmt.Sprintf("uid %d", u.uid), nil
}

func (v *service) hasDirectory() (string, error) {
	info, err := os.Stat(v.path(v.dir))
	if err != nil {
		return "", errors.New("it is not there")
	}
	u, ok := v.account()
	if is := int(info.Sys().(*syscall.Stat_t).Uid); ok && is != u.uid {
		return "", fmt.Errorf("it belongs to uid %d, and the service runs as uid %d", is, u.uid)
	}
	return info.Mode().String(), nil
}

func (v *service) makeDirectory() error {
	u, ok := v.account()
	if !ok {
		return app.Errorf(app.Unavailable, "the account %s was not made", v.name)
	}
	if err := os.MkdirAll(v.path(filepath.Dir(v.dir)), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(v.path(v.dir), 0o750); err != nil {
		return err
	}
	return os.Chown(v.path(v.dir), u.uid, u.gid)
}

func (v *service) hasRelease() (string, error) {
	target, err := os.Readlink(v.path(v.dir + "/current"))
	if err == nil {
		_, err = os.Stat(v.path(v.dir + "/current/app"))
	}
	if err != nil {
		return "", errors.New("there is none yet")
	}
	return filepath.Base(target), nil
}

// install keeps the running binary as the first release.
func (v *service) install(release func(dir string) (string, error)) error {
	if _, err := release(v.path(v.dir)); err != nil {
		return err
	}
	u, _ := v.account()
	for _, made := range []string{"releases", "current"} {
		err := filepath.WalkDir(filepath.Join(v.path(v.dir), made), func(name string, _ fs.DirEntry, err error) error {
			return errors.Join(err, os.Lchown(name, u.uid, u.gid))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// exists checks for a file that is a person's to change.
func (v *service) exists(file string) func() (string, error) {
	return func() (string, error) {
		if _, err := os.Stat(v.path(file)); err != nil {
			return "", fmt.Errorf("there is no %s", file)
		}
		return "it is there", nil
	}
}

func (v *service) writeSettings() error {
	v.listen = v.freeAddress()
	u, _ := v.account()
	return v.write(filepath.Join(v.dir, "app.toml"), v.fill(settingsText), 0o600, u.uid, u.gid)
}

func (v *service) isEnabled() (string, error) {
	if err := v.systemctl("is-enabled", "--quiet", v.name); err != nil {
		return "", errors.New("it is not enabled")
	}
	return "by multi-user.target", nil
}

// write makes a whole file or none.
func (v *service) write(name, text string, mode fs.FileMode, uid, gid int) error {
	name = v.path(name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(name), ".setup-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(text)
	if err = errors.Join(err, temp.Chmod(mode), temp.Chown(uid, gid), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), name)
}

func (v *service) systemctl(args ...string) error {
	said, err := exec.Command("systemctl", args...).CombinedOutput()
	if err != nil {
		return app.Errorf(app.Unavailable, "systemctl %s failed: %s", strings.Join(args, " "), lastLines(string(said), 4))
	}
	return nil
}

// remove takes away what setup has made of a service, but its data, and the
// account that owns them.
func (h host) remove(ctx context.Context, name string, out io.Writer) error {
	if !goodName.MatchString(name) {
		return app.Errorf(app.Invalid, "%q cannot be a service's name", name)
	}
	if err := h.supervised(); err != nil {
		return err
	}
	v := &service{host: h, name: name}
	unit := "/etc/systemd/system/" + name + ".service"
	if _, err := os.Stat(h.path(unit)); err == nil {
		if v.dir = instanceOf(h.path(unit)); v.dir == "" {
			return app.Errorf(app.Conflict, "%s is no service of ours, and stays", unit)
		}
		fmt.Fprintf(out, "stopping %s; its running jobs are finished first\n", name)
		if err := v.systemctl("disable", "--now", "--quiet", name); err != nil {
			return err
		}
	}
	snippet := "/etc/nginx/snippets/" + name + ".conf"
	for _, file := range []string{unit, "/usr/local/bin/" + name, "/etc/needrestart/conf.d/" + name + ".conf", snippet} {
		dir := instanceOf(h.path(file))
		switch {
		case dir == "":
			continue // not there, or not ours
		case file == snippet && h.included(name):
			fmt.Fprintf(out, "kept     %s: nginx includes it; take that line out first\n", file)
			continue
		}
		v.dir = dir
		if err := os.Remove(h.path(file)); err != nil {
			return err
		}
		fmt.Fprintln(out, "removed ", file)
	}
	if v.dir == "" {
		fmt.Fprintf(out, "there is no service %s\n", name)
		return nil
	}
	if err := v.systemctl("daemon-reload"); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "the data stay in %s, and the account %s, which owns them; to be rid of both: rm -r %s && userdel %s\n", v.dir, name, v.dir, name)
	return err
}

// included tells whether nginx reads a service's snippet.
func (h host) included(name string) (yes bool) {
	for _, place := range []string{"/etc/nginx/nginx.conf", "/etc/nginx/conf.d/*", "/etc/nginx/sites-enabled/*"} {
		files, _ := filepath.Glob(h.path(place))
		for _, file := range files {
			text, err := os.ReadFile(file)
			yes = yes || err == nil && strings.Contains(string(text), "snippets/"+name+".conf")
		}
	}
	return yes
}
