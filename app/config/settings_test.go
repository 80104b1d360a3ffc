package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"majestic/app/config"
)

func TestOrderOfSettings(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	write("app.toml", "listen_addr = \"file:1\"\nrate_limit = 7\nlog_level = \"warn\"\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n")
	write("credentials", "")
	os.Remove(filepath.Join(dir, "credentials"))
	if err := os.Mkdir(filepath.Join(dir, "credentials"), 0o700); err != nil {
		t.Fatal(err)
	}
	write("credentials/base_url", "https://from.credential\n")
	env := map[string]string{
		"LOG_LEVEL":             "error",
		"SECRET_KEY_FILE":       write("key", "from a file\n"),
		"CREDENTIALS_DIRECTORY": filepath.Join(dir, "credentials"),
	}
	c, err := parse(env, "--dir", dir, "--rate-limit", "9")
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "file:1" || c.RateLimit != 9 || c.LogLevel != "error" || c.SecretKey != "from a file" ||
		c.BaseURL != "https://from.credential" || c.LogFormat != "auto" || !slices.Equal(c.TrustedProxies, []string{"10.0.0.0/8", "::1"}) {
		t.Errorf("%+v", c)
	}

	for content, want := range map[string]string{
		"listen_adr = \"x\"":       `"listen_adr" is not a setting; there are: backup_command,`,
		"listen_addr":              "cannot be read",
		"log_level = \"shouting\"": `must be one of "debug","info","warn","error"`,
	} {
		write("app.toml", content)
		if _, err := parse(nil, "--dir", dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", content, err)
		}
	}
	if _, err := parse(map[string]string{"SECRET_KEY_FILE": "/nowhere"}, "--dir", t.TempDir()); err == nil || !strings.Contains(err.Error(), "SECRET_KEY") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestSecretIsMadeOnce(t *testing.T) {
	c := config.Config{Dir: t.TempDir()}
	first, err := c.Secret()
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Secret()
	if err != nil || string(first) != string(second) || len(first) < 32 {
		t.Errorf("%q then %q, %v", first, second, err)
	}
	info, err := os.Stat(c.Path("data", "secret.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.Truncate(c.Path("data", "secret.key"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Secret(); err == nil {
		t.Error("an empty key was taken")
	}
}

func parse(env map[string]string, args ...string) (c config.Config, err error) {
	parser, err := kong.New(&c, kong.Resolvers(&config.Settings{Getenv: func(name string) string { return env[name] }}))
	if err != nil {
		return c, err
	}
	_, err = parser.Parse(args)
	return c, err
}
