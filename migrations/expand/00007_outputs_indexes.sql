-- +goose NO TRANSACTION

-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS renders_cache;
CREATE INDEX CONCURRENTLY renders_cache ON renders (tenant_id, cache_key, finished_at DESC) WHERE cache_key IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS renders_thumbnail;
CREATE INDEX CONCURRENTLY renders_thumbnail ON renders (design_id, design_version) WHERE thumbnail;
