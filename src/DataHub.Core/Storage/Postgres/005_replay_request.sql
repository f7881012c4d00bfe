-- What operators asked to work again. Anyone writes a request; the outcome is written by the commit that carries it out.
CREATE TABLE datahub.replay_request (
  id text COLLATE "C" PRIMARY KEY,
  node integer NOT NULL,
  number bigint NOT NULL,
  position integer NOT NULL,
  operator text NOT NULL,
  reason text NOT NULL,
  asked_at timestamptz NOT NULL,
  outcome smallint
);
CREATE INDEX replay_request_open ON datahub.replay_request (node) WHERE outcome IS NULL;
