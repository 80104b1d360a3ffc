-- The upgrades of the instance, as those told of them who hosted them. They are no
-- tenant's: the walled role sees nothing of them.

-- +goose Up
CREATE TABLE upgrades (
	id           text PRIMARY KEY,
	host         integer NOT NULL, -- the generation that was to be replaced
	generation   integer NOT NULL, -- its successor; 0: none was started
	from_release text NOT NULL,
	from_version text NOT NULL,
	to_release   text NOT NULL,
	to_version   text NOT NULL,
	by_tenant    boolean NOT NULL,
	began_at     timestamptz NOT NULL,
	took         interval NOT NULL,
	step         text NOT NULL,
	result       text NOT NULL,    -- empty while it is under way
	reason       text NOT NULL
);
CREATE INDEX upgrades_newest ON upgrades (began_at DESC);
