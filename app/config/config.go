// Package config reads an instance's settings, once: flag, then environment, then
// app.toml, then default. It also knows where in the instance's directory things
// lie, and as whom to run there.
package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"majestic/app"
)

// Config is the settings of one instance. The tag setting is a setting's name in
// the environment; in app.toml it stands in lower case.
type Config struct {
	Dir            string        `help:"The instance: one directory holds all that it owns." default:"." placeholder:"DIR"`
	DatabaseURL    string        `setting:"DATABASE_URL" name:"database-url" help:"PostgreSQL to use; without it a private one under data/postgres ($$DATABASE_URL)." placeholder:"URL"`
	Listen         string        `setting:"LISTEN_ADDR" help:"Address to serve on ($$LISTEN_ADDR)." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	MetricsListen  string        `setting:"METRICS_LISTEN" help:"Address of its own to serve Prometheus metrics on, at /metrics, as in 127.0.0.1:9090; without it there are none ($$METRICS_LISTEN)." placeholder:"HOST:PORT"`
	BaseURL        string        `setting:"BASE_URL" name:"base-url" help:"Address that people use, when a proxy stands in front ($$BASE_URL)." placeholder:"URL"`
	SecretKey      string        `setting:"SECRET_KEY" name:"secret-key" help:"Key that signs links; without it data/secret.key ($$SECRET_KEY)." placeholder:"KEY"`
	LogLevel       string        `setting:"LOG_LEVEL" help:"debug, info, warn or error ($$LOG_LEVEL)." default:"info" enum:"debug,info,warn,error"`
	LogFormat      string        `setting:"LOG_FORMAT" help:"text, json, or auto: text on a terminal ($$LOG_FORMAT)." default:"auto" enum:"auto,text,json"`
	LogFile        string        `setting:"LOG_FILE" help:"File that serve logs to; without it standard error. HUP opens it anew ($$LOG_FILE)." placeholder:"FILE"`
	ChromiumPath   string        `setting:"CHROMIUM_PATH" help:"Chromium to draw with; without it the system's ($$CHROMIUM_PATH)." placeholder:"FILE"`
	RateLimit      float64       `setting:"RATE_LIMIT" help:"Requests a second for each API key, 0 is off ($$RATE_LIMIT)." default:"100"`
	SMTPURL        string        `setting:"SMTP_URL" name:"smtp-url" help:"Mail server, as in smtp://user:password@host:587 or smtps://; without it mails are kept under data/mail ($$SMTP_URL)." placeholder:"URL"`
	SMTPPassword   string        `setting:"SMTP_PASSWORD" name:"smtp-password" help:"Password of the mail server, where the URL has none ($$SMTP_PASSWORD)." placeholder:"PASSWORD"`
	SMTPFrom       string        `setting:"SMTP_FROM" name:"smtp-from" help:"Whom mails come from, as in 'Majestic <majestic@example.com>' ($$SMTP_FROM)." placeholder:"ADDRESS"`
	BackupDir      string        `setting:"BACKUP_DIR" name:"backup-dir" help:"Folder of the backups; without it backups in the instance ($$BACKUP_DIR)." placeholder:"DIR"`
	BackupEvery    time.Duration `setting:"BACKUP_EVERY" name:"backup-every" help:"How often serve makes a backup, 0 is never ($$BACKUP_EVERY)." default:"1h"`
	BackupTrial    time.Duration `setting:"BACKUP_TRIAL" name:"backup-trial" help:"How often serve restores one on trial ($$BACKUP_TRIAL)." default:"24h"`
	BackupKeep     string        `setting:"BACKUP_KEEP" name:"backup-keep" help:"How many hourly, daily, weekly and monthly backups stay ($$BACKUP_KEEP)." default:"24,7,5,12"`
	BackupCommand  string        `setting:"BACKUP_COMMAND" name:"backup-command" help:"What takes each backup elsewhere, run by sh with BACKUP_PATH and BACKUP_DIR ($$BACKUP_COMMAND)." placeholder:"COMMAND"`
	BackupTimeout  time.Duration `setting:"BACKUP_TIMEOUT" name:"backup-timeout" help:"How long that command may take ($$BACKUP_TIMEOUT)." default:"30m"`
	BackupTo       string        `setting:"BACKUP_RECIPIENT" name:"backup-recipient" help:"Recipient of age's, age1…, to whom the secrets in a backup are encrypted ($$BACKUP_RECIPIENT)." placeholder:"RECIPIENT"`
	TrustedProxies []string      `setting:"TRUSTED_PROXIES" help:"Addresses whose X-Forwarded-* is believed ($$TRUSTED_PROXIES)." placeholder:"CIDR"`
}

// Validate is kong's: it refuses settings that contradict each other.
func (c *Config) Validate() error {
	_, port, _ := net.SplitHostPort(c.Listen)
	_, other, _ := net.SplitHostPort(c.MetricsListen)
	if c.Listen == c.MetricsListen || port == other && port != "0" && port != "" {
		return app.Errorf(app.Invalid, "METRICS_LISTEN (--metrics-listen) is %s, and LISTEN_ADDR (--listen) is %s; the metrics need a port of their own", c.MetricsListen, c.Listen)
	}
	return nil
}

// Path is the place of something in the instance: c.Path("data", "objects").
func (c *Config) Path(parts ...string) string {
	return filepath.Join(append([]string{c.Dir}, parts...)...)
}

// Backups is the folder of the instance's backups.
func (c *Config) Backups() string {
	switch {
	case c.BackupDir == "":
		return c.Path("backups")
	case filepath.IsAbs(c.BackupDir):
		return c.BackupDir
	}
	return c.Path(c.BackupDir)
}

// URL is the address that people use.
func (c *Config) URL() string {
	if c.BaseURL != "" {
		return strings.TrimRight(c.BaseURL, "/")
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return "http://" + c.Listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost" // every address, this one among them
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Secret is the key that signs links: the setting, or data/secret.key, which is
// made when it is missing.
func (c *Config) Secret() ([]byte, error) {
	if c.SecretKey != "" {
		return []byte(c.SecretKey), nil
	}
	name := c.Path("data", "secret.key")
	key, err := os.ReadFile(name)
	if err == nil && len(key) > 0 {
		return key, nil
	}
	if err == nil {
		return nil, app.Errorf(app.Unavailable, "%s is empty; put the key back from a backup, or remove the file to begin with a new one", name)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the secret key: %w", err)
	}
	return makeSecret(name)
}

// Interactive tells whether a person watches: standard error is a terminal.
func (c *Config) Interactive() bool { return terminal(os.Stderr) }

// Columns is how wide a line is where that person watches; 0 when nobody does.
func (c *Config) Columns() int {
	if !c.Interactive() {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(os.Stderr.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 {
		return 80
	}
	return int(size.Col)
}

// makeSecret writes a new key beside its place and links it there: of two who
// start at once, both read the one that came first.
func makeSecret(name string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, fmt.Errorf("make the secret key: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(name), ".secret-*")
	if err != nil {
		return nil, fmt.Errorf("make the secret key: %w", err)
	}
	defer os.Remove(temp.Name())
	raw := make([]byte, 32)
	rand.Read(raw)
	_, err = temp.WriteString(base64.RawURLEncoding.EncodeToString(raw))
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return nil, fmt.Errorf("make the secret key: %w", err)
	}
	if err := os.Link(temp.Name(), name); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make the secret key: %w", err)
	}
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return nil, fmt.Errorf("make the secret key: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return nil, fmt.Errorf("make the secret key: %w", err)
	}
	return os.ReadFile(name)
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "" && os.Getenv("TERM") != "dumb"
}
