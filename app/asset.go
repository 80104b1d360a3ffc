package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// MaxAssetBytes is the most that an image may have.
const MaxAssetBytes = 20 << 20

// Asset is an uploaded image that designs may show.
type Asset struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	MediaType string    `json:"media_type"`
	Width     int       `json:"width"`  // pixels, upright
	Height    int       `json:"height"` // likewise
	Bytes     int64     `json:"bytes"`
	SHA256    string    `json:"sha256" db:"sha256"`
	CreatedAt time.Time `json:"created_at"`
}

const assetColumns = `id, name, media_type, width, height, bytes, sha256, created_at`

// CreateAsset keeps an image. The whole of it is decoded once, so that a broken
// one is refused here and not in somebody's render.
func (t Tenant) CreateAsset(ctx context.Context, once *Once, name string, data []byte) (a Asset, err error) {
	if err := t.may(toEdit); err != nil {
		return a, err
	}
	file, err := t.app.images.check(ctx, data)
	if err != nil {
		return a, err
	}
	sum := sha256.Sum256(file.Data)
	id := uuid.New()
	return makeOnce(ctx, t, once, "asset", `SELECT `+assetColumns+` FROM assets WHERE id = $1`, func(tx pgx.Tx) (Asset, string, error) {
		if err := t.app.objects.Put(ctx, t.assetKey(id.String()), file.Data); err != nil {
			return a, "", fmt.Errorf("keep asset: %w", err)
		}
		a, err := one[Asset](ctx, tx, "asset", `
			INSERT INTO assets (id, tenant_id, name, media_type, width, height, bytes, sha256)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING `+assetColumns,
			id, t.id, fileName(name, "image"), file.MediaType, file.Width, file.Height, len(file.Data), hex.EncodeToString(sum[:]))
		if err != nil {
			return a, "", fmt.Errorf("insert asset: %w", err)
		}
		return a, a.ID, nil
	})
}

// Asset reads what is known of an image.
func (t Tenant) Asset(ctx context.Context, id string) (a Asset, err error) {
	u, err := parseID("asset", id)
	if err != nil {
		return a, err
	}
	return one[Asset](ctx, t.sight(), "asset", `SELECT `+assetColumns+` FROM assets WHERE id = $1`, u)
}

// Assets lists a page of images, newest first.
func (t Tenant) Assets(ctx context.Context, p PageRequest) (List[Asset], error) {
	return list(ctx, t.sight(), "assets", p, func(a Asset) string { return a.ID }, `
		SELECT `+assetColumns+` FROM assets
		WHERE $1::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM assets WHERE id = $1)
		ORDER BY created_at DESC, id DESC LIMIT $2`)
}

// OpenAsset opens an image's bytes.
func (t Tenant) OpenAsset(ctx context.Context, id string) (Asset, io.ReadSeekCloser, error) {
	a, err := t.Asset(ctx, id)
	if err != nil {
		return a, nil, err
	}
	f, err := t.app.objects.Open(ctx, t.assetKey(a.ID))
	if err != nil {
		return a, nil, fmt.Errorf("open asset %s: %w", a.ID, err)
	}
	return a, f, nil
}

// DeleteAsset takes an image away, unless a design shows it, or a render that waits
// is to show it. Earlier versions of a design lose it.
func (t Tenant) DeleteAsset(ctx context.Context, id string) error {
	if err := t.may(toEdit); err != nil {
		return err
	}
	u, err := parseID("asset", id)
	if err != nil {
		return err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		if _, err := one[Asset](ctx, tx, "asset", `SELECT `+assetColumns+` FROM assets WHERE id = $1 FOR UPDATE`, u); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT d.name FROM designs d JOIN design_versions v ON v.design_id = d.id AND v.version IN (d.version, d.published_version)
			WHERE d.deleted_at IS NULL AND `+shows+`
			GROUP BY d.id ORDER BY d.created_at, d.id LIMIT 4`, id)
		if err != nil {
			return fmt.Errorf("look for the asset's designs: %w", err)
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("look for the asset's designs: %w", err)
		}
		if len(names) > 0 {
			return Errorf(Conflict, "designs show this image: %s; give them another one, then delete this", some(names, 3))
		}
		var awaited bool
		err = tx.QueryRow(ctx, `
			WITH waiting AS (
				SELECT design_id, design_version, variables FROM renders WHERE batch_id IS NULL AND NOT thumbnail AND status IN ('queued', 'running')
				UNION ALL
				SELECT design_id, design_version, variables FROM renders WHERE status IN ('queued', 'running')
					AND batch_id IN (SELECT id FROM batches WHERE status IN ('queued', 'running'))
			)
			SELECT EXISTS (SELECT FROM waiting WHERE jsonb_path_exists(variables, '$.* ? (@ == $asset)', jsonb_build_object('asset', $1::text)))
				OR EXISTS (SELECT FROM (SELECT DISTINCT design_id, design_version FROM waiting) w
					JOIN design_versions v ON v.design_id = w.design_id AND v.version = w.design_version WHERE `+shows+`)`, id).Scan(&awaited)
		if err != nil {
			return fmt.Errorf("look for the asset's renders: %w", err)
		}
		if awaited {
			return Errorf(Conflict, "renders that wait will show this image; delete it when they are finished, or cancel them")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM assets WHERE id = $1`, u); err != nil {
			return fmt.Errorf("delete asset: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.app.objects.Remove(ctx, t.assetKey(id))
}

// shows tells of the version v of a design whether it draws the asset $1.
const shows = `jsonb_path_exists(v.document::jsonb, '$.pages[*].elements[*] ? (@.asset == $asset)', jsonb_build_object('asset', $1::text))`

func (t Tenant) assetKey(id string) string { return path.Join(t.ID(), "assets", id) }

// checkAssets finds out whether every image of a resolved document is the tenant's.
func (t Tenant) checkAssets(ctx context.Context, tx pgx.Tx, doc Document) error {
	wanted := doc.Assets()
	if len(wanted) == 0 {
		return nil
	}
	here, err := assetsHere(ctx, tx, wanted)
	if err != nil {
		return err
	}
	var faults []Field
	for p, page := range doc.Pages {
		for i, e := range page.Elements {
			if e.Asset != "" && !e.Hidden && !IsAddress(e.Asset) && !here[e.Asset] {
				faults = append(faults, Field{fmt.Sprintf("pages[%d].elements[%d].asset", p, i),
					fmt.Sprintf("element %q shows the asset %q, which is not here; upload the image with POST /api/v1/assets and use its id", e.ID, e.Asset)})
			}
		}
	}
	if faults == nil {
		return nil
	}
	return &Error{Kind: Invalid, Message: "the design shows an image that is not here", Fields: faults}
}

// assetsHere tells which of the ids are assets of the tenant.
func assetsHere(ctx context.Context, q querier, ids []string) (map[string]bool, error) {
	rows, err := q.Query(ctx, `SELECT id::text FROM assets WHERE id::text = ANY($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("look for assets: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for assets: %w", err)
	}
	here := map[string]bool{}
	for _, id := range found {
		here[id] = true
	}
	return here, nil
}

// fileName is the last part of a name that came with a file, or a word instead.
func fileName(name, otherwise string) string {
	name = strings.ToValidUTF8(path.Base(strings.ReplaceAll(name, `\`, "/")), "")
	if checkName(name) != nil {
		return otherwise
	}
	return strings.TrimSpace(name)
}
