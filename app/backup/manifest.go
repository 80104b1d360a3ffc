package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"majestic/app"
)

// The parts of a backup. The last three are written later, and not part of it.
const (
	manifestFile = "manifest.json"
	sumsFile     = "SHA256SUMS" // of all other parts, as sha256sum -c reads it
	dumpFile     = "database.dump"
	listFile     = "objects.txt" // a line a file: its sum, its bytes, its key
	settingsFile = "app.toml"
	secretsFile  = "secrets.json"
	sealedFile   = "secrets.age"

	drillFile   = "drill.json"
	commandFile = "command.json"
)

// format is that of the backups that are written.
const format = 1

// Manifest is what a backup says of itself.
type Manifest struct {
	Format  int           `json:"format"`
	ID      string        `json:"id"`
	Serial  int           `json:"serial"` // counts on, whatever the clock does
	Product string        `json:"product"`
	Release string        `json:"release"`
	Version string        `json:"version"`
	At      time.Time     `json:"at"`
	Took    time.Duration `json:"took_ns"`

	Schema   map[string][]int64 `json:"schema"` // the migrations that the database has had
	Postgres int                `json:"postgres"`
	Roles    []string           `json:"roles"` // that the dump mentions
	Walled   string             `json:"walled"`
	Cluster  string             `json:"cluster"` // the identity of the server's files
	Horizon  uint64             `json:"horizon"` // every transaction before it is in the backup, or was undone

	Tables    map[string]Table `json:"tables"`
	Sequences map[string]int64 `json:"sequences"`

	Objects     int      `json:"objects"`
	ObjectBytes int64    `json:"object_bytes"`
	Missing     []string `json:"missing,omitempty"` // files that rows name, and that were not there to be kept

	Secrets  string           `json:"secrets"` // none sealed plain
	Settings bool             `json:"settings"`
	Runtime  json.RawMessage  `json:"runtime,omitempty"` // what drew
	Parts    map[string]int64 `json:"parts"`             // their bytes
}

// Bytes is how much there is to restore.
func (m Manifest) Bytes() (n int64) {
	for _, size := range m.Parts {
		n += size
	}
	return n + m.ObjectBytes
}

func readManifest(path string) (m Manifest, err error) {
	text, err := os.ReadFile(filepath.Join(path, manifestFile))
	if err != nil {
		return m, fmt.Errorf("read the backup's manifest: %w", err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, &app.Error{Kind: app.Invalid, Message: fmt.Sprintf("the backup %s is damaged: its %s cannot be read; take another one", path, manifestFile), Err: err}
	}
	return m, nil
}

// seal writes the manifest and the sums of all parts of a backup.
func seal(path string, m Manifest) error {
	m.Parts = map[string]int64{}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		m.Parts[e.Name()] = info.Size()
	}
	text, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return err
	}
	if err := write(filepath.Join(path, manifestFile), append(text, '\n')); err != nil {
		return err
	}
	var sums bytes.Buffer
	for _, name := range append(names(m.Parts), manifestFile) {
		sum, _, err := sumOf(filepath.Join(path, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%s  %s\n", sum, name)
	}
	return write(filepath.Join(path, sumsFile), sums.Bytes())
}

// check refuses what is not a whole backup of this product.
func (k *Keeper) check(b Backup) error {
	if b.Product != k.Product {
		return app.Errorf(app.Invalid, "the backup %s is of %q, and this is %s; nothing was touched", b.Path, b.Product, k.Product)
	}
	if b.Format > format {
		return app.Errorf(app.Invalid, "the backup %s was made by a newer release (%s, %s), whose format this one does not know; restore it with that one", b.Path, b.Version, b.Release)
	}
	if fault := b.fault(); fault != "" {
		return app.Errorf(app.Invalid, "the backup %s is damaged: %s; nothing was touched: take another one, app backup list shows what there is", b.Path, fault)
	}
	return nil
}

// fault is what a backup lacks, or has otherwise than it was written.
func (b Backup) fault() string {
	sums, err := os.Open(filepath.Join(b.Path, sumsFile))
	if err != nil {
		return sumsFile + " is missing"
	}
	defer sums.Close()
	want := append(names(b.Parts), manifestFile)
	var seen []string
	for lines := bufio.NewScanner(sums); lines.Scan(); {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok || !slices.Contains(want, name) {
			return fmt.Sprintf("%s has a line that is none: %.100q", sumsFile, lines.Text())
		}
		is, size, err := sumOf(filepath.Join(b.Path, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return name + " is missing"
		case err != nil:
			return err.Error()
		case name != manifestFile && size < b.Parts[name]:
			return fmt.Sprintf("%s is cut off after %d of %d bytes", name, size, b.Parts[name])
		case is != sum:
			return name + " is not what was written"
		}
		seen = append(seen, name)
	}
	for _, name := range want {
		if !slices.Contains(seen, name) {
			return fmt.Sprintf("%s does not name %s", sumsFile, name)
		}
	}
	return ""
}

// names of parts, in order.
func names(parts map[string]int64) []string {
	all := make([]string, 0, len(parts)+1)
	for name := range parts {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func sumOf(name string) (sum string, size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}
