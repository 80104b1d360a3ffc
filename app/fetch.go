package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Remote fetches images from other servers, under rules of its own.
type Remote interface {
	// Fetch reads what is at an address. With the validator of an earlier answer
	// it may find that nothing has changed: then there is no data.
	Fetch(ctx context.Context, address, validator string) (Fetched, error)
}

// Fetched is what a server answered.
type Fetched struct {
	Data      []byte
	Validator string        // its ETag, or when it was last modified
	Fresh     time.Duration // how long it may be used without asking again
}

// What is kept of a tenant's fetched images; the oldest go first.
const (
	maxFetchedImages = 5_000
	maxFetchedBytes  = 1 << 30
)

// OpenFetched opens the image at an address, fetched now or a short while ago.
func (t Tenant) OpenFetched(ctx context.Context, address string) (mediaType, sum string, f io.ReadSeekCloser, err error) {
	if complaint := checkAddress(address); complaint != "" {
		return "", "", nil, Errorf(Invalid, "the address %s", complaint)
	}
	from, err := t.house().fetch(ctx, address) // keeping what was fetched is no change of theirs
	if err != nil {
		return "", "", nil, err
	}
	f, err = t.app.objects.Open(ctx, from.key)
	return from.mediaType, from.sha256, f, err
}

// fetched is a row of fetched_images.
type fetched struct {
	Object    uuid.UUID
	MediaType string
	SHA256    string `db:"sha256"`
	Validator string
	Fresh     bool
}

// fetch finds the image at an address, and asks its server when it is not here or
// too old. All who want it at once wait for one answer.
func (t Tenant) fetch(ctx context.Context, address string) (source, error) {
	from, err, _ := t.app.images.flight.Do("fetch "+t.ID()+" "+address, func() (any, error) {
		ctx := context.WithoutCancel(ctx) // it may not be for the first alone
		row, err := t.findFetched(ctx, address)
		if err != nil || row.Fresh {
			return t.fetchedSource(row), err
		}
		answer, err := t.app.remote.Fetch(ctx, address, row.Validator)
		if err != nil {
			return source{}, err
		}
		if answer.Data == nil {
			return t.fetchedSource(row), t.refresh(ctx, address, answer.Fresh)
		}
		return t.keepFetched(ctx, address, answer)
	})
	return from.(source), err
}

func (t Tenant) findFetched(ctx context.Context, address string) (row fetched, err error) {
	err = t.tx(ctx, func(tx pgx.Tx) error {
		row, err = one[fetched](ctx, tx, "image", `
			SELECT object, media_type, sha256, validator, expires_at > now() AS fresh
			FROM fetched_images WHERE address_sha256 = $1`, addressSum(address))
		if KindOf(err) == NotFound {
			return nil
		}
		return err
	})
	return row, err
}

func (t Tenant) refresh(ctx context.Context, address string, fresh time.Duration) error {
	return t.tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE fetched_images SET fetched_at = now(), expires_at = now() + $2::interval WHERE address_sha256 = $1`, addressSum(address), fresh)
		if err != nil {
			return fmt.Errorf("keep image: %w", err)
		}
		return nil
	})
}

// keepFetched keeps an image under a new name, and removes the one before it and
// what is too much: whoever has found that meanwhile asks again.
func (t Tenant) keepFetched(ctx context.Context, address string, answer Fetched) (from source, err error) {
	file, sum, err := t.app.images.checkFetched(ctx, address, answer.Data)
	if err != nil {
		return from, err
	}
	row := fetched{Object: uuid.New(), MediaType: file.MediaType, SHA256: sum}
	from = t.fetchedSource(row)
	if err := t.app.objects.Put(ctx, from.key, file.Data); err != nil {
		return from, fmt.Errorf("keep image: %w", err)
	}
	var gone []uuid.UUID
	err = t.tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `DELETE FROM fetched_images WHERE address_sha256 = $1 OR address_sha256 IN (
			SELECT address_sha256 FROM (
				SELECT address_sha256, row_number() OVER newest AS n, sum(bytes) OVER newest AS total
				FROM fetched_images WINDOW newest AS (ORDER BY fetched_at DESC)
			) AS kept WHERE n >= $2 OR total > $3) RETURNING object`, addressSum(address), maxFetchedImages, maxFetchedBytes-len(file.Data))
		if err != nil {
			return fmt.Errorf("forget images: %w", err)
		}
		if gone, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID]); err != nil {
			return fmt.Errorf("forget images: %w", err)
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO fetched_images (tenant_id, address_sha256, address, object, media_type, bytes, sha256, validator, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9::interval)`,
			t.id, addressSum(address), address, row.Object, row.MediaType, len(file.Data), row.SHA256, answer.Validator, answer.Fresh)
		if err != nil {
			return fmt.Errorf("keep image: %w", err)
		}
		return nil
	})
	if err != nil {
		return from, errors.Join(err, t.app.objects.Remove(ctx, from.key))
	}
	for _, object := range gone {
		err = errors.Join(err, t.app.objects.Remove(ctx, t.fetchedKey(object)))
	}
	return from, err
}

func (t Tenant) fetchedSource(row fetched) source {
	return source{t.fetchedKey(row.Object), row.MediaType, row.SHA256}
}

func (t Tenant) fetchedKey(object uuid.UUID) string {
	return path.Join(t.ID(), "fetched", object.String())
}

func addressSum(address string) []byte {
	sum := sha256.Sum256([]byte(address))
	return sum[:]
}
