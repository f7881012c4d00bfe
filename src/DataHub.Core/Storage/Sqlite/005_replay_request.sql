-- What operators asked to work again. Anyone writes a request; the outcome is written by the commit that carries it out.
CREATE TABLE replay_request (
  id TEXT PRIMARY KEY,
  node INTEGER NOT NULL,
  number INTEGER NOT NULL,
  position INTEGER NOT NULL,
  operator TEXT NOT NULL,
  reason TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  outcome INTEGER
) WITHOUT ROWID;
CREATE INDEX replay_request_open ON replay_request (node) WHERE outcome IS NULL;
