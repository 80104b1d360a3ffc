package machine

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"majestic/app"
)

// What stands in the way of a service is said before anything is made.
func TestServiceRefusals(t *testing.T) {
	for _, c := range []struct {
		name, dir string
		uid       int
		files     map[string]string
		kind      app.Kind
		words     string
	}{
		{name: "Shop", kind: app.Invalid, words: "small letters"},
		{name: "shop;rm", kind: app.Invalid, words: "small letters"},
		{name: "shop", dir: "/srv/my shop", kind: app.Invalid, words: "/var/lib/shop would do"},
		{name: "shop", dir: "/home/ada/shop", kind: app.Invalid, words: "lies in /home"},
		{name: "shop", dir: "/srv/" + strings.Repeat("deep/", 15) + "shop", kind: app.Invalid, words: "ends at 107"},
		{name: "shop", files: map[string]string{"run/systemd/system": ""}, uid: 1000, kind: app.Forbidden, words: "sudo"},
		{name: "shop", kind: app.Unavailable, words: "systemd does not run this machine"},
		{name: "shop", files: map[string]string{"run/systemd/system/x": "", "lib/systemd/system/shop.service": "[Service]\n"}, kind: app.Conflict, words: "there is /lib/systemd/system/shop.service"},
		{name: "shop", files: map[string]string{"run/systemd/system/x": "", "etc/systemd/system/shop.service": "# instance: /srv/old\n"}, kind: app.Conflict, words: "it is the service of /srv/old"},
		{name: "shop", files: map[string]string{"run/systemd/system/x": "", "usr/bin/shop": ""}, kind: app.Conflict, words: "there is the command /usr/bin/shop"},
		{name: "shop", files: map[string]string{"run/systemd/system/x": "", "etc/passwd": "shop:x:7:7::/home/shop:/bin/sh\n"}, kind: app.Conflict, words: "an account whose home is /home/shop"},
		{name: "shop", files: map[string]string{"run/systemd/system/x": "", "etc/systemd/system/mall.service": "# instance: /var/lib/shop\n"}, kind: app.Conflict, words: "the instance of the service mall"},
		{name: "shop", files: map[string]string{"run/systemd/system/x": "", "var/lib/shop/diary.txt": ""}, kind: app.Conflict, words: "holds diary.txt"},
		{name: "shop", files: map[string]string{"run/systemd/system/x": "", "var/lib/shop/tmp/x": ""}, kind: app.Conflict, words: "holds tmp"},
		{name: "shop", files: map[string]string{"run/systemd/system/x": "", "var/lib/shop/releases/x": ""}, kind: app.Conflict, words: "hand it over first"},
		{name: "shop", files: map[string]string{"run/systemd/system/x": "", "var/lib/shop/releases/x": "", "etc/passwd": fmt.Sprintf("shop:x:%d:7::/var/lib/shop:/bin/sh\n", os.Geteuid())}},
	} {
		h := host{root: machine(t, debian), uid: c.uid}
		for name, text := range c.files {
			write(t, h.path(name), text)
		}
		v, err := h.service(c.name, Needs{Dir: c.dir, Listen: "127.0.0.1:8080"})
		if err == nil {
			err = v.possible()
		}
		if c.words == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if app.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s in %s: %v", c.name, c.dir, err)
		}
	}
}

// The unit is written again when it is an older release's, and never over a hand's
// work.
func TestUnitChanged(t *testing.T) {
	v := &service{host: host{root: machine(t, debian)}, name: "shop", dir: "/var/lib/shop"}
	file := v.path("/etc/systemd/system/shop.service")
	check := v.unitRow().check
	if _, err := check(); err == nil {
		t.Error("a unit that is not there is fine")
	}
	write(t, file, v.unit())
	if found, err := check(); err != nil || found != "/etc/systemd/system/shop.service" {
		t.Errorf("as written: %s, %v", found, err)
	}
	write(t, file, summed(strings.Replace(v.unit(), "RestartSec=100ms", "RestartSec=2", 1)))
	if _, err := check(); err == nil || !strings.Contains(err.Error(), "an older release's") {
		t.Errorf("an older release's: %v", err)
	}
	write(t, file, strings.Replace(v.unit(), "RestartSec=100ms", "RestartSec=2", 1))
	if found, err := check(); err != nil || !strings.Contains(found, "changed by hand and kept") || !strings.Contains(found, "--print | diff -u - ") {
		t.Errorf("a hand's: %s, %v", found, err)
	}
}

// systemd finds nothing to object to in the unit, nor nginx in the snippet.
func TestTexts(t *testing.T) {
	h := host{root: machine(t, debian)}
	v, err := h.service("shop", Needs{Dir: "/var/lib/shop", Listen: "127.0.0.1:8080"})
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"NAME", "DIR", "ADDR"} {
		for _, text := range []string{v.unit(), v.fill(commandText), v.fill(settingsText), v.fill(nginxText), v.fill(needrestartText)} {
			if strings.Contains(text, word) {
				t.Errorf("%s is left in:\n%s", word, text)
			}
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err == nil {
		// What does not exist here is replaced by what does.
		unit := filepath.Join(t.TempDir(), "shop.service")
		write(t, unit, strings.NewReplacer("/var/lib/shop/current/app", "/bin/true", "User=shop", "User=root", "Group=shop", "Group=root").Replace(v.unit()))
		if out, err := exec.Command("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit).CombinedOutput(); err != nil || strings.Contains(string(out), "shop.service") {
			t.Errorf("systemd-analyze: %v\n%s", err, out)
		}
	}
	script := filepath.Join(t.TempDir(), "shop")
	write(t, script, v.fill(commandText))
	if out, err := exec.Command("sh", script, "status").CombinedOutput(); err == nil || !strings.Contains(string(out), "run it with sudo") {
		t.Errorf("a command that may not: %v, %s", err, out)
	}
}

// Two services on one machine get two addresses.
func TestFreeAddress(t *testing.T) {
	h := host{root: machine(t, debian)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	busy := l.Addr().String()
	v := &service{host: h, name: "shop", dir: "/var/lib/shop", listen: busy}
	free := v.freeAddress()
	if free == busy {
		t.Errorf("%s is taken", free)
	}
	write(t, h.path("/etc/systemd/system/mall.service"), "# instance: /srv/mall\n")
	write(t, h.path("/srv/mall/app.toml"), "listen_addr = \""+free+"\"\n")
	if next := v.freeAddress(); next == free || next == busy {
		t.Errorf("%s is the mall's", next)
	}
}
