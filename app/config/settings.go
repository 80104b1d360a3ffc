package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"

	"majestic/app"
)

// Settings finds what no flag gave: X in the environment, the file that X_FILE
// names, a systemd credential of that name, or app.toml in the instance.
type Settings struct {
	Getenv func(string) string

	file map[string]any // app.toml, once read
}

// Validate is kong's; what the file holds is checked when the directory is known.
func (s *Settings) Validate(*kong.Application) error { return nil }

// Resolve is kong's question for a flag that the command line leaves open.
func (s *Settings) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	name := flag.Tag.Get("setting")
	if name == "" {
		return nil, nil
	}
	if v := s.Getenv(name); v != "" {
		return v, nil
	}
	for _, file := range []string{s.Getenv(name + "_FILE"), s.credential(name)} {
		if file == "" {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	}
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	if v, ok := s.file[strings.ToLower(name)]; ok {
		return fmt.Sprint(v), nil
	}
	return nil, nil
}

func (s *Settings) credential(name string) string {
	dir := s.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return ""
	}
	file := filepath.Join(dir, strings.ToLower(name))
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

// load reads app.toml once. A key it does not know is a mistake, not a wish.
func (s *Settings) load(ctx *kong.Context) error {
	if s.file != nil {
		return nil
	}
	s.file = map[string]any{}
	dir := "."
	known := []string{}
	for _, flag := range ctx.Flags() {
		if flag.Name == "dir" {
			dir = ctx.FlagValue(flag).(string)
		}
		if name := flag.Tag.Get("setting"); name != "" {
			known = append(known, strings.ToLower(name))
		}
	}
	name := filepath.Join(dir, "app.toml")
	_, err := toml.DecodeFile(name, &s.file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil // what the directory is, Enter will say
	}
	if err != nil {
		return app.Errorf(app.Malformed, "%s cannot be read: %v", name, err)
	}
	for key, v := range s.file {
		if !slices.Contains(known, key) {
			slices.Sort(known)
			return app.Errorf(app.Malformed, "%s: %q is not a setting; there are: %s", name, key, strings.Join(known, ", "))
		}
		if list, ok := v.([]any); ok {
			s.file[key] = joined(list)
		}
	}
	return nil
}

// apart are the settings by which an instance is itself and no copy of it: where it
// is met, what it keeps, and what it does to the world outside.
var apart = []string{"database_url", "listen_addr", "metrics_listen", "base_url", "log_file", "smtp_url", "smtp_password", "backup_dir", "backup_command"}

// Apart writes the settings of a copy of the instance into its folder.
func (c *Config) Apart(to string) error {
	all := map[string]any{}
	_, err := toml.DecodeFile(c.Path("app.toml"), &all)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return app.Errorf(app.Malformed, "%s cannot be read: %v", c.Path("app.toml"), err)
	}
	for _, name := range apart {
		delete(all, name)
	}
	text, err := toml.Marshal(all)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, "app.toml"), text, 0o600)
}

func joined(list []any) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = fmt.Sprint(v)
	}
	return strings.Join(parts, ",")
}
