package app

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Mail is what is sent to a person. Path is the way into our pages that it offers.
type Mail struct {
	To, Subject string
	Lines       []string // a paragraph each
	Path, Label string   // of the link, empty for none
}

// The kinds of mails, as they are kept until they are sent.
const (
	invitationMail = "invitation"
	resetMail      = "reset"
	addressMail    = "address"  // to a new address, which is to be confirmed
	movedMail      = "moved"    // to the address before
	passwordMail   = "password" // the password was changed
	webhookMail    = "webhook"  // a webhook is disabled, to each owner
)

// mailRow is a mail that is to be sent.
type mailRow struct {
	ID           string
	Kind         string
	Address      string
	UserID       *uuid.UUID
	InvitationID *uuid.UUID
	WebhookID    *uuid.UUID
}

// mailsKept is how long it is remembered that a mail was asked for.
const mailsKept = 8 * 24 * time.Hour

// post has a mail sent when the transaction commits. Like River's, its table lies
// outside the wall.
func (a *App) post(ctx context.Context, tx pgx.Tx, m mailRow) error {
	return a.unwalled(ctx, tx, func() error {
		if _, err := tx.Exec(ctx, `DELETE FROM mails WHERE created_at < now() - $1::interval`, mailsKept); err != nil {
			return fmt.Errorf("forget mails: %w", err)
		}
		var id string
		err := tx.QueryRow(ctx, `INSERT INTO mails (kind, address, user_id, invitation_id, webhook_id) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
			m.Kind, m.Address, m.UserID, m.InvitationID, m.WebhookID).Scan(&id)
		if err != nil {
			return fmt.Errorf("insert mail: %w", err)
		}
		if err := a.queue.Mail(ctx, tx, MailJob{Version: MailJobVersion, MailID: id}); err != nil {
			return fmt.Errorf("enqueue: %w", err)
		}
		return nil
	})
}

// postOnce is post for mails that anybody may ask for: one of a kind in a minute for
// an address, and the others as if they were sent.
func (a *App) postOnce(ctx context.Context, tx pgx.Tx, m mailRow) error {
	var justNow bool
	err := a.unwalled(ctx, tx, func() error {
		return tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM mails WHERE kind = $1 AND lower(address) = lower($2) AND created_at > now() - interval '1 minute')`,
			m.Kind, m.Address).Scan(&justNow)
	})
	if err != nil || justNow {
		return err
	}
	return a.post(ctx, tx, m)
}

// WriteMail writes a mail that is to be sent now, with a link made for it: each time
// another, of which only a hash is kept. A mail that has lost its reason since is
// not found, like one to an address that nobody has an account with.
func (a *App) WriteMail(ctx context.Context, id string) (m Mail, err error) {
	err = a.owner(ctx, func(tx pgx.Tx) error {
		row, err := one[mailRow](ctx, tx, "mail", `SELECT id, kind, address, user_id, invitation_id, webhook_id FROM mails WHERE id = $1`, id)
		if err != nil {
			return err
		}
		switch row.Kind {
		case invitationMail:
			m, err = writeInvitation(ctx, tx, row)
		case resetMail:
			m, err = writeReset(ctx, tx, row)
		case addressMail:
			m, err = writeAddress(ctx, tx, row)
		case webhookMail:
			m, err = writeDisabled(ctx, tx, row)
		case movedMail:
			m = Mail{To: row.Address, Subject: "Your address has been changed", Lines: []string{
				"Your account at Majestic is now signed in to with another address. Mails go there from now on.",
				"If you did not do this, tell whoever runs the server: somebody else has your password.",
			}}
		case passwordMail:
			m = Mail{To: row.Address, Subject: "Your password has been changed", Path: "/reset", Label: "Set another password", Lines: []string{
				"The password of your account at Majestic has been changed, and it was signed out everywhere else.",
				"If you did not do this, set another one now.",
			}}
		default:
			err = fmt.Errorf("mails of the kind %q are not known", row.Kind)
		}
		return err
	})
	return m, err
}

// SentMail notes that a mail is on its way.
func (a *App) SentMail(ctx context.Context, id string) error {
	return a.owner(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE invitations SET sent_at = now() WHERE id = (SELECT invitation_id FROM mails WHERE id = $1)`, id)
		if err != nil {
			return fmt.Errorf("note mail: %w", err)
		}
		return nil
	})
}

// makeLink makes a link to an account, and keeps a hash of its token.
func makeLink(ctx context.Context, tx pgx.Tx, kind string, user uuid.UUID, email string, life time.Duration) (token string, err error) {
	token = newToken()
	_, err = tx.Exec(ctx, `INSERT INTO mailed_links (token_hash, kind, user_id, email, expires_at) VALUES ($1, $2, $3, $4, now() + $5::interval)`,
		hashToken(token), kind, user, email, life)
	if err != nil {
		return "", fmt.Errorf("keep link: %w", err)
	}
	return token, nil
}

// checkEmail holds an address to what can be mailed to.
func checkEmail(email string) *Field {
	if a, err := mail.ParseAddress(email); err != nil || a.Address != strings.TrimSpace(email) || len(email) > 254 {
		return &Field{"email", "must be an address such as ada@example.com"}
	}
	return nil
}
