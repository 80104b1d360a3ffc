package upgrade

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// deaf is how long a supervisor may leave a message unread. A socket whose queue
// is full would hold its writer for ever.
const deaf = 2 * time.Second

// notify sends one message to a supervisor's socket, open files with it; see
// sd_notify(3).
func notify(socket, message string, files ...int) error {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("notify the supervisor: %w", err)
	}
	defer syscall.Close(fd)
	limit := syscall.NsecToTimeval(deaf.Nanoseconds())
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &limit); err != nil {
		return fmt.Errorf("notify the supervisor: %w", err)
	}
	var rights []byte
	if len(files) > 0 {
		rights = syscall.UnixRights(files...)
	}
	// Not a UnixConn's WriteMsgUnix: it refuses on a connected datagram socket.
	for {
		err = syscall.Sendmsg(fd, []byte(message), rights, &syscall.SockaddrUnix{Name: socket}, syscall.MSG_NOSIGNAL)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	switch {
	case errors.Is(err, syscall.EAGAIN):
		return fmt.Errorf("notify the supervisor: nobody reads %s", socket)
	case err != nil:
		return fmt.Errorf("notify the supervisor at %s: %w", socket, err)
	}
	return nil
}

// barrier returns when the supervisor has dealt with all that it was told: it
// closes the file that comes with this word.
func barrier(socket string) error {
	ours, theirs, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("notify the supervisor: %w", err)
	}
	defer ours.Close()
	raw, err := theirs.SyscallConn()
	if err == nil {
		cerr := raw.Control(func(fd uintptr) { err = notify(socket, "BARRIER=1", int(fd)) })
		err = errors.Join(err, cerr)
	}
	theirs.Close()
	if err != nil {
		return err
	}
	ours.SetReadDeadline(time.Now().Add(deaf))
	if _, err := ours.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("notify the supervisor: it does not take what is sent to %s", socket)
	}
	return nil
}
