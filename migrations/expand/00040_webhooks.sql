-- Webhooks: whom a workspace tells what has come to its end, and what was sent there.

-- +goose Up
CREATE TABLE webhooks (
	id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	tenant_id       uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
	url             text NOT NULL, -- '' is the one that stands for the addresses of batches
	events          text[] NOT NULL,
	secret          integer NOT NULL DEFAULT 1, -- which one it is: it follows from the instance's key, and is kept nowhere
	rotated_at      timestamptz,
	enabled         boolean NOT NULL DEFAULT true,
	disabled_reason text,
	failing_since   timestamptz, -- NULL while what is sent gets there
	created_at      timestamptz NOT NULL DEFAULT now(),
	UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX webhooks_of_batches ON webhooks (tenant_id) WHERE url = '';
SELECT app.wall('webhooks');

CREATE TABLE deliveries (
	id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	tenant_id       uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
	webhook_id      uuid NOT NULL,
	url             text NOT NULL, -- that a batch named; '' is the webhook's
	event_id        text NOT NULL,
	type            text NOT NULL,
	payload         text NOT NULL, -- to the byte, for it is signed
	status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
	tries           integer NOT NULL DEFAULT 0, -- since it was last sent by hand
	attempts        jsonb NOT NULL DEFAULT '[]',
	response_code   integer, -- of the last attempt, like the error
	error           text,
	next_attempt_at timestamptz DEFAULT now(),
	created_at      timestamptz NOT NULL DEFAULT now(),
	finished_at     timestamptz,
	UNIQUE (webhook_id, event_id),
	FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX deliveries_newest ON deliveries (webhook_id, created_at DESC, id DESC);
CREATE INDEX deliveries_oldest ON deliveries (tenant_id, created_at);
SELECT app.wall('deliveries');

ALTER TABLE batches ADD COLUMN webhook_url text NOT NULL DEFAULT '';
ALTER TABLE mails ADD COLUMN webhook_id uuid;
