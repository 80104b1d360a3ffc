package mail_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/mail"
)

var invitation = app.Mail{
	To: "bob@example.com", Subject: "Join Žiža & <b>Co.</b> at Majestic",
	Lines: []string{"Ada invites you to <b>Co.</b>, as its editor.", "If you do not know what this is about, leave it be."},
	Path:  "/invitation?token=a-secret-of-forty-letters-or-more-in-all", Label: "Join",
}

const link = "https://design.example.com/invitation?token=a-secret-of-forty-letters-or-more-in-all"

func TestSend(t *testing.T) {
	server := listen(t, "250 ok")
	s := sender(t, mail.Options{URL: "smtp://" + server.address, From: "Majestic <majestic@example.com>", BaseURL: "https://design.example.com/"})
	if err := s.Send(context.Background(), invitation); err != nil {
		t.Fatal(err)
	}
	m, err := netmail.ReadMessage(strings.NewReader(<-server.got))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != invitation.Subject || m.Header.Get("To") != "<bob@example.com>" || !strings.Contains(m.Header.Get("From"), "<majestic@example.com>") || m.Header.Get("Auto-Submitted") == "" {
		t.Errorf("%v, %v", m.Header, err)
	}
	text, html := parts(t, m)
	if !strings.Contains(text, link) || !strings.Contains(text, invitation.Lines[0]) || !strings.Contains(text, invitation.Lines[1]) {
		t.Errorf("the text: %s", text)
	}
	if !strings.Contains(html, `href="`+link+`"`) || strings.Contains(html, "<b>Co.") || !strings.Contains(html, "&lt;b&gt;Co.") {
		t.Errorf("the page: %s", html)
	}
}

// What a server refuses for good is told apart from what may go well the next time.
func TestRefused(t *testing.T) {
	for answer, kind := range map[string]app.Kind{"550 5.1.1 nobody here": app.Invalid, "451 4.3.0 later": app.Internal} {
		s := sender(t, mail.Options{URL: "smtp://" + listen(t, answer).address, From: "majestic@example.com"})
		if err := s.Send(context.Background(), invitation); err == nil || app.KindOf(err) != kind {
			t.Errorf("%s: %v", answer, err)
		}
	}
	gone := listen(t, "")
	gone.Close()
	s := sender(t, mail.Options{URL: "smtp://" + gone.address, From: "majestic@example.com"})
	if err := s.Send(context.Background(), invitation); err == nil || app.KindOf(err) != app.Internal {
		t.Errorf("no server: %v", err)
	}
}

func TestSettings(t *testing.T) {
	for _, o := range []mail.Options{
		{URL: "mail.example.com", From: "a@example.com"}, {URL: "http://mail.example.com", From: "a@example.com"},
		{URL: "smtp://", From: "a@example.com"}, {URL: "smtp://u:sesame@mail.example.com"}, {URL: "smtp://u:ses%ame@mail.example.com", From: "a@example.com"},
	} {
		if _, err := mail.New(o); app.KindOf(err) != app.Invalid || strings.Contains(err.Error(), "ame") && strings.Contains(err.Error(), "ses") {
			t.Errorf("%s: %v", o.URL, err)
		}
	}
}

// Without a server a mail is a file that only its owner reads, and the log says where:
// not what it says.
func TestKeep(t *testing.T) {
	var log bytes.Buffer
	dir := filepath.Join(t.TempDir(), "mail")
	s := sender(t, mail.Options{BaseURL: "https://design.example.com", Folder: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err := s.Send(context.Background(), invitation); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	info, err := files[0].Info()
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	name := filepath.Join(dir, files[0].Name())
	b, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(b), "\n"+link+"\n") || !strings.Contains(string(b), "To: bob@example.com\n") {
		t.Errorf("%s, %v", b, err)
	}
	if !strings.Contains(log.String(), name) || strings.Contains(log.String(), "a-secret") {
		t.Errorf("the log: %s", log.String())
	}
	old := info.ModTime().AddDate(0, 0, -9)
	if err := os.Chtimes(name, old, old); err != nil {
		t.Fatal(err)
	}
	if err := s.Send(context.Background(), invitation); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(name); !os.IsNotExist(err) {
		t.Errorf("a mail whose links are dead is kept: %v", err)
	}
}

func sender(t *testing.T, o mail.Options) *mail.Sender {
	t.Helper()
	s, err := mail.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// server takes mails as a mail server does, and answers each recipient the same.
type server struct {
	net.Listener
	address string
	got     chan string
}

func listen(t *testing.T, recipient string) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &server{l, l.Addr().String(), make(chan string, 1)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.talk(c, recipient)
		}
	}()
	return s
}

func (s *server) talk(c net.Conn, recipient string) {
	defer c.Close()
	fmt.Fprint(c, "220 mail.example.com\r\n")
	for lines := bufio.NewReader(c); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(strings.TrimSpace(line), " "); verb {
		case "RCPT":
			fmt.Fprint(c, recipient+"\r\n")
		case "DATA":
			fmt.Fprint(c, "354 go on\r\n")
			var data strings.Builder
			for line, err = lines.ReadString('\n'); err == nil && line != ".\r\n"; line, err = lines.ReadString('\n') {
				data.WriteString(strings.TrimPrefix(line, "."))
			}
			s.got <- data.String()
			fmt.Fprint(c, "250 taken\r\n")
		case "QUIT":
			fmt.Fprint(c, "221 bye\r\n")
			return
		default:
			fmt.Fprint(c, "250 ok\r\n")
		}
	}
}

// parts are the two ways in which a mail says the same.
func parts(t *testing.T, m *netmail.Message) (text, html string) {
	t.Helper()
	_, about, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	for all := multipart.NewReader(m.Body, about["boundary"]); ; {
		p, err := all.NextRawPart()
		if err == io.EOF {
			return text, html
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			html = string(b)
		} else {
			text = strings.ReplaceAll(string(b), "\r\n", "\n")
		}
	}
}
