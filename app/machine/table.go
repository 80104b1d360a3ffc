package machine

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
)

// host is a machine: its files below root, and who we are on it.
type host struct {
	root string
	uid  int
}

// table is everything that the machine must have.
func (h host) table(n Needs) []row {
	rows := []row{h.system(), h.chromium(n.FindChromium), h.sandbox(n.FindChromium), postgresql(n.FindPostgres)}
	rows = append(rows, h.fonts(n.Fonts)...)
	if h.uid == 0 {
		rows = append(rows, account())
	}
	if h.debianLike() {
		return rows
	}
	// Elsewhere Debian's packages mean nothing.
	for i, r := range rows {
		rows[i].before, rows[i].packages = nil, nil
		if r.remedy == "" && r.packages != nil {
			rows[i].remedy = "install, by this system's own means, what Debian calls " + strings.Join(r.packages, ", ")
		}
	}
	return rows
}

func (h host) system() row {
	return row{
		name:   "system",
		why:    "setup installs Debian's packages",
		remedy: "use Debian 12 or newer, or a system derived from it; or install the things below by hand",
		check: func() (string, error) {
			name := h.release()["PRETTY_NAME"]
			if name == "" {
				name = "an unknown system"
			}
			if !h.debianLike() {
				return "", fmt.Errorf("%s is neither Debian nor derived from it, or lacks apt-get", name)
			}
			return name, nil
		},
	}
}

func (h host) chromium(find func() (string, error)) row {
	r := row{
		name:     "chromium",
		why:      "it draws the designs",
		packages: []string{"chromium", "chromium-sandbox"},
		check:    find,
	}
	if h.release()["ID"] == "ubuntu" {
		r.packages = nil
		r.remedy = "Ubuntu's package chromium is a snap, which sees neither the instance nor its fonts; take Google Chrome's package: " +
			"wget https://dl.google.com/linux/direct/google-chrome-stable_current_amd64.deb && sudo apt-get install ./google-chrome-stable_current_amd64.deb; " +
			"or name another Chromium with CHROMIUM_PATH"
	}
	return r
}

// sandbox is there when any user may make namespaces, or when Chromium's helper
// may do it for him.
func (h host) sandbox(find func() (string, error)) row {
	r := row{
		name:     "chromium-sandbox",
		why:      "Chromium locks strangers' pictures and fonts into namespaces of the kernel",
		packages: []string{"chromium-sandbox"},
		check: func() (string, error) {
			helpers := []string{"/usr/lib/chromium/chrome-sandbox"}
			if chromium, err := find(); err == nil {
				helpers = append(helpers, filepath.Join(filepath.Dir(chromium), "chrome-sandbox"))
			}
			for _, helper := range helpers {
				if info, err := os.Stat(h.path(helper)); err == nil && info.Mode()&fs.ModeSetuid != 0 {
					return helper, nil
				}
			}
			for _, forbidden := range [][2]string{
				{"kernel/unprivileged_userns_clone", "0"},
				{"kernel/apparmor_restrict_unprivileged_userns", "1"},
				{"user/max_user_namespaces", "0"},
			} {
				setting, value := forbidden[0], forbidden[1]
				is, err := os.ReadFile(h.path("/proc/sys/" + setting))
				if err == nil && strings.TrimSpace(string(is)) == value {
					return "", fmt.Errorf("the kernel forbids user namespaces to ordinary users (%s = %s), and there is no %s",
						strings.ReplaceAll(setting, "/", "."), value, helpers[0])
				}
			}
			return "user namespaces", nil
		},
	}
	if h.release()["ID"] == "ubuntu" {
		r.packages = nil
		r.remedy = "Google Chrome's package brings the helper /opt/google/chrome/chrome-sandbox; or: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
	}
	return r
}

// postgresql is installed in two steps, because Debian's package makes and
// starts a cluster of its own unless its common part has been told not to.
// Whoever has set that line himself wants what it says.
func postgresql(find func() (string, error)) row {
	return row{
		name: "postgresql",
		why:  "it keeps the private cluster, unless DATABASE_URL names another; its tools make the backups",
		before: [][]string{
			install("postgresql-common"),
			{"sed", "-i", "s/^#[[:space:]]*create_main_cluster.*/create_main_cluster = false/", "/etc/postgresql-common/createcluster.conf"},
		},
		packages: []string{"postgresql"},
		check:    find,
	}
}

// fonts has a row for each package.
func (h host) fonts(all []Font) []row {
	var rows []row
	for _, font := range all {
		name := font.Package
		if slices.ContainsFunc(rows, func(r row) bool { return r.name == name }) {
			continue
		}
		var files, whys []string
		for _, f := range all {
			if f.Package == name {
				files = append(files, f.File)
				whys = append(whys, f.Why)
			}
		}
		rows = append(rows, row{
			name:     name,
			why:      strings.Join(slices.Compact(whys), "; "),
			packages: []string{name},
			check: func() (string, error) {
				for _, file := range files {
					if _, err := os.Stat(h.path(file)); err != nil {
						return "", fmt.Errorf("there is no %s", file)
					}
				}
				return fmt.Sprintf("%d of %d files", len(files), len(files)), nil
			},
		})
	}
	return rows
}

func account() row {
	const name = "majestic-chrome"
	return row{
		name: "account " + name,
		why:  "Chromium must run neither as root, which has no sandbox, nor under the account of Postgres, which may read every database",
		after: [][]string{{"useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
			"--shell", "/usr/sbin/nologin", name}},
		check: func() (string, error) {
			u, err := user.Lookup(name)
			if _, unknown := errors.AsType[user.UnknownUserError](err); unknown {
				return "", errors.New("there is no such account")
			}
			if err != nil {
				return "", err
			}
			return "uid " + u.Uid, nil
		},
	}
}

func (h host) debianLike() bool {
	release := h.release()
	kin := append(strings.Fields(release["ID_LIKE"]), release["ID"])
	_, err := os.Stat(h.path("/usr/bin/apt-get"))
	return err == nil && (slices.Contains(kin, "debian") || slices.Contains(kin, "ubuntu"))
}

// release is /etc/os-release.
func (h host) release() map[string]string {
	values := map[string]string{}
	f, err := os.Open(h.path("/etc/os-release"))
	if err != nil {
		return values
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			values[name] = strings.Trim(value, `"'`)
		}
	}
	return values
}

func (h host) path(name string) string { return filepath.Join(h.root, name) }
