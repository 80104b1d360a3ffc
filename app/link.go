package app

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// SignLink signs what an address asks for, with the link key of its design: the
// query as it stands in the address, its parameters sorted by name.
func SignLink(key, query string) string {
	pairs := slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool { return pair == "" })
	slices.SortFunc(pairs, func(a, b string) int {
		name, _, _ := strings.Cut(a, "=")
		other, _, _ := strings.Cut(b, "=")
		return cmp.Or(strings.Compare(name, other), strings.Compare(a, b))
	})
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(strings.Join(pairs, "&")))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// AuthorizeLink opens the tenant of a design, for its pictures alone, to who brings
// the signature of a query. To all others there is nothing.
func (a *App) AuthorizeLink(ctx context.Context, design, signature, query string) (t Tenant, err error) {
	u, err := parseID("picture", design)
	if err != nil {
		return t, err
	}
	type row struct{ TenantID, Release string }
	found, err := one[row](ctx, a.strangersSight(), "picture", `SELECT tenant_id, release FROM app.tenant_of_design($1)`, u)
	if err != nil {
		return t, err
	}
	t = a.In(found.TenantID).as(caller{right: toLook})
	t.release = found.Release
	key, err := t.linkKey(ctx, "picture", u)
	if err != nil {
		return t, err
	}
	if !signs(key, signature, query) {
		return t, Errorf(NotFound, "there is no such picture here")
	}
	return t, nil
}

// LinkKey is what signs the addresses of a design's pictures; who may only look has
// none.
func (t Tenant) LinkKey(ctx context.Context, design string) (key string, err error) {
	u, err := parseID("design", design)
	if err != nil || t.may(toEdit) != nil {
		return "", err
	}
	return t.linkKey(ctx, "design", u)
}

// RotateLinkKey gives a design another one: what the one before has signed leads
// nowhere from then on.
func (t Tenant) RotateLinkKey(ctx context.Context, design string) error {
	return t.shelve(ctx, design, nil, `link_key = DEFAULT`)
}

// LinkedRender is the render that an address shows, made when there is none. Of all
// who come at once, in whichever process, one makes it. A reason why it cannot be
// drawn is good for a minute.
func (t Tenant) LinkedRender(ctx context.Context, q RenderRequest) (r Render, err error) {
	link, err := q.Link()
	if err != nil {
		return r, err
	}
	r, err = linkedRender(ctx, t.sight(), q, link)
	if KindOf(err) != NotFound {
		return r, err
	}
	t = t.house()
	err = t.tx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, "link "+t.ID()+hex.EncodeToString(link)); err != nil {
			return fmt.Errorf("claim link: %w", err)
		}
		if r, err = linkedRender(ctx, tx, q, link); KindOf(err) != NotFound {
			return err
		}
		version, resolved, err := t.checkRequest(ctx, tx, &q)
		if err != nil {
			return err
		}
		p := purpose{link: link}
		if slices.ContainsFunc(resolved.Assets(), IsAddress) {
			tomorrow := time.Now().Add(linkedImages)
			p.until = &tomorrow
		}
		r, err = t.insertRender(ctx, tx, q, version, p)
		return err
	})
	return r, err
}

// linkedImages is how long a picture is shown at its address that has images from
// elsewhere in it: they are fetched for as long at most.
const linkedImages = 24 * time.Hour

// Link is a hash of what is asked for.
func (q RenderRequest) Link() ([]byte, error) {
	written, err := json.Marshal(q)
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	sum := sha256.Sum256(written)
	return sum[:], nil
}

// linkedRender looks for one of the version that is meant now.
func linkedRender(ctx context.Context, q querier, asked RenderRequest, link []byte) (Render, error) {
	return one[Render](ctx, q, "picture", `
		SELECT `+renderColumns+` FROM renders
		WHERE design_id = $1 AND link = $2 AND status <> 'canceled' AND coalesce(link_until > now(), true)
			AND NOT (status = 'failed' AND finished_at < now() - interval '1 minute')
			AND design_version = (SELECT CASE WHEN $3 = 0 THEN coalesce(published_version, version) ELSE $3 END FROM designs WHERE id = $1 AND deleted_at IS NULL)
		ORDER BY created_at DESC LIMIT 1`, asked.Design, link, asked.Version)
}

// outdateLinks has the pictures at all addresses asked after anew.
func outdateLinks(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `UPDATE renders SET link_until = now() WHERE link IS NOT NULL AND coalesce(link_until > now(), true)`); err != nil {
		return fmt.Errorf("outdate links: %w", err)
	}
	return nil
}

func (t Tenant) linkKey(ctx context.Context, what string, design uuid.UUID) (string, error) {
	type row struct{ LinkKey string }
	found, err := one[row](ctx, t.sight(), what, `SELECT link_key FROM designs WHERE id = $1 AND deleted_at IS NULL`, design)
	return found.LinkKey, err
}

// signs tells whether a signature is of a query, as that stands or written anew: on
// its way it may have met somebody who writes spaces otherwise.
func signs(key, signature, query string) bool {
	signature = strings.TrimRight(signature, "=")
	good := hmac.Equal([]byte(signature), []byte(SignLink(key, query)))
	if values, err := url.ParseQuery(query); err == nil {
		good = hmac.Equal([]byte(signature), []byte(SignLink(key, values.Encode()))) || good
	}
	return good
}
