-- Bodies of rows that were appended together stand compressed in one value: the row names its block by the number of the block's first
-- row, and its own body is as far into the block as its number is after that. Rows from before have their body themselves.
ALTER TABLE datahub.journal ADD COLUMN IF NOT EXISTS block bigint;
ALTER TABLE datahub.journal ALTER COLUMN body DROP NOT NULL;
-- Null where the key says both: it is then "sender:message_id".
ALTER TABLE datahub.journal ALTER COLUMN message_id DROP NOT NULL;
ALTER TABLE datahub.journal ALTER COLUMN sender DROP NOT NULL;

-- By the same months as the rows, so that they are archived together.
CREATE TABLE IF NOT EXISTS datahub.journal_block (
  number bigint NOT NULL,
  at timestamptz NOT NULL,
  node integer NOT NULL,
  bodies bytea NOT NULL
) PARTITION BY RANGE (at);
-- They are compressed already.
ALTER TABLE datahub.journal_block ALTER COLUMN bodies SET STORAGE EXTERNAL;

CREATE OR REPLACE FUNCTION datahub.ensure_partition(month date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  first date := date_trunc('month', month)::date;
  low text := to_char(first, 'YYYY-MM-DD') || ' 00:00:00+00';
  high text := to_char(first + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00';
  rows text := 'journal_' || to_char(first, 'YYYYMM');
  blocks text := 'journal_block_' || to_char(first, 'YYYYMM');
  options constant text := 'fillfactor = 100, toast_tuple_target = 8160, autovacuum_vacuum_insert_threshold = 100000, autovacuum_vacuum_insert_scale_factor = 0.5, '
    || 'autovacuum_analyze_threshold = 500000, autovacuum_analyze_scale_factor = 0.5';
BEGIN
  -- The blocks are made last: where they are, both are.
  IF to_regclass('datahub.' || blocks) IS NOT NULL THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('datahub.ensure_partition'));
  -- Asked of the table itself: what to_regclass remembers may be older than the lock.
  IF EXISTS (SELECT FROM pg_class WHERE relname = blocks AND relnamespace = 'datahub'::regnamespace) THEN
    RETURN;
  END IF;
  -- Made apart and attached then: attaching lets those who read and write the other months go on.
  IF NOT EXISTS (SELECT FROM pg_class WHERE relname = rows AND relnamespace = 'datahub'::regnamespace) THEN
    EXECUTE format('CREATE TABLE datahub.%I (LIKE datahub.journal INCLUDING STORAGE) WITH (%s)', rows, options);
    EXECUTE format('CREATE UNIQUE INDEX %I ON datahub.%I (node, number)', rows || '_number', rows);
    EXECUTE format('CREATE UNIQUE INDEX %I ON datahub.%I (node, key)', rows || '_key', rows);
    EXECUTE format('ALTER TABLE datahub.journal ATTACH PARTITION datahub.%I FOR VALUES FROM (%L) TO (%L)', rows, low, high);
  END IF;
  EXECUTE format('CREATE TABLE datahub.%I (LIKE datahub.journal_block INCLUDING STORAGE) WITH (%s, '
    || 'toast.autovacuum_vacuum_insert_threshold = 100000, toast.autovacuum_vacuum_insert_scale_factor = 0.5)', blocks, options);
  EXECUTE format('CREATE UNIQUE INDEX %I ON datahub.%I (node, number)', blocks || '_number', blocks);
  EXECUTE format('ALTER TABLE datahub.journal_block ATTACH PARTITION datahub.%I FOR VALUES FROM (%L) TO (%L)', blocks, low, high);
END $$;

-- The months that are there already.
DO $$
DECLARE
  part text;
BEGIN
  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'datahub.journal'::regclass LOOP
    PERFORM datahub.ensure_partition(to_date(right(part, 6), 'YYYYMM'));
  END LOOP;
END $$;
