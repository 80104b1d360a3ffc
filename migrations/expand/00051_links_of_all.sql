-- +goose NO TRANSACTION

-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS renders_link;
CREATE INDEX CONCURRENTLY renders_link ON renders (design_id, link, created_at DESC) WHERE link IS NOT NULL;
UPDATE designs SET link_key = DEFAULT WHERE link_key IS NULL;
