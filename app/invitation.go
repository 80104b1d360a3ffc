package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Invitation asks a person, by mail, to belong to a tenant.
type Invitation struct {
	ID        string
	Email     string
	Role      string
	CreatedAt time.Time
	SentAt    *time.Time
	ExpiresAt time.Time
}

// Expired tells whether its link opens nothing any more.
func (i Invitation) Expired() bool { return !i.ExpiresAt.After(time.Now()) }

// Invited is an invitation as the person sees who was sent it.
type Invited struct {
	Slug      string
	Workspace string
	Email     string
	Role      string
	InvitedBy string
	Expired   bool
	Account   *string // the id of the account with that address, if there is one
}

const (
	invitationDays = 7
	maxInvitations = 100 // of a tenant that are open, so that nobody sends mail to the world by us
)

// Invite has an invitation mailed. To invite an address again sends another link, in
// place of the first.
func (t Tenant) Invite(ctx context.Context, by User, email, role string) (i Invitation, err error) {
	if err := t.may(toOwn); err != nil {
		return i, err
	}
	email = strings.TrimSpace(email)
	if f := checkEmail(email); f != nil {
		return i, &Error{Kind: Invalid, Message: "nobody can be invited so", Fields: []Field{*f}}
	}
	if err := checkRole(role); err != nil {
		return i, err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		if err := checkInvitation(ctx, tx, email); err != nil {
			return err
		}
		i, err = one[Invitation](ctx, tx, "invitation", `
			INSERT INTO invitations (tenant_id, email, role, invited_by, expires_at) VALUES ($1, $2, $3, $4, now() + make_interval(days => $5))
			ON CONFLICT (tenant_id, lower(email)) DO UPDATE
			SET role = excluded.role, invited_by = excluded.invited_by, expires_at = excluded.expires_at, created_at = now(), sent_at = NULL, token_hash = NULL
			RETURNING id, email, role, created_at, sent_at, expires_at`,
			t.id, email, role, by.Name, invitationDays)
		if err != nil {
			return err
		}
		id, err := parseID("invitation", i.ID)
		if err != nil {
			return err
		}
		return t.app.post(ctx, tx, mailRow{Kind: invitationMail, Address: email, InvitationID: &id})
	})
	return i, err
}

// Invitations lists those that nobody has accepted, by address.
func (t Tenant) Invitations(ctx context.Context) (all []Invitation, err error) {
	if err := t.may(toOwn); err != nil {
		return nil, err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id, email, role, created_at, sent_at, expires_at FROM invitations ORDER BY lower(email), id`)
		if err != nil {
			return fmt.Errorf("list invitations: %w", err)
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByName[Invitation])
		return err
	})
	return all, err
}

// LinkInvitation makes a link to hand over, in place of the one in the mail: it is not kept,
// but for a hash.
func (t Tenant) LinkInvitation(ctx context.Context, id string) (i Invitation, token string, err error) {
	if err := t.may(toOwn); err != nil {
		return i, "", err
	}
	u, err := parseID("invitation", id)
	if err != nil {
		return i, "", err
	}
	token = newToken()
	err = t.tx(ctx, func(tx pgx.Tx) error {
		const columns = `id, email, role, created_at, sent_at, expires_at`
		if i, err = one[Invitation](ctx, tx, "invitation", `SELECT `+columns+` FROM invitations WHERE id = $1 FOR UPDATE`, u); err != nil {
			return err
		}
		if i.Expired() {
			return Errorf(Conflict, "this invitation has expired; invite %s again", i.Email)
		}
		if i.SentAt == nil { // the mail would replace the link
			return Errorf(Conflict, "the mail to %s is being written; make the link in a moment", i.Email)
		}
		if _, err := tx.Exec(ctx, `UPDATE invitations SET token_hash = $2 WHERE id = $1`, u, hashToken(token)); err != nil {
			return fmt.Errorf("link invitation: %w", err)
		}
		return nil
	})
	return i, token, err
}

// Withdraw takes an invitation back; its link opens nothing any more.
func (t Tenant) Withdraw(ctx context.Context, id string) error {
	if err := t.may(toOwn); err != nil {
		return err
	}
	u, err := parseID("invitation", id)
	if err != nil {
		return err
	}
	return t.tx(ctx, func(tx pgx.Tx) error {
		gone, err := tx.Exec(ctx, `DELETE FROM invitations WHERE id = $1`, u)
		if err != nil {
			return fmt.Errorf("withdraw invitation: %w", err)
		}
		if gone.RowsAffected() == 0 {
			return Errorf(NotFound, "there is no such invitation here; it may have been accepted")
		}
		return nil
	})
}

// Invitation is what a link from a mail is about.
func (a *App) Invitation(ctx context.Context, token string) (i Invited, err error) {
	err = a.outside(ctx, func(tx pgx.Tx) error {
		i, err = findInvitation(ctx, tx, token)
		return err
	})
	return i, err
}

// Accept makes a member of a user who was sent the link; another's account does not take it.
func (a *App) Accept(ctx context.Context, token string, user User) (slug string, err error) {
	err = a.outside(ctx, func(tx pgx.Tx) error {
		i, err := findInvitation(ctx, tx, token)
		if err != nil {
			return err
		}
		if !strings.EqualFold(i.Email, user.Email) {
			return Errorf(Forbidden, "this invitation is for %s, and you are signed in as %s; sign out, and open the link again", i.Email, user.Email)
		}
		slug, err = acceptInvitation(ctx, tx, token, user.ID)
		return err
	})
	return slug, err
}

// Join makes an account for a person who was sent the link and has none, and a member of it.
func (a *App) Join(ctx context.Context, token, name, password string) (in SignedIn, slug string, err error) {
	i, err := a.Invitation(ctx, token)
	if err != nil {
		return in, "", err
	}
	u := NewUser{Name: name, Email: i.Email, Password: password}
	if err := u.check(); err != nil {
		return in, "", err
	}
	hash, err := a.hash(ctx, password)
	if err != nil {
		return in, "", err
	}
	in.Session = newToken()
	err = a.outside(ctx, func(tx pgx.Tx) error {
		var user *string
		err := tx.QueryRow(ctx, `SELECT app.join_by_invitation($1, $2, $3)`, hashToken(token), strings.TrimSpace(name), hash).Scan(&user)
		switch {
		case violates(err, "users_email"):
			return Errorf(Conflict, "there is an account with this address already; sign in, and open the link again")
		case err != nil:
			return fmt.Errorf("join: %w", err)
		case user == nil:
			return noInvitation()
		}
		if slug, err = acceptInvitation(ctx, tx, token, *user); err != nil {
			return err
		}
		in.Device = a.deviceToken(*user)
		return startSession(ctx, tx, in.Session, *user)
	})
	return in, slug, err
}

// checkInvitation holds a new invitation against those that there are, and the members.
func checkInvitation(ctx context.Context, tx pgx.Tx, email string) error {
	var member bool
	var open int
	var ago *time.Duration
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM app.find_members() WHERE lower(email) = lower($1)),
			(SELECT count(*) FROM invitations WHERE expires_at > now() AND lower(email) <> lower($1)),
			(SELECT now() - created_at FROM invitations WHERE lower(email) = lower($1) AND created_at > now() - interval '1 minute')`, email).
		Scan(&member, &open, &ago)
	switch {
	case err != nil:
		return fmt.Errorf("check invitation: %w", err)
	case member:
		return &Error{Kind: Conflict, Message: email + " belongs to this workspace already", Fields: []Field{{"email", "belongs to this workspace already"}}}
	case ago != nil:
		return Errorf(Conflict, "%s was invited %s ago already; the invitation is among the open ones, and may be sent again in %s", email, words(*ago), words(time.Minute-*ago))
	case open >= maxInvitations:
		return Errorf(Conflict, "%d invitations are open already, as many as there may be; withdraw some first", open)
	}
	return nil
}

