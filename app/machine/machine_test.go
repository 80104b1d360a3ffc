package machine

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"majestic/app"
)

const (
	debian = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n"
	ubuntu = "PRETTY_NAME=\"Ubuntu 24.04 LTS\"\nID=ubuntu\nID_LIKE=debian\n"
	fedora = "PRETTY_NAME=\"Fedora Linux 42\"\nID=fedora\n"
)

// On a machine that has everything, this one, a check finds nothing and setup
// changes nothing.
func TestComplete(t *testing.T) {
	needs := Needs{
		FindChromium: newest("/usr/lib/chromium/chromium"),
		FindPostgres: newest("/usr/lib/postgresql/*/bin"),
		Fonts:        []Font{{"fonts-inter", "/usr/share/fonts/opentype/inter/Inter-Regular.otf", "text"}},
	}
	for _, setup := range []Setup{{Check: true}, {}} {
		var out bytes.Buffer
		if err := setup.Run(t.Context(), needs, &out); err != nil {
			t.Fatalf("%+v: %v\n%s", setup, err, &out)
		}
		if !strings.HasSuffix(out.String(), "nothing is missing\n") || strings.Contains(out.String(), "+ ") {
			t.Errorf("%+v:\n%s", setup, &out)
		}
	}

	var out bytes.Buffer
	if err := (&Setup{Check: true, JSON: true}).Run(t.Context(), needs, &out); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		var s state
		if err := json.Unmarshal([]byte(line), &s); err != nil || !s.OK || s.Name == "" || s.Found == "" || s.Why == "" {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// The packages that the table names are Debian's: on a machine that was set up
// they are there.
func TestPackagesExist(t *testing.T) {
	if !(host{root: "/"}).debianLike() {
		return // another system's packages have other names
	}
	for _, r := range (host{root: "/"}).table(lacking()) {
		for _, name := range r.packages {
			if out, err := exec.Command("dpkg-query", "-W", name).CombinedOutput(); err != nil {
				t.Errorf("%s: %s", name, out)
			}
		}
	}
}

// On a machine that lacks everything, a check says what, why, and by which
// commands it comes: one update, one installation.
func TestLacking(t *testing.T) {
	h := host{root: machine(t, debian), uid: 0}
	write(t, h.path("/proc/sys/kernel/unprivileged_userns_clone"), "0\n")
	needs := lacking()
	needs.Fonts = append(needs.Fonts, Font{"fonts-none", "/usr/share/fonts/none.otf", "nobody reads it"})

	var out bytes.Buffer
	err := (&Setup{Check: true}).run(t.Context(), h, h.table(needs), &out)
	if app.KindOf(err) != app.Unavailable || !strings.Contains(err.Error(), "chromium, chromium-sandbox, postgresql, fonts-none") || !strings.Contains(err.Error(), "run: app setup") {
		t.Errorf("the error is %v", err)
	}
	for _, want := range []string{
		"ok       system: Debian GNU/Linux 12 (bookworm)",
		"missing  chromium: no chromium here\n         needed for: it draws",
		"kernel.unprivileged_userns_clone = 0",
		"missing  fonts-none: there is no /usr/share/fonts/none.otf\n         needed for: nobody reads it",
		`
apt-get -qq update
apt-get -qq install -y --no-install-recommends -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 postgresql-common
sed -i 's/^#[[:space:]]*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
apt-get -qq install -y --no-install-recommends -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 --reinstall chromium chromium-sandbox fonts-none postgresql
`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not said: %s\nbut:\n%s", want, &out)
		}
	}

	// An ordinary user is told the same with sudo, and needs no account for Chromium.
	h.uid = 1000
	out.Reset()
	(&Setup{Check: true}).run(t.Context(), h, h.table(needs), &out)
	if !strings.Contains(out.String(), "\nsudo apt-get -qq update\n") || strings.Contains(out.String(), "majestic-chrome") {
		t.Errorf("to a user:\n%s", &out)
	}

	out.Reset()
	(&Setup{Check: true, JSON: true}).run(t.Context(), h, h.table(needs), &out)
	var last state
	for line := range strings.Lines(out.String()) {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if last.Name != "fonts-none" || last.OK || last.Problem == "" || len(last.Commands) != 2 {
		t.Errorf("the last object is %+v", last)
	}
}

// What setup cannot mend, it tells in words, and proposes no command for it.
func TestOtherSystems(t *testing.T) {
	for _, c := range []struct{ release, system, words string }{
		{ubuntu, "ok       system: Ubuntu 24.04 LTS", "google-chrome-stable_current_amd64.deb"},
		{fedora, "missing  system: Fedora Linux 42 is neither Debian nor derived from it", "what Debian calls postgresql"},
		{"", "missing  system: an unknown system", "what Debian calls chromium"},
	} {
		h := host{root: machine(t, c.release), uid: 1000}
		var out bytes.Buffer
		err := (&Setup{Check: true}).run(t.Context(), h, h.table(lacking()), &out)
		if err == nil || !strings.Contains(out.String(), c.system) || !strings.Contains(out.String(), c.words) {
			t.Errorf("%v\n%s", err, &out)
		}
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "sudo apt-get") && (c.release != ubuntu || strings.Contains(line, "chromium")) {
				t.Errorf("proposed: %s", line)
			}
		}
	}
}

