-- Plans are made once per connection, and while a month's table is young they are guesses: with a page or two and no statistics PostgreSQL
-- takes (node) for as good a key as (node, key) or (node, number), and may go through all of a node's rows for each lookup, for as long
-- as the connection lives. So a table has statistics before it has rows: that each key is one of many, and that few nodes have them all.
-- They are lost by a restore, and by an upgrade of the server: so this is asked again each day, of every table that has none.
--
-- Not to be called by the transaction that makes the table: TRUNCATE would leave it known as one with a row to each page.
CREATE OR REPLACE FUNCTION datahub.prime_statistics(month date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  part text := 'journal_' || to_char(month, 'YYYYMM');
  place regclass := to_regclass('datahub.' || part);
BEGIN
  IF place IS NULL OR EXISTS (SELECT FROM pg_stats WHERE schemaname = 'datahub' AND tablename = part) THEN
    RETURN;
  END IF;
  IF pg_relation_size(place) = 0 THEN
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', place);
    -- Whoever wrote before the lock was given has made a page: those rows are nobody's to take away.
    IF pg_relation_size(place) = 0 THEN
      EXECUTE format('ALTER TABLE %s ALTER COLUMN node SET (n_distinct = 10)', place);
      EXECUTE format('INSERT INTO %s (node, number, at, sequence, kind, hash, key, type, exchange_id) VALUES (0, 0, %L, 0, 0, '''', '''', '''', '''')',
        place, date_trunc('month', month)::timestamp AT TIME ZONE 'UTC');
      EXECUTE format('ANALYZE %s', place);
      EXECUTE format('TRUNCATE %s', place);
    END IF;
  -- What is learnt from a few rows would be as wrong as a guess, and stay: a month in its first moments is left until tomorrow.
  ELSIF pg_relation_size(place) > 1048576 THEN
    EXECUTE format('ALTER TABLE %s ALTER COLUMN node SET (n_distinct = 10)', place);
    EXECUTE format('ANALYZE %s', place);
  END IF;
EXCEPTION
  WHEN lock_not_available THEN
    -- Somebody reads for long, and commits would wait behind this. A month is made a week ahead: there are days left.
    RETURN;
END $$;

-- The months that are there already.
SELECT datahub.prime_statistics(to_date(right(c.relname, 6), 'YYYYMM'))
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'datahub.journal'::regclass;
