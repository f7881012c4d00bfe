-- ANALYZE reads up to 30,000 rows of a table and sorts every column: most of a second for one of these. While they are young they
-- change by a tenth every minute. What is asked of them goes by key whatever the statistics say, so it is done where much has changed.
ALTER TABLE datahub.exchange_hub SET (autovacuum_analyze_threshold = 500000);
ALTER TABLE datahub.exchange_city SET (autovacuum_analyze_threshold = 500000);
ALTER TABLE datahub.material_ref SET (autovacuum_analyze_threshold = 500000);

-- Months that are there already, and those to come.
DO $$
DECLARE
  part regclass;
BEGIN
  FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'datahub.journal'::regclass LOOP
    EXECUTE format('ALTER TABLE %s SET (autovacuum_analyze_threshold = 500000)', part);
  END LOOP;
END $$;
CREATE OR REPLACE FUNCTION datahub.ensure_partition(month date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  first date := date_trunc('month', month)::date;
  name text := 'journal_' || to_char(first, 'YYYYMM');
BEGIN
  IF to_regclass('datahub.' || name) IS NOT NULL THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('datahub.ensure_partition'));
  -- Asked of the table itself: what to_regclass remembers may be older than the lock.
  IF EXISTS (SELECT FROM pg_class WHERE relname = name AND relnamespace = 'datahub'::regnamespace) THEN
    RETURN;
  END IF;
  -- Made apart and attached then: attaching lets those who read and write the other months go on.
  EXECUTE format('CREATE TABLE datahub.%I (LIKE datahub.journal INCLUDING STORAGE) WITH (fillfactor = 100, toast_tuple_target = 8160, '
    || 'autovacuum_vacuum_insert_threshold = 100000, autovacuum_vacuum_insert_scale_factor = 0.5, autovacuum_analyze_threshold = 500000, autovacuum_analyze_scale_factor = 0.5)', name);
  EXECUTE format('CREATE UNIQUE INDEX %I ON datahub.%I (node, number)', name || '_number', name);
  EXECUTE format('CREATE UNIQUE INDEX %I ON datahub.%I (node, key)', name || '_key', name);
  EXECUTE format('ALTER TABLE datahub.journal ATTACH PARTITION datahub.%I FOR VALUES FROM (%L) TO (%L)', name,
    to_char(first, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(first + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
END $$;