func findInvitation(ctx context.Context, tx pgx.Tx, token string) (Invited, error) {
	i, err := one[Invited](ctx, tx, "invitation", `SELECT slug, workspace, email, role, invited_by, expired, account FROM app.find_invitation($1)`, hashToken(token))
	if KindOf(err) == NotFound {
		return i, noInvitation()
	}
	if err == nil && i.Expired {
		return i, Errorf(Conflict, "this invitation to %s has expired: it was good for %d days; ask %s for another", i.Workspace, invitationDays, i.InvitedBy)
	}
	return i, err
}

func acceptInvitation(ctx context.Context, tx pgx.Tx, token, user string) (string, error) {
	var slug *string
	if err := tx.QueryRow(ctx, `SELECT app.accept_invitation($1, $2)`, hashToken(token), user).Scan(&slug); err != nil {
		return "", fmt.Errorf("accept invitation: %w", err)
	}
	if slug == nil {
		return "", noInvitation()
	}
	return *slug, nil
}

func noInvitation() error {
	return Errorf(NotFound, "this invitation is not there any more: it was accepted, withdrawn, or replaced by a newer mail; sign in, or ask whoever invited you for another")
}

// writeInvitation gives the invitation its link.
func writeInvitation(ctx context.Context, tx pgx.Tx, row mailRow) (Mail, error) {
	type about struct{ Email, Role, InvitedBy, Workspace string }
	token := newToken()
	i, err := one[about](ctx, tx, "invitation", `
		UPDATE invitations i SET token_hash = $2 FROM tenants t
		WHERE i.id = $1 AND t.id = i.tenant_id AND i.expires_at > now()
		RETURNING i.email, i.role, i.invited_by, t.name AS workspace`, row.InvitationID, hashToken(token))
	return Mail{
		To: i.Email, Subject: "Join " + i.Workspace + " at Majestic",
		Path: "/invitation?token=" + token, Label: "Join " + i.Workspace,
		Lines: []string{
			fmt.Sprintf("%s invites you to the workspace %s, as its %s.", i.InvitedBy, i.Workspace, i.Role),
			fmt.Sprintf("The link is good for %d days, and for this address only. If you do not know what this is about, leave it be: nothing happens then.", invitationDays),
		},
	}, err
}
