package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// SessionLife is how long a session lasts after sign-in.
const SessionLife = 30 * 24 * time.Hour

// nobodysPassword is the hash of a random text that was thrown away.
const nobodysPassword = "$argon2id$v=19$m=19456,t=2,p=1$xaOlD8QrfdPMbZL0hKceig$vat1BsOR6yXulUiirrHnvX6EdqN2faDsfhATkDcowuU"

// Visitor is where a request comes from, as far as it can be known.
type Visitor struct {
	Address string
	Agent   string // what the browser calls itself
	Device  string // the token of a device that somebody signed in on; see SignIn
}

// SignedIn is what a browser keeps: the token of its session, and one by which the
// device is known when somebody else guesses at the account.
type SignedIn struct{ Session, Device string }

// SignIn checks a password and starts a session; the token goes into the cookie
// and is kept as a hash only. Wrong passwords count against the account as this
// address tries it, and against the address. A known device counts for itself: nobody
// who guesses can keep a person out, who may also come from another address.
func (a *App) SignIn(ctx context.Context, email, password string, from Visitor) (in SignedIn, err error) {
	var account struct{ ID, PasswordHash string }
	err = a.outside(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT id, password_hash FROM app.find_account($1)`, email).Scan(&account.ID, &account.PasswordHash)
	})
	known := !errors.Is(err, pgx.ErrNoRows)
	if err != nil && known {
		return in, fmt.Errorf("find account: %w", err)
	}
	if !known {
		account.PasswordHash = nobodysPassword // takes as long, so the answer does not tell who has an account
	}
	tries := a.triesOf(email, account.ID, from)
	if err := a.guesses.take(time.Now(), tries...); err != nil {
		return in, err
	}
	right, err := a.matches(ctx, account.PasswordHash, password)
	if err != nil {
		return in, err
	}
	if !right || !known {
		return in, Errorf(Unauthenticated, "the address or the password is not right")
	}
	a.guesses.forgive(tries...)
	in = SignedIn{Session: newToken(), Device: a.deviceToken(account.ID)}
	err = a.outside(ctx, func(tx pgx.Tx) error { return startSession(ctx, tx, in.Session, account.ID) })
	return in, err
}

// SignOut ends a session; one that has ended already is no error.
func (a *App) SignOut(ctx context.Context, token string) error {
	return a.outside(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT app.end_session($1)`, hashToken(token)); err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		return nil
	})
}

// Session is the user of a live session, who uses it from somewhere.
func (a *App) Session(ctx context.Context, token string, from Visitor) (user User, err error) {
	user, err = one[User](ctx, a.strangersSight(), "session", `SELECT id, email, name, operator FROM app.use_session($1, $2, $3)`,
		hashToken(token), shorten(from.Agent, 300), shorten(from.Address, 100))
	if KindOf(err) == NotFound {
		return user, Errorf(Unauthenticated, "you are signed out; sign in to go on")
	}
	return user, err
}

// Memberships lists the tenants of a user, by name.
func (a *App) Memberships(ctx context.Context, user string) (all []Membership, err error) {
	rows, err := a.strangersSight().Query(ctx, `SELECT tenant_id, slug, name, role, coalesce(app.release_of(tenant_id), '') AS release FROM app.find_memberships($1)`, user)
	if err == nil {
		all, err = pgx.CollectRows(rows, pgx.RowToStructByName[Membership])
	}
	if err != nil {
		return nil, explain(fmt.Errorf("find memberships: %w", err))
	}
	return all, nil
}

// Enter opens a tenant to one of its users, and lists all that the user may enter.
// A tenant that exists and is not the user's is not found, like one that does not.
func (a *App) Enter(ctx context.Context, user, slug string) (t Tenant, here Membership, all []Membership, err error) {
	if all, err = a.Memberships(ctx, user); err != nil {
		return t, here, nil, err
	}
	for _, m := range all {
		if m.Slug == slug {
			t = a.In(m.TenantID).as(memberWith(m.Role))
			t.release = m.Release
			return t, m, all, nil
		}
	}
	return t, here, all, Errorf(NotFound, "there is no such workspace here")
}

func startSession(ctx context.Context, tx pgx.Tx, token, user string) error {
	if _, err := tx.Exec(ctx, `SELECT app.start_session($1, $2, $3)`, hashToken(token), user, time.Now().Add(SessionLife)); err != nil {
		return fmt.Errorf("start session: %w", err)
	}
	return nil
}

// deviceToken names a device on which an account was signed in to. It opens nothing.
func (a *App) deviceToken(account string) string {
	name := newToken()[:16]
	return name + "." + a.deviceMAC(account, name)
}

func (a *App) deviceMAC(account, name string) string {
	mac := hmac.New(sha256.New, a.secret)
	fmt.Fprintf(mac, "majestic device %s %s", account, name)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// triesOf is what a sign-in counts against.
func (a *App) triesOf(email, account string, from Visitor) []try {
	name, mac, _ := strings.Cut(from.Device, ".")
	if account != "" && sameToken(mac, a.deviceMAC(account, name)) {
		return []try{{"device " + account + " " + name, freeByPerson}}
	}
	at := network(from.Address)
	return []try{{"account " + strings.ToLower(email) + " from " + at, freeByPerson}, {"address " + at, freeByPlace}}
}

// shorten cuts what a stranger sends down to what is worth keeping.
func shorten(s string, length int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
	if len(s) > length {
		s = strings.ToValidUTF8(s[:length], "")
	}
	return s
}
