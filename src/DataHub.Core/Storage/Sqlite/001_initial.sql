-- Journals of all nodes in this database. id = node code << 40 | number, so that each journal grows at its own edge.
CREATE TABLE journal (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  key TEXT NOT NULL,
  message_id TEXT NOT NULL,
  type TEXT NOT NULL,
  exchange_id TEXT NOT NULL,
  sender TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  at INTEGER NOT NULL,
  reasons TEXT,
  hash BLOB NOT NULL,
  body BLOB NOT NULL
);
CREATE UNIQUE INDEX journal_key ON journal (id >> 40, key);
CREATE INDEX journal_exchange ON journal (exchange_id) WHERE exchange_id <> '000000-00000000-0000000000';

CREATE TABLE link (
  node INTEGER NOT NULL,
  peer INTEGER NOT NULL,
  sent INTEGER NOT NULL DEFAULT 0,
  acknowledged INTEGER NOT NULL DEFAULT 0,
  received INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (node, peer)
) WITHOUT ROWID;

CREATE TABLE outgoing (
  node INTEGER NOT NULL,
  peer INTEGER NOT NULL,
  link_sequence INTEGER NOT NULL,
  journal_id INTEGER NOT NULL,
  hub_state TEXT,
  hub_version INTEGER NOT NULL,
  flow TEXT,
  PRIMARY KEY (node, peer, link_sequence)
) WITHOUT ROWID;

CREATE TABLE exchange (
  node INTEGER NOT NULL,
  exchange_id TEXT NOT NULL,
  flow TEXT NOT NULL,
  flow_version INTEGER NOT NULL,
  item TEXT NOT NULL,
  source_city TEXT NOT NULL,
  target_city TEXT NOT NULL,
  state TEXT NOT NULL,
  version INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  responsible TEXT,
  due_on TEXT,
  stopped_on TEXT,
  remaining INTEGER,
  calendar_complete INTEGER,
  outcome TEXT,
  amount_fen INTEGER,
  reference TEXT,
  final INTEGER NOT NULL,
  facts TEXT NOT NULL,
  outcome_digest TEXT,
  source_digest TEXT,
  target_digest TEXT,
  reconciled_at INTEGER,
  notice_stage INTEGER NOT NULL,
  refused_for TEXT,
  PRIMARY KEY (node, exchange_id)
) WITHOUT ROWID;
-- Both hold only what is still open, so they stay small however many exchanges there are.
CREATE INDEX exchange_due ON exchange (due_on) WHERE node = 0 AND due_on IS NOT NULL AND stopped_on IS NULL AND notice_stage < 2;
CREATE INDEX exchange_unreconciled ON exchange (changed_at) WHERE node = 0 AND outcome IS NOT NULL AND reconciled_at IS NULL;

CREATE TABLE native_delivery (
  journal_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  exchange_id TEXT NOT NULL,
  refusal INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL,
  parked_cause TEXT,
  PRIMARY KEY (journal_id, position)
) WITHOUT ROWID;

CREATE TABLE parked (
  journal_id INTEGER PRIMARY KEY
);

CREATE TABLE receipt (
  node INTEGER NOT NULL,
  city INTEGER NOT NULL,
  to_sequence INTEGER NOT NULL,
  from_sequence INTEGER NOT NULL,
  journal_id INTEGER NOT NULL,
  PRIMARY KEY (node, city, to_sequence)
) WITHOUT ROWID;

CREATE TABLE break (
  exchange_id TEXT NOT NULL,
  code TEXT NOT NULL,
  detail TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  closed_at INTEGER,
  PRIMARY KEY (exchange_id, code)
) WITHOUT ROWID;

CREATE TABLE published_result (
  result_id TEXT PRIMARY KEY,
  patient_key TEXT NOT NULL,
  exchange_id TEXT NOT NULL,
  city TEXT NOT NULL,
  item TEXT NOT NULL,
  hospital TEXT NOT NULL,
  mark TEXT NOT NULL,
  performed_at INTEGER NOT NULL,
  digest TEXT NOT NULL,
  revoked INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX published_patient ON published_result (patient_key, item, performed_at);

CREATE TABLE result_holder (
  result_id TEXT NOT NULL,
  city TEXT NOT NULL,
  PRIMARY KEY (result_id, city)
) WITHOUT ROWID;
