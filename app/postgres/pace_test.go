package postgres

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// A program rests while others want all cores, and is left running.
func TestPace(t *testing.T) {
	busy := func() *exec.Cmd {
		c := exec.CommandContext(t.Context(), "sh", "-c", "while :; do :; done")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Wait() })
		return c
	}
	for range runtime.NumCPU() {
		busy()
	}
	patient := busy()
	if err := giveWay(patient.Process.Pid); err != nil {
		t.Fatal(err)
	}
	stopped := func() bool {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", patient.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		return bytes.HasPrefix(text[bytes.LastIndexByte(text, ')'):], []byte(") T"))
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		pace(patient.Process, done)
		close(ended)
	}()
	for deadline := time.Now().Add(time.Minute); !stopped(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never rests")
		}
	}
	close(done)
	<-ended
	if stopped() {
		t.Error("it is left stopped")
	}
}
