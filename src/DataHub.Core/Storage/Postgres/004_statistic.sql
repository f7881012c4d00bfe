-- What policy owners ask for, counted as it happens (docs/statistics.md): one row per key and node, so that no two nodes
-- write the same row. Rows change often and are few: room in the pages lets a change stay in its page.
CREATE TABLE datahub.statistic (
  month integer NOT NULL,
  bucket integer NOT NULL,
  node integer NOT NULL,
  count bigint NOT NULL,
  amount_fen bigint NOT NULL,
  counter text COLLATE "C" NOT NULL,
  flow text COLLATE "C" NOT NULL,
  item text COLLATE "C" NOT NULL,
  source_city text COLLATE "C" NOT NULL,
  target_city text COLLATE "C" NOT NULL,
  hospital text COLLATE "C" NOT NULL,
  variant text COLLATE "C" NOT NULL,
  detail text COLLATE "C" NOT NULL,
  PRIMARY KEY (counter, month, node, flow, item, source_city, target_city, hospital, variant, detail, bucket)
) WITH (fillfactor = 30, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);
