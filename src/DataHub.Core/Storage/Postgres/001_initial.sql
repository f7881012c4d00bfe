-- One row per node: who may write it, and the head of its journal. Every commit updates it first, so it is also the
-- lock under which a node's commits follow each other.
CREATE TABLE datahub.node (
  code integer PRIMARY KEY,
  fence bigint NOT NULL DEFAULT 0,
  owner text,
  expires_at timestamptz,
  head_number bigint NOT NULL DEFAULT 0,
  head_hash bytea
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE datahub.member (
  role text NOT NULL,
  owner text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (role, owner)
) WITH (fillfactor = 50);

-- Partitioned by month (datahub.ensure_partition makes them, days ahead; not more, as a key is looked up in each). A unique index over all months would have to hold the
-- time; each month has its own, and the node's one writer looks a key up in all of them before it appends.
CREATE TABLE datahub.journal (
  number bigint NOT NULL,
  at timestamptz NOT NULL,
  sequence bigint NOT NULL,
  node integer NOT NULL,
  kind smallint NOT NULL,
  hash bytea NOT NULL,
  key text COLLATE "C" NOT NULL,
  message_id text NOT NULL,
  type text NOT NULL,
  exchange_id text COLLATE "C" NOT NULL,
  sender text NOT NULL,
  reasons text,
  body bytea NOT NULL
) PARTITION BY RANGE (at);
-- Bodies of a few KB stay in their row as they are: reading one is one page, and no time goes into compressing.
ALTER TABLE datahub.journal ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX journal_exchange ON datahub.journal (exchange_id, node) WHERE exchange_id <> '000000-00000000-0000000000';

-- Makes a month's partition where there is none. The owner's rights: programs that run the hub need none to make tables.
CREATE FUNCTION datahub.ensure_partition(month date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
    || 'autovacuum_vacuum_insert_threshold = 100000, autovacuum_vacuum_insert_scale_factor = 0.5, autovacuum_analyze_threshold = 10000, autovacuum_analyze_scale_factor = 0.5)', name);
  EXECUTE format('CREATE UNIQUE INDEX %I ON datahub.%I (node, number)', name || '_number', name);
  EXECUTE format('CREATE UNIQUE INDEX %I ON datahub.%I (node, key)', name || '_key', name);
  EXECUTE format('ALTER TABLE datahub.journal ATTACH PARTITION datahub.%I FOR VALUES FROM (%L) TO (%L)', name,
    to_char(first, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(first + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
END $$;

CREATE TABLE datahub.link (
  node integer NOT NULL,
  peer integer NOT NULL,
  sent bigint NOT NULL DEFAULT 0,
  acknowledged bigint NOT NULL DEFAULT 0,
  received bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (node, peer)
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

-- A run of consecutive link numbers that one commit gave: element i belongs to number first_seq + i - 1.
-- Those up to link.acknowledged are done, also within a run.
CREATE TABLE datahub.outgoing (
  node integer NOT NULL,
  peer integer NOT NULL,
  first_seq bigint NOT NULL,
  last_seq bigint NOT NULL,
  journal_numbers bigint[] NOT NULL,
  hub_states text[] NOT NULL,
  hub_versions integer[] NOT NULL,
  flows text[] NOT NULL,
  PRIMARY KEY (node, peer, first_seq)
) WITH (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.05);

-- Two partitions, because a column in any index of a table makes every change of it costly: only the hub's part has
-- the indexes for what is due and what is not reconciled yet.
CREATE TABLE datahub.exchange (
  node integer NOT NULL,
  flow_version integer NOT NULL,
  version integer NOT NULL,
  notice_stage integer NOT NULL,
  opened_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  reconciled_at timestamptz,
  amount_fen bigint,
  remaining integer,
  due_on date,
  stopped_on date,
  calendar_complete boolean,
  final boolean NOT NULL,
  exchange_id text COLLATE "C" NOT NULL,
  flow text NOT NULL,
  item text NOT NULL,
  source_city text NOT NULL,
  target_city text NOT NULL,
  state text NOT NULL,
  responsible text,
  outcome text,
  reference text,
  facts text NOT NULL,
  outcome_digest text,
  source_digest text,
  target_digest text,
  refused_for text,
  PRIMARY KEY (node, exchange_id)
) PARTITION BY RANGE (node);
CREATE TABLE datahub.exchange_hub PARTITION OF datahub.exchange FOR VALUES FROM (0) TO (100000)
  WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.2);
CREATE TABLE datahub.exchange_city PARTITION OF datahub.exchange FOR VALUES FROM (100000) TO (1000000)
  WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.2);
-- Both hold only what is still open, so they stay small however many exchanges there are.
CREATE INDEX exchange_due ON datahub.exchange_hub (node, due_on) WHERE due_on IS NOT NULL AND stopped_on IS NULL AND notice_stage < 2;
CREATE INDEX exchange_unreconciled ON datahub.exchange_hub (node, changed_at) WHERE outcome IS NOT NULL AND reconciled_at IS NULL;

CREATE TABLE datahub.native_delivery (
  node integer NOT NULL,
  number bigint NOT NULL,
  position integer NOT NULL,
  attempts integer NOT NULL,
  next_attempt_at timestamptz NOT NULL,
  refusal boolean NOT NULL,
  exchange_id text NOT NULL,
  parked_cause text,
  PRIMARY KEY (node, number, position)
) WITH (fillfactor = 80, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE datahub.parked (
  node integer NOT NULL,
  number bigint NOT NULL,
  PRIMARY KEY (node, number)
);

CREATE TABLE datahub.receipt (
  node integer NOT NULL,
  peer integer NOT NULL,
  to_sequence bigint NOT NULL,
  from_sequence bigint NOT NULL,
  number bigint NOT NULL,
  PRIMARY KEY (node, peer, to_sequence)
);

CREATE TABLE datahub.break (
  exchange_id text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  detail text NOT NULL,
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,
  PRIMARY KEY (exchange_id, code)
);

CREATE TABLE datahub.published_result (
  result_id text COLLATE "C" PRIMARY KEY,
  patient_key text COLLATE "C" NOT NULL,
  exchange_id text NOT NULL,
  city text NOT NULL,
  item text COLLATE "C" NOT NULL,
  hospital text NOT NULL,
  mark text NOT NULL,
  performed_at timestamptz NOT NULL,
  digest text NOT NULL,
  revoked boolean NOT NULL
);
CREATE INDEX published_patient ON datahub.published_result (patient_key, item, performed_at);

CREATE TABLE datahub.result_holder (
  result_id text COLLATE "C" NOT NULL,
  city text COLLATE "C" NOT NULL,
  PRIMARY KEY (result_id, city)
);

-- First statement of every commit. DH001: the node is another process's. DH002: the journal has gone on without us.
CREATE FUNCTION datahub.advance_node(p_code integer, p_fence bigint, p_expected bigint, p_number bigint, p_hash bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE datahub.node SET head_number = p_number, head_hash = p_hash WHERE code = p_code AND fence = p_fence AND head_number = p_expected;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM datahub.node WHERE code = p_code AND fence = p_fence) THEN
      RAISE SQLSTATE 'DH002' USING MESSAGE = 'the journal has another head';
    END IF;
    RAISE SQLSTATE 'DH001' USING MESSAGE = 'the fence is not the node''s';
  END IF;
END $$;

-- Moves a node's links on; never back. Zeros say nothing. A number that was given before is refused.
CREATE FUNCTION datahub.advance_links(p_node integer, p_peers integer[], p_first bigint[], p_sent bigint[], p_received bigint[], p_acknowledged bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. cardinality(p_peers) LOOP
    INSERT INTO datahub.link AS l (node, peer, sent, received, acknowledged) VALUES (p_node, p_peers[i], p_sent[i], p_received[i], p_acknowledged[i])
      ON CONFLICT (node, peer) DO UPDATE SET sent = greatest(l.sent, excluded.sent), received = greatest(l.received, excluded.received),
        acknowledged = greatest(l.acknowledged, excluded.acknowledged) WHERE p_first[i] = 0 OR l.sent < p_first[i];
    IF NOT FOUND THEN
      RAISE unique_violation USING MESSAGE = 'a number of a link was given before';
    END IF;
    IF p_acknowledged[i] > 0 THEN
      DELETE FROM datahub.outgoing WHERE node = p_node AND peer = p_peers[i] AND first_seq <= p_acknowledged[i] AND last_seq <= p_acknowledged[i];
    END IF;
  END LOOP;
END $$;
