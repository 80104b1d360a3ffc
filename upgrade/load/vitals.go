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
// their parent is by now: by their environment, the folder they are told to work
// in, or their parent.
func (i *Instance) processes() int {
	ours, parents := map[int]bool{}, map[int]int{}
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, proc := range all {
		pid, _ := strconv.Atoi(filepath.Base(proc))
		env, _ := os.ReadFile(filepath.Join(proc, "environ"))
		command, _ := os.ReadFile(filepath.Join(proc, "cmdline"))
		ours[pid] = bytes.Contains(env, []byte(mark+"="+i.Dir+"\x00")) || bytes.Contains(command, []byte(i.Dir+"/"))
		stat, _ := os.ReadFile(filepath.Join(proc, "stat"))
		_, rest, _ := strings.Cut(string(stat), ") ") // after the name: state, parent
		if f := strings.Fields(rest); len(f) > 1 {
			parents[pid], _ = strconv.Atoi(f[1])
		}
	}
	n := 0
	for pid := range ours {
		for p := pid; p > 1; p = parents[p] {
			if ours[p] {
				n++
				break
			}
		}
	}
	return n
}