func TestSandbox(t *testing.T) {
	h := host{root: machine(t, ubuntu)}
	check := h.sandbox(func() (string, error) { return "/opt/google/chrome/chrome", nil }).check
	if _, err := check(); err != nil {
		t.Errorf("a kernel without the settings: %v", err)
	}
	write(t, h.path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"), "1\n")
	if _, err := check(); err == nil || !strings.Contains(err.Error(), "apparmor_restrict_unprivileged_userns = 1") {
		t.Errorf("the kernel forbids it: %v", err)
	}
	helper := h.path("/opt/google/chrome/chrome-sandbox")
	write(t, helper, "")
	if _, err := check(); err == nil {
		t.Error("a helper without the setuid bit is enough")
	}
	if err := os.Chmod(helper, 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	if found, err := check(); err != nil || found != "/opt/google/chrome/chrome-sandbox" {
		t.Errorf("with the helper: %s, %v", found, err)
	}
}

// Setup carries out what brings a thing, looks again, and is idle the next time.
func TestMend(t *testing.T) {
	h := host{root: "/", uid: 0} // commands that need no root are run as they are
	file := filepath.Join(t.TempDir(), "a file")
	thing := row{
		name: "thing", why: "a test", after: [][]string{{"touch", file}},
		check: func() (string, error) { _, err := os.Stat(file); return file, err },
	}
	var out bytes.Buffer
	if err := (&Setup{}).run(t.Context(), h, []row{thing}, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "touch '"+file+"'\nmended   thing") {
		t.Errorf("the first run:\n%s", &out)
	}
	out.Reset()
	if err := (&Setup{}).run(t.Context(), h, []row{thing}, &out); err != nil || strings.Contains(out.String(), "touch") {
		t.Errorf("the second run: %v\n%s", err, &out)
	}

	// A command that fails is named with what it said; one that helps nothing is no success.
	thing.check = func() (string, error) { return "", errors.New("never there") }
	if err := (&Setup{}).run(t.Context(), h, []row{thing}, &out); err == nil || !strings.Contains(err.Error(), "thing: never there") {
		t.Errorf("a useless command: %v", err)
	}
	thing.after = [][]string{{"ls", "/nowhere"}}
	if err := (&Setup{}).run(t.Context(), h, []row{thing}, &out); err == nil ||
		!strings.Contains(err.Error(), "ls /nowhere failed") || !strings.Contains(err.Error(), "No such file") {
		t.Errorf("a failing command: %v", err)
	}
}

// Of what the package tools say, people see the setting up and the warnings.
func TestQuiet(t *testing.T) {
	script := `printf 'Selecting previously unselected package a.\nUnpacking a'; printf ' (1.0) ...\n\nW: odd\nSetting up a (1.0) ...\n'`
	var out bytes.Buffer
	if err := (host{}).carryOut(t.Context(), [][]string{{"sh", "-c", script}}, &out); err != nil {
		t.Fatal(err)
	}
	if _, said, _ := strings.Cut(out.String(), "\n"); said != "  W: odd\n  Setting up a (1.0) ...\n" {
		t.Errorf("seen:\n%s", said)
	}
}

// A user whom sudo does not serve is told what root has to run.
func TestNoSudo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := host{uid: 1000}.carryOut(t.Context(), [][]string{{"apt-get", "update"}}, os.Stderr)
	if app.KindOf(err) != app.Forbidden || !strings.Contains(err.Error(), "have root run:\napt-get update") {
		t.Error(err)
	}
}

// machine is the root of a machine that has an os-release and apt-get, no more.
func machine(t *testing.T, release string) string {
	root := t.TempDir()
	write(t, filepath.Join(root, "etc/os-release"), release)
	write(t, filepath.Join(root, "usr/bin/apt-get"), "")
	return root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func lacking() Needs {
	return Needs{
		FindChromium: func() (string, error) { return "", errors.New("no chromium here") },
		FindPostgres: func() (string, error) { return "", errors.New("no postgres here") },
	}
}

func newest(pattern string) func() (string, error) {
	return func() (string, error) {
		found, err := filepath.Glob(pattern)
		if len(found) == 0 {
			return "", errors.New("there is no " + pattern)
		}
		return found[len(found)-1], err
	}
}
