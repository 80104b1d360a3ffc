package screenshots

import (
	"bytes"
	"fmt"
	"os"
)

// A browser grows with what it draws. It is replaced after so many shots, or before
// when its processes hold so many bytes; that is looked at now and then. A launch takes
// as much as 20 shots, so they are not few.
const (
	maxShots  = 500
	maxMemory = 1 << 30
	lookEvery = 10
)

func (b *browser) worn() bool {
	return b.shots%lookEvery == 0 && (b.shots >= maxShots || memory(running(b.profile)) > maxMemory)
}

// memory is what processes hold that is of no file: their own, and what they share
// with each other, which counts once for each.
func memory(pids []int) (bytes int64) {
	for _, pid := range pids {
		bytes += anonymous(pid)
	}
	return bytes
}

func anonymous(pid int) (sum int64) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range bytes.Lines(status) {
		var name string
		var kB int64
		fmt.Sscan(string(line), &name, &kB)
		if name == "RssAnon:" || name == "RssShmem:" {
			sum += kB << 10
		}
	}
	return sum
}
