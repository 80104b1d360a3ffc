package app

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Queue takes jobs. All that insert do it in the caller's transaction, so that
// work and the job that does it are made together or not at all.
type Queue interface {
	Render(ctx context.Context, tx pgx.Tx, job RenderJob) error
	Thumbnail(ctx context.Context, tx pgx.Tx, job RenderJob) error // when nothing else waits
	Batch(ctx context.Context, tx pgx.Tx, job BatchJob) error
	Mail(ctx context.Context, tx pgx.Tx, job MailJob) error
	Delivery(ctx context.Context, tx pgx.Tx, job DeliveryJob) error // when nobody waits for a picture

	// Hurry brings forward the job of a delivery that waits for its time, and tells
	// whether there is one.
	Hurry(ctx context.Context, tx pgx.Tx, job DeliveryJob) (waited bool, err error)

	// Busy are the tenants, by id, that have unfinished renders or batches in the queue of a release.
	Busy(ctx context.Context, tx pgx.Tx, release string) (tenants []string, err error)
}

// The versions of jobs' arguments as this release writes them. Ids never change
// their names or types, so that an older release can at least tell whose a job is.
const (
	RenderJobVersion = 1
	BatchJobVersion  = 1
	MailJobVersion   = 1

	DeliveryJobVersion = 1
)

// RenderJob draws one render. Arguments carry ids only, and a version by which
// a release knows whether it can work them.
type RenderJob struct {
	Version  int    `json:"v"`
	TenantID string `json:"tenant"`
	RenderID string `json:"render"`
}

// Kind names the job in the queue.
func (RenderJob) Kind() string { return "render" }

// BatchJob draws the rows of a batch that are not yet drawn.
type BatchJob struct {
	Version  int    `json:"v"`
	TenantID string `json:"tenant"`
	BatchID  string `json:"batch"`
}

// Kind names the job in the queue.
func (BatchJob) Kind() string { return "batch" }

// MailJob sends a mail. It is nobody's in particular: tenants do not wait for it.
type MailJob struct {
	Version int    `json:"v"`
	MailID  string `json:"mail"`
}

// Kind names the job in the queue.
func (MailJob) Kind() string { return "mail" }

// DeliveryJob sends a message to a webhook. A tenant moves to another release without it.
type DeliveryJob struct {
	Version    int    `json:"v"`
	TenantID   string `json:"tenant"`
	DeliveryID string `json:"delivery"`
}

// Kind names the job in the queue.
func (DeliveryJob) Kind() string { return "delivery" }
