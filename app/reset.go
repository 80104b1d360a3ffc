package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// resetLife is how long a link to a new password is good for.
const resetLife = time.Hour

// freeResets is how many resets an address may ask for without waiting.
const freeResets = 10

// AskReset has a link to a new password mailed to an address, if there is an
// account with it. The answer is the same if there is none, and takes as long: who
// has an account is looked up when the mail is written.
func (a *App) AskReset(ctx context.Context, email string, from Visitor) error {
	email = strings.TrimSpace(email)
	if f := checkEmail(email); f != nil {
		return &Error{Kind: Invalid, Message: "this is no address", Fields: []Field{*f}}
	}
	if err := a.guesses.take(time.Now(), try{"reset from " + network(from.Address), freeResets}); err != nil {
		return err
	}
	return a.outside(ctx, func(tx pgx.Tx) error {
		return a.postOnce(ctx, tx, mailRow{Kind: resetMail, Address: email})
	})
}

// CheckReset tells whether a link to a new password is still good.
func (a *App) CheckReset(ctx context.Context, token string) error {
	_, err := a.link(ctx, token, resetMail)
	return err
}

// Reset sets a new password by a link, once: all sessions end, and one begins.
func (a *App) Reset(ctx context.Context, token, password string) (in SignedIn, err error) {
	if f := checkPassword(password); f != nil {
		return in, &Error{Kind: Invalid, Message: "this cannot be a password", Fields: []Field{*f}}
	}
	found, err := a.link(ctx, token, resetMail)
	if err != nil {
		return in, err
	}
	hash, err := a.hash(ctx, password)
	if err != nil {
		return in, err
	}
	in.Session = newToken()
	err = a.outside(ctx, func(tx pgx.Tx) error {
		user, err := useLink(ctx, tx, token, resetMail)
		if err != nil {
			return err
		}
		if err := setPassword(ctx, tx, user, hash); err != nil {
			return err
		}
		if err := endSessions(ctx, tx, user, ""); err != nil {
			return err
		}
		if err := startSession(ctx, tx, in.Session, user); err != nil {
			return err
		}
		in.Device = a.deviceToken(user)
		return a.post(ctx, tx, mailRow{Kind: passwordMail, Address: found.Email, UserID: &found.Account})
	})
	return in, err
}

// link is a link in a mail.
type link struct {
	Kind    string
	Account uuid.UUID
	Email   string
	Expired bool
}

func (a *App) link(ctx context.Context, token, kind string) (found link, err error) {
	err = a.outside(ctx, func(tx pgx.Tx) error {
		found, err = one[link](ctx, tx, "link", `SELECT kind, account, email, expired FROM app.find_link($1)`, hashToken(token))
		return err
	})
	switch {
	case KindOf(err) == NotFound, err == nil && found.Kind != kind:
		return found, noLink(kind)
	case err == nil && found.Expired:
		return found, Errorf(Conflict, "this link has expired: it was good for %s; ask for another", linkLife(kind))
	}
	return found, err
}

// useLink takes a link, so that it is used once.
func useLink(ctx context.Context, tx pgx.Tx, token, kind string) (user string, err error) {
	var found *string
	if err := tx.QueryRow(ctx, `SELECT app.use_link($1, $2)`, hashToken(token), kind).Scan(&found); err != nil {
		return "", fmt.Errorf("use link: %w", err)
	}
	if found == nil {
		return "", noLink(kind)
	}
	return *found, nil
}

func noLink(kind string) error {
	if kind == resetMail {
		return Errorf(NotFound, "this link was used already, or is not whole; open the whole link from the mail, or ask for another")
	}
	return Errorf(NotFound, "this link was used already, or is not whole; open the whole link from the mail, or change the address again")
}

func linkLife(kind string) string {
	if kind == resetMail {
		return "an hour"
	}
	return "a day"
}

func setPassword(ctx context.Context, tx pgx.Tx, user, hash string) error {
	if _, err := tx.Exec(ctx, `SELECT app.set_password($1, $2)`, user, hash); err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return nil
}

// writeReset makes the link, if anybody has an account with the address.
func writeReset(ctx context.Context, tx pgx.Tx, row mailRow) (m Mail, err error) {
	type account struct {
		ID    uuid.UUID
		Email string
	}
	found, err := one[account](ctx, tx, "account", `SELECT id, email FROM users WHERE lower(email) = lower($1)`, row.Address)
	if err != nil {
		return m, err
	}
	token, err := makeLink(ctx, tx, resetMail, found.ID, found.Email, resetLife)
	return Mail{
		To: found.Email, Subject: "Set a new password", Path: "/reset/new?token=" + token, Label: "Set a new password",
		Lines: []string{
			"Somebody, probably you, asked for a new password for your account at Majestic.",
			"The link is good for an hour, and once. If it was not you, leave it be: your password stays as it is.",
		},
	}, err
}
