package upgrade

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// line is a connection between two processes of an instance: messages are lines
// of JSON, and open files travel with them.
type line struct {
	conn  *net.UnixConn
	write sync.Mutex
	read  []byte // what came after the last message
	files []int  // descriptors that came, and belong to the next message
}

// longest is how many bytes a message may have.
const longest = 1 << 20

// send writes one message; the files named by their descriptors go with it.
func (l *line) send(message any, files ...int) error {
	b, err := json.Marshal(message)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	l.write.Lock()
	defer l.write.Unlock()
	if len(files) > 0 {
		n, _, err := l.conn.WriteMsgUnix(b, syscall.UnixRights(files...), nil)
		if err != nil {
			return err
		}
		b = b[n:] // the files went with the first byte
	}
	_, err = l.conn.Write(b)
	return err
}

// receive reads one message and the files that came with it.
func (l *line) receive(message any) (files []*os.File, err error) {
	for {
		if text, rest, ok := bytes.Cut(l.read, []byte("\n")); ok {
			l.read = rest
			for _, fd := range l.files {
				files = append(files, os.NewFile(uintptr(fd), "passed"))
			}
			l.files = nil
			return files, json.Unmarshal(text, message)
		}
		if len(l.read) > longest {
			return nil, fmt.Errorf("a message has more than %d bytes", longest)
		}
		if err := l.fill(); err != nil {
			return nil, err
		}
	}
}

func (l *line) close() error {
	for _, fd := range l.files {
		syscall.Close(fd)
	}
	l.files = nil
	return l.conn.Close()
}

func (l *line) fill() error {
	data, control := make([]byte, 4096), make([]byte, syscall.CmsgSpace(8*4))
	n, oobn, _, _, err := l.conn.ReadMsgUnix(data, control)
	if err != nil {
		return err
	}
	if n == 0 && oobn == 0 {
		return io.EOF
	}
	l.read = append(l.read, data[:n]...)
	messages, err := syscall.ParseSocketControlMessage(control[:oobn])
	if err != nil {
		return err
	}
	for _, m := range messages {
		if fds, err := syscall.ParseUnixRights(&m); err == nil {
			l.files = append(l.files, fds...)
		}
	}
	return nil
}

// pair makes a lifeline: our end, and the other as a file for a process to inherit.
func pair() (*line, *os.File, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a lifeline: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "lifeline")
	ours, err := adopt(os.NewFile(uintptr(fds[0]), "lifeline"))
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return ours, theirs, nil
}

// adopt makes a line of an open socket, and closes the file.
func adopt(f *os.File) (*line, error) {
	defer f.Close()
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("lifeline: %w", err)
	}
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		conn.Close()
		return nil, errors.New("lifeline: not a Unix socket")
	}
	return &line{conn: unix}, nil
}

// peer is the account at the other end of a connection.
func peer(conn *net.UnixConn) (uid int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *syscall.Ucred
	if cerr := raw.Control(func(fd uintptr) {
		cred, err = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); cerr != nil {
		return 0, cerr
	}
	if err != nil {
		return 0, fmt.Errorf("who is there: %w", err)
	}
	return int(cred.Uid), nil
}
