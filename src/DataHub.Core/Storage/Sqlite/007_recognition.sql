-- Exchanges in which a result was recognised: they are looked at again when it is corrected or revoked.
CREATE TABLE result_use (
  result_id TEXT NOT NULL,
  exchange_id TEXT NOT NULL,
  city TEXT NOT NULL,
  PRIMARY KEY (result_id, exchange_id)
) WITHOUT ROWID;

-- Consents that patients took back, by the number that the asking city gave them.
CREATE TABLE withdrawn_consent (
  city TEXT NOT NULL,
  consent TEXT NOT NULL,
  PRIMARY KEY (city, consent)
) WITHOUT ROWID;
