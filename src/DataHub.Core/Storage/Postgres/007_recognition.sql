-- Exchanges in which a result was recognised: they are looked at again when it is corrected or revoked.
CREATE TABLE datahub.result_use (
  result_id text COLLATE "C" NOT NULL,
  exchange_id text COLLATE "C" NOT NULL,
  city text COLLATE "C" NOT NULL,
  PRIMARY KEY (result_id, exchange_id)
);

-- Consents that patients took back, by the number that the asking city gave them.
CREATE TABLE datahub.withdrawn_consent (
  city text COLLATE "C" NOT NULL,
  consent text COLLATE "C" NOT NULL,
  PRIMARY KEY (city, consent)
);
