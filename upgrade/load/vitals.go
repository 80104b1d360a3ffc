package load

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Vitals are what an instance holds at a time: its serving process, all its
// processes, and its directory without the data.
type Vitals struct {
	Upgrade     int `json:"upgrade"` // after how many
	Descriptors int `json:"descriptors"`
	Threads     int `json:"threads"`
	Goroutines  int `json:"goroutines,omitempty"`
	MemoryKB    int `json:"memory_kb"`
	Processes   int `json:"processes"`
	Files       int `json:"files"`
}

// vitals looks at the process that serves.
func (i *Instance) vitals(pid int) (v Vitals, err error) {
	proc := fmt.Sprintf("/proc/%d", pid)
	open, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		return v, err
	}
	v.Descriptors = len(open)
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		return v, err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		switch name {
		case "Threads":
			v.Threads = n
		case "VmRSS":
			v.MemoryKB = n
		}
	}
	v.Processes = i.processes()
	err = filepath.WalkDir(i.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // gone meanwhile, or Postgres's own
		}
		if d.IsDir() && path == filepath.Join(i.Dir, "data") {
			return fs.SkipDir
		}
		v.Files++
		return nil
	})
	return v, err
}

// processes counts those that the instance has started and that live, whoever
// their parent is by now.
func (i *Instance) processes() (n int) {
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range all {
		if env, err := os.ReadFile(name); err == nil && bytes.Contains(env, []byte(mark+"="+i.Dir+"\x00")) {
			n++
		}
	}
	return n
}
