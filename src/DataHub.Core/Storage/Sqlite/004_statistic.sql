-- What policy owners ask for, counted as it happens (docs/statistics.md): one row per key and node, so that no two nodes write the same row.
CREATE TABLE statistic (
  counter TEXT NOT NULL,
  month INTEGER NOT NULL,
  flow TEXT NOT NULL,
  item TEXT NOT NULL,
  source_city TEXT NOT NULL,
  target_city TEXT NOT NULL,
  hospital TEXT NOT NULL,
  variant TEXT NOT NULL,
  detail TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  node INTEGER NOT NULL,
  count INTEGER NOT NULL,
  amount_fen INTEGER NOT NULL,
  PRIMARY KEY (counter, month, flow, item, source_city, target_city, hospital, variant, detail, bucket, node)
) WITHOUT ROWID;
