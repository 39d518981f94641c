-- What `syncd restore` does to an SQLite store, for one that pg_restore has put back: the vendors went on without it.
-- Run it once, with no syncd at work, before the first sync:
--     psql --single-transaction --set ON_ERROR_STOP=1 --dbname DATABASE --file docs/after-pg-restore.sql

-- Look everywhere anew before anything is created.
UPDATE connections SET cursor = NULL, resume = NULL, full_started = NULL, looked_started = NULL;

-- Plan anew what was planned; what was already sent is looked for.
UPDATE operations SET state = 'dropped', error = 'the store was restored from a backup'
 WHERE state IN ('planned', 'waiting', 'claimed');

UPDATE runs SET state = 'failed', status = 'failed' WHERE state IN ('requested', 'running');

-- No process that worked on the lost store, and hangs, may have the epoch of one that is to come: seconds outrun takeovers.
UPDATE lease SET expires_at = NULL, epoch = greatest(epoch, extract(epoch FROM now())::bigint);

-- Customers made after the copy are stamped at the vendors under the old instance: no new one may get their id.
UPDATE meta SET value = substr(md5(random()::text), 1, 6) WHERE key = 'instance';
