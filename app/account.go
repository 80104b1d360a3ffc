package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// addressLife is how long a new address can be confirmed.
const addressLife = 24 * time.Hour

// Rename changes what a person is called.
func (a *App) Rename(ctx context.Context, user User, name string) error {
	if f := checkName(name); f != nil {
		return &Error{Kind: Invalid, Message: "this cannot be a name", Fields: []Field{*f}}
	}
	return a.outside(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT app.set_name($1, $2)`, user.ID, strings.TrimSpace(name)); err != nil {
			return fmt.Errorf("rename user: %w", err)
		}
		return nil
	})
}

// ChangePassword sets another password for who knows the present one, and ends all
// sessions but the one with the token.
func (a *App) ChangePassword(ctx context.Context, user User, token, present, password string) error {
	if f := checkPassword(password); f != nil {
		return &Error{Kind: Invalid, Message: "this cannot be a password", Fields: []Field{*f}}
	}
	if err := a.prove(ctx, user, present); err != nil {
		return err
	}
	id, err := uuid.Parse(user.ID)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	hash, err := a.hash(ctx, password)
	if err != nil {
		return err
	}
	return a.outside(ctx, func(tx pgx.Tx) error {
		if err := setPassword(ctx, tx, user.ID, hash); err != nil {
			return err
		}
		if err := endSessions(ctx, tx, user.ID, token); err != nil {
			return err
		}
		return a.post(ctx, tx, mailRow{Kind: passwordMail, Address: user.Email, UserID: &id})
	})
}

// ChangeEmail has a link mailed to a new address, which is the account's when the link
// was opened. Whether another has an account with it is not told here.
func (a *App) ChangeEmail(ctx context.Context, user User, email, password string) error {
	email = strings.TrimSpace(email)
	if f := checkEmail(email); f != nil {
		return &Error{Kind: Invalid, Message: "this is no address", Fields: []Field{*f}}
	}
	if err := a.prove(ctx, user, password); err != nil {
		return err
	}
	id, err := uuid.Parse(user.ID)
	if err != nil {
		return fmt.Errorf("change address: %w", err)
	}
	return a.outside(ctx, func(tx pgx.Tx) error {
		return a.postOnce(ctx, tx, mailRow{Kind: addressMail, Address: email, UserID: &id})
	})
}

// NewEmail is the address that a link is to confirm.
func (a *App) NewEmail(ctx context.Context, token string) (email string, err error) {
	found, err := a.link(ctx, token, addressMail)
	return found.Email, err
}

// ConfirmEmail makes a new address the account's, by the link that was mailed to it.
func (a *App) ConfirmEmail(ctx context.Context, token string) error {
	found, err := a.link(ctx, token, addressMail)
	if err != nil {
		return err
	}
	return a.outside(ctx, func(tx pgx.Tx) error {
		user, err := useLink(ctx, tx, token, addressMail)
		if err != nil {
			return err
		}
		var before string
		err = tx.QueryRow(ctx, `SELECT app.set_email($1, $2)`, user, found.Email).Scan(&before)
		if violates(err, "users_email") {
			return Errorf(Conflict, "another account has this address; sign in with that one, or use another address")
		}
		if err != nil {
			return fmt.Errorf("change address: %w", err)
		}
		return a.post(ctx, tx, mailRow{Kind: movedMail, Address: before, UserID: &found.Account})
	})
}

// prove checks that who is signed in knows the password, too. Tries count as those
// of signing in: a session that was left open is no place to guess.
func (a *App) prove(ctx context.Context, user User, password string) error {
	var hash string
	err := a.outside(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT app.find_password($1)`, user.ID).Scan(&hash)
	})
	if err != nil {
		return fmt.Errorf("find password: %w", err)
	}
	tries := []try{{"proof " + user.ID, freeByPerson}}
	if err := a.guesses.take(time.Now(), tries...); err != nil {
		return err
	}
	right, err := a.matches(ctx, hash, password)
	if err != nil {
		return err
	}
	if !right {
		return &Error{Kind: Invalid, Message: "the present password is not right", Fields: []Field{{"present", "is not right"}}}
	}
	a.guesses.forgive(tries...)
	return nil
}

// writeAddress makes the link, unless the address has become another's.
func writeAddress(ctx context.Context, tx pgx.Tx, row mailRow) (m Mail, err error) {
	var taken bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM users WHERE lower(email) = lower($1) AND id <> $2)`, row.Address, row.UserID).Scan(&taken); err != nil {
		return m, fmt.Errorf("look for the address: %w", err)
	}
	if taken {
		return Mail{To: row.Address, Subject: "You have an account with this address", Path: "/signin", Label: "Sign in", Lines: []string{
			"Somebody, probably you, wanted to use this address for another account at Majestic. There is one with it already, so nothing was changed.",
		}}, nil
	}
	token, err := makeLink(ctx, tx, addressMail, *row.UserID, row.Address, addressLife)
	return Mail{
		To: row.Address, Subject: "Confirm your new address", Path: "/account/address?token=" + token, Label: "Use this address",
		Lines: []string{
			"You asked to use this address for your account at Majestic.",
			"The link is good for a day. If it was not you, leave it be: nothing happens then.",
		},
	}, err
}
