package postgres

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"majestic/app"
)

const debian = "/usr/lib/postgresql"

// Find is the folder of the newest PostgreSQL server programs on this machine.
func Find() (string, error) {
	found, err := find("")
	if err != nil {
		return "", err
	}
	return found[0].bin, nil
}

// version is one installed PostgreSQL.
type version struct {
	major int
	bin   string
}

// find lists the PostgreSQL servers below root, newest first. Debian keeps each
// major version in a folder of its own and none of the servers in PATH; other
// systems keep one, in PATH.
func find(root string) ([]version, error) {
	place := root
	if root == "" {
		place = debian
	}
	var found []version
	servers, _ := filepath.Glob(filepath.Join(place, "*", "bin", "initdb"))
	for _, server := range servers {
		bin := filepath.Dir(server)
		if major, err := strconv.Atoi(filepath.Base(filepath.Dir(bin))); err == nil {
			found = append(found, version{major, bin})
		}
	}
	if root == "" && len(found) == 0 {
		found = inPath()
	}
	if len(found) == 0 {
		return nil, app.Errorf(app.Unavailable, "PostgreSQL's server is not installed (no initdb in %s/*/bin or PATH), and no DATABASE_URL names another: run: app setup", place)
	}
	slices.SortFunc(found, func(a, b version) int { return b.major - a.major })
	return found, nil
}

func inPath() []version {
	server, err := exec.LookPath("initdb")
	if err != nil {
		return nil
	}
	if server, err = filepath.EvalSymlinks(server); err != nil {
		return nil
	}
	said, err := exec.Command(server, "--version").Output()
	number := regexp.MustCompile(`\d+`).FindString(string(said))
	major, _ := strconv.Atoi(number)
	if err != nil || major == 0 {
		return nil
	}
	return []version{{major, filepath.Dir(server)}}
}

// binaries is the folder of the programs for a data directory: those of the
// major version that made it, or the newest for one to be made.
func (c *cluster) binaries() (string, error) {
	found, err := find(c.Binaries)
	if err != nil {
		return "", err
	}
	made, err := os.ReadFile(filepath.Join(c.home, "PG_VERSION"))
	if err != nil {
		return found[0].bin, nil
	}
	major := strings.TrimSpace(string(made))
	var have []string
	for _, v := range found {
		if strconv.Itoa(v.major) == major {
			return v.bin, nil
		}
		have = append(have, strconv.Itoa(v.major))
	}
	return "", app.Errorf(app.Unavailable, `%s was made by PostgreSQL %s, and this machine has %s, which cannot read it; nothing was changed. Bring the old server back, beside the new one:
  apt-get install postgresql-%[2]s
or, where this Debian has it no longer, from PostgreSQL's own archive:
  apt-get install postgresql-common && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y && apt-get install postgresql-%[2]s
The instance then goes on as it was. Or move the folder away and restore a backup into a new cluster.`,
		c.Data, major, strings.Join(have, ", "))
}
