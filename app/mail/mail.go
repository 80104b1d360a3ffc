// Package mail sends mails to a mail server, or keeps them as files where there is none.
package mail

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	netmail "net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"majestic/app"
)

// Options are what a Sender needs.
type Options struct {
	URL      string // smtp://user:password@host:587, smtps://… with TLS from the start; empty for files
	Password string // where the URL has none
	From     string
	BaseURL  string // of the pages that mails lead to
	Folder   string // of the files
	Log      *slog.Logger
}

// Sender sends mails.
type Sender struct {
	o      Options
	host   string
	client []mail.Option
	page   *template.Template
}

// New makes a sender; a server that cannot be one is an error.
func New(o Options) (*Sender, error) {
	page, err := template.New("mail").Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	s := &Sender{o: o, page: page}
	if o.URL == "" {
		return s, nil
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, app.Errorf(app.Invalid, "SMTP_URL is not an address such as smtp://user:password@mail.example.com:587 (smtps:// for TLS from the start)")
	}
	if _, err := netmail.ParseAddress(o.From); err != nil {
		return nil, app.Errorf(app.Invalid, "SMTP_FROM is not an address such as Majestic <majestic@example.com>, and mails need one")
	}
	s.host = u.Hostname()
	s.client = []mail.Option{mail.WithTimeout(30 * time.Second)}
	port := 587
	switch {
	case u.Scheme == "smtps":
		port = 465
		s.client = append(s.client, mail.WithSSL())
	case loopback(s.host):
		port = 25
		s.client = append(s.client, mail.WithTLSPolicy(mail.NoTLS))
	default: // who sits between could take the offer of TLS out of the greeting
		s.client = append(s.client, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if p, err := strconv.Atoi(u.Port()); err == nil {
		port = p
	}
	s.client = append(s.client, mail.WithPort(port))
	if u.User.Username() != "" {
		password, given := u.User.Password()
		if !given {
			password = o.Password
		}
		s.client = append(s.client, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(u.User.Username()), mail.WithPassword(password))
	}
	return s, nil
}

// Send hands a mail to the server, or writes it into a file. One that the server
// will not take, however often it is asked, is Invalid.
func (s *Sender) Send(ctx context.Context, m app.Mail) error {
	if s.client == nil {
		return s.keep(ctx, m)
	}
	message, err := s.message(m)
	if err != nil {
		return &app.Error{Kind: app.Invalid, Message: "a mail cannot be written to this address", Err: err}
	}
	client, err := mail.NewClient(s.host, s.client...)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	err = client.DialAndSendWithContext(ctx, message)
	if refused, ok := errors.AsType[*mail.SendError](err); ok && refused.Reason == mail.ErrSMTPRcptTo && !refused.IsTemp() {
		return &app.Error{Kind: app.Invalid, Message: "the mail server does not send to this address", Err: err}
	}
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	return nil
}

func (s *Sender) message(m app.Mail) (*mail.Msg, error) {
	var html bytes.Buffer
	if err := s.page.Execute(&html, map[string]any{"Lines": m.Lines, "Label": m.Label, "Link": s.link(m)}); err != nil {
		return nil, err
	}
	message := mail.NewMsg()
	if err := errors.Join(message.From(s.o.From), message.To(m.To)); err != nil {
		return nil, err
	}
	message.Subject(m.Subject)
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetBodyString(mail.TypeTextPlain, s.text(m))
	message.AddAlternativeString(mail.TypeTextHTML, html.String())
	return message, nil
}

func (s *Sender) text(m app.Mail) string {
	parts := m.Lines
	if link := s.link(m); link != "" {
		parts = append([]string{m.Lines[0], m.Label + ":\n" + link}, m.Lines[1:]...)
	}
	return strings.Join(parts, "\n\n") + "\n"
}

func (s *Sender) link(m app.Mail) string {
	if m.Path == "" {
		return ""
	}
	return strings.TrimRight(s.o.BaseURL, "/") + m.Path
}

// kept is for how long files of mails are kept; their links are dead by then.
const kept = 8 * 24 * time.Hour

// keep writes a mail into a file that only the instance's account reads, and tells the
// log where it is: what it says is a secret.
func (s *Sender) keep(ctx context.Context, m app.Mail) (err error) {
	if err := os.MkdirAll(s.o.Folder, 0o700); err != nil {
		return fmt.Errorf("keep mail: %w", err)
	}
	if err := s.trim(time.Now()); err != nil {
		return fmt.Errorf("keep mail: %w", err)
	}
	name := filepath.Join(s.o.Folder, time.Now().UTC().Format("20060102-150405-")+strings.ToLower(rand.Text()[:8])+".txt")
	temp, err := os.OpenFile(name+".tmp", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep mail: %w", err)
	}
	_, err = fmt.Fprintf(temp, "To: %s\nSubject: %s\n\n%s", m.To, m.Subject, s.text(m))
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keep mail: %w", err), os.Remove(temp.Name()))
	}
	s.o.Log.WarnContext(ctx, "there is no mail server, so a mail was written into a file; name a server with SMTP_URL and SMTP_FROM", "subject", m.Subject, "file", name)
	return nil
}

func (s *Sender) trim(now time.Time) error {
	files, err := os.ReadDir(s.o.Folder)
	if err != nil {
		return err
	}
	for _, f := range files {
		info, err := f.Info()
		if err == nil && now.Sub(info.ModTime()) > kept {
			err = os.Remove(filepath.Join(s.o.Folder, f.Name()))
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

//go:embed mail.html
var pageText string
