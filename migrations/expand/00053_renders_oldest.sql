-- +goose NO TRANSACTION

-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS renders_oldest;
CREATE INDEX CONCURRENTLY renders_oldest ON renders (tenant_id, finished_at) WHERE finished_at IS NOT NULL AND NOT thumbnail;
