-- +goose NO TRANSACTION

-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS renders_pace;
CREATE INDEX CONCURRENTLY renders_pace ON renders (batch_id, finished_at DESC) WHERE finished_at IS NOT NULL AND batch_id IS NOT NULL;
