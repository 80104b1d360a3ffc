-- +goose NO TRANSACTION

-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS assets_newest;
CREATE INDEX CONCURRENTLY assets_newest ON assets (tenant_id, created_at DESC, id DESC);
