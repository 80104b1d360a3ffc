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
	found, err := servers("")
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

// servers lists the PostgreSQL servers below root, newest first.
func servers(root string) ([]version, error) {
	found := find(root, "initdb")
	if len(found) > 0 {
		return found, nil
	}
	if root == "" {
		root = debian
	}
	return nil, app.Errorf(app.Unavailable, "PostgreSQL's server is not installed (no initdb in %s/*/bin or PATH), and no DATABASE_URL names another: run: app setup", root)
}

// find lists the PostgreSQLs below root that have a program, newest first. Debian
// keeps each major version in a folder of its own and only wrappers in PATH; other
// systems keep one, in PATH.
func find(root, program string) (found []version) {
	place := root
	if root == "" {
		place = debian
	}
	programs, _ := filepath.Glob(filepath.Join(place, "*", "bin", program))
	for _, path := range programs {
		bin := filepath.Dir(path)
		if major, err := strconv.Atoi(filepath.Base(filepath.Dir(bin))); err == nil {
			found = append(found, version{major, bin})
		}
	}
	if root == "" && len(found) == 0 {
		found = inPath(program)
	}
	slices.SortFunc(found, func(a, b version) int { return b.major - a.major })
	return found
}

func inPath(program string) []version {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil
	}
	said, err := exec.Command(path, "--version").Output()
	number := regexp.MustCompile(`\d+`).FindString(string(said))
	major, _ := strconv.Atoi(number)
	if err != nil || major == 0 {
		return nil
	}
	return []version{{major, filepath.Dir(path)}}
}

// binaries is the folder of the programs for a data directory: those of the
// major version that made it, or the newest for one to be made.
func (c *cluster) binaries() (string, error) {
	found, err := servers(c.Binaries)
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
