-- Unfinished uploads. One open upload per city and file, so that a city that asks twice goes on where it was.
CREATE TABLE material_upload (
  id TEXT PRIMARY KEY,
  city TEXT NOT NULL,
  digest TEXT NOT NULL,
  size INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  received INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  UNIQUE (city, digest)
) WITHOUT ROWID;

-- Bytes begun per city and day (yyyy-MM-dd, Asia/Shanghai).
CREATE TABLE material_volume (
  city TEXT NOT NULL,
  day TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (city, day)
) WITHOUT ROWID;

-- Files whose bytes lie under the id of an upload. A row with removed_at is the proof that the file was here.
CREATE TABLE material_content (
  digest TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  location TEXT NOT NULL,
  held_at INTEGER NOT NULL,
  touched_at INTEGER NOT NULL,
  check_at INTEGER NOT NULL,
  removed_at INTEGER
) WITHOUT ROWID;
CREATE INDEX material_check ON material_content (check_at) WHERE removed_at IS NULL;

-- Cities that have handed a file in themselves: to know a digest gives no right to its bytes.
CREATE TABLE material_holder (
  digest TEXT NOT NULL,
  city TEXT NOT NULL,
  PRIMARY KEY (digest, city)
) WITHOUT ROWID;

-- What accepted messages name; written with them.
CREATE TABLE material_ref (
  exchange_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  code TEXT NOT NULL,
  digest TEXT NOT NULL,
  name TEXT NOT NULL,
  size INTEGER,
  media_type TEXT,
  city TEXT NOT NULL,
  node INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (exchange_id, city, message_id, code, digest)
) WITHOUT ROWID;
CREATE INDEX material_named ON material_ref (digest);

CREATE TABLE material_access (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  city TEXT NOT NULL,
  exchange_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  given INTEGER NOT NULL
);
CREATE INDEX material_access_exchange ON material_access (exchange_id);
CREATE INDEX material_access_refused ON material_access (city, at) WHERE given = 0;

-- Bytes that nothing refers to any more and that are still to be removed.
CREATE TABLE material_leftover (
  location TEXT PRIMARY KEY
) WITHOUT ROWID;
