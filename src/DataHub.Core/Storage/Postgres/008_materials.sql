-- Unfinished uploads. One open upload per city and file, so that a city that asks twice goes on where it was.
CREATE TABLE datahub.material_upload (
  id text COLLATE "C" PRIMARY KEY,
  city text COLLATE "C" NOT NULL,
  digest text COLLATE "C" NOT NULL,
  size bigint NOT NULL,
  media_type text NOT NULL,
  received bigint NOT NULL,
  opened_at timestamptz NOT NULL,
  UNIQUE (city, digest)
) WITH (fillfactor = 50);
CREATE INDEX material_upload_opened ON datahub.material_upload (opened_at);

-- Bytes begun per city and day (Asia/Shanghai).
CREATE TABLE datahub.material_volume (
  city text COLLATE "C" NOT NULL,
  day date NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (city, day)
) WITH (fillfactor = 50);

-- Files whose bytes lie under the id of an upload. A row with removed_at is the proof that the file was here.
CREATE TABLE datahub.material_content (
  digest text COLLATE "C" PRIMARY KEY,
  size bigint NOT NULL,
  media_type text NOT NULL,
  location text COLLATE "C" NOT NULL,
  held_at timestamptz NOT NULL,
  touched_at timestamptz NOT NULL,
  check_at timestamptz NOT NULL,
  removed_at timestamptz
);
CREATE INDEX material_check ON datahub.material_content (check_at) WHERE removed_at IS NULL;

-- Cities that have handed a file in themselves: to know a digest gives no right to its bytes.
CREATE TABLE datahub.material_holder (
  digest text COLLATE "C" NOT NULL,
  city text COLLATE "C" NOT NULL,
  PRIMARY KEY (digest, city)
);

-- What accepted messages name; written with them.
CREATE TABLE datahub.material_ref (
  node integer NOT NULL,
  exchange_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  digest text COLLATE "C" NOT NULL,
  name text NOT NULL,
  size bigint,
  media_type text,
  city text COLLATE "C" NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (exchange_id, city, message_id, code, digest)
);
CREATE INDEX material_named ON datahub.material_ref (digest);

CREATE TABLE datahub.material_access (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL,
  given boolean NOT NULL,
  city text COLLATE "C" NOT NULL,
  exchange_id text COLLATE "C" NOT NULL,
  digest text COLLATE "C" NOT NULL
);
CREATE INDEX material_access_exchange ON datahub.material_access (exchange_id);
CREATE INDEX material_access_refused ON datahub.material_access (city, at) WHERE NOT given;
CREATE INDEX material_access_at ON datahub.material_access USING brin (at);

-- Bytes, where they lie in the database: pieces of at most 1 MiB, each known by the place of its first byte.
CREATE TABLE datahub.material_chunk (
  location text COLLATE "C" NOT NULL,
  position bigint NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (location, position)
);
-- PDF and JPEG do not get smaller.
ALTER TABLE datahub.material_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Bytes that nothing refers to any more and that are still to be removed.
CREATE TABLE datahub.material_leftover (
  location text COLLATE "C" PRIMARY KEY
);

CREATE FUNCTION datahub.discard_upload(p_id text) RETURNS void LANGUAGE sql AS $$
  WITH gone AS (DELETE FROM datahub.material_upload WHERE id = p_id RETURNING id)
  INSERT INTO datahub.material_leftover (location) SELECT id FROM gone ON CONFLICT DO NOTHING;
$$;

-- Finds or opens an upload. Answers: what it is (held, open, new, many, volume), and its id, or the held file's location.
CREATE FUNCTION datahub.open_upload(p_id text, p_city text, p_digest text, p_size bigint, p_media_type text, p_now timestamptz, p_day date,
  p_lost text, p_expired timestamptz, p_check timestamptz, p_most integer, p_volume bigint, OUT answer text, OUT id text) LANGUAGE plpgsql AS $$
DECLARE
  upload datahub.material_upload%ROWTYPE;
BEGIN
  -- A city's requests one after the other: their bounds are counts.
  PERFORM pg_advisory_xact_lock(hashtext('datahub.material:' || p_city));
  UPDATE datahub.material_content c SET touched_at = greatest(c.touched_at, p_now), check_at = greatest(c.check_at, p_check)
    WHERE c.digest = p_digest AND c.removed_at IS NULL AND c.location IS DISTINCT FROM p_lost
      AND EXISTS (SELECT FROM datahub.material_holder h WHERE h.digest = p_digest AND h.city = p_city)
    RETURNING 'held', c.location INTO answer, id;
  IF answer IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT * INTO upload FROM datahub.material_upload u WHERE u.city = p_city AND u.digest = p_digest;
  IF upload.id IS NOT NULL THEN
    IF upload.size = p_size AND upload.media_type = p_media_type AND upload.opened_at > p_expired THEN
      answer := 'open';
      id := upload.id;
      RETURN;
    END IF;
    PERFORM datahub.discard_upload(upload.id);
  END IF;
  IF (SELECT count(*) FROM datahub.material_upload u WHERE u.city = p_city) >= p_most THEN
    answer := 'many';
  ELSIF coalesce((SELECT v.bytes FROM datahub.material_volume v WHERE v.city = p_city AND v.day = p_day), 0) + p_size > p_volume THEN
    answer := 'volume';
  ELSE
    INSERT INTO datahub.material_volume AS v (city, day, bytes) VALUES (p_city, p_day, p_size) ON CONFLICT (city, day) DO UPDATE SET bytes = v.bytes + excluded.bytes;
    INSERT INTO datahub.material_upload VALUES (p_id, p_city, p_digest, p_size, p_media_type, 0, p_now);
    answer := 'new';
    id := p_id;
  END IF;
END $$;

-- An upload that has been checked is the file, or is left over where the file is held.
CREATE FUNCTION datahub.complete_upload(p_id text, p_lost text, p_now timestamptz, p_check timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  upload datahub.material_upload%ROWTYPE;
  held text;
BEGIN
  DELETE FROM datahub.material_upload u WHERE u.id = p_id RETURNING * INTO upload;
  IF upload.id IS NULL THEN
    RETURN;
  END IF;
  -- Two cities may complete the same file at once: the second waits here and finds it held.
  PERFORM pg_advisory_xact_lock(hashtext('datahub.material:' || upload.digest));
  SELECT c.location INTO held FROM datahub.material_content c WHERE c.digest = upload.digest AND c.removed_at IS NULL FOR UPDATE;
  IF held IS NOT NULL AND held IS DISTINCT FROM p_lost THEN
    INSERT INTO datahub.material_leftover (location) VALUES (p_id) ON CONFLICT DO NOTHING;
    UPDATE datahub.material_content c SET touched_at = greatest(c.touched_at, p_now), check_at = greatest(c.check_at, p_check) WHERE c.digest = upload.digest;
  ELSE
    IF held IS NOT NULL THEN
      INSERT INTO datahub.material_leftover (location) VALUES (held) ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO datahub.material_content (digest, size, media_type, location, held_at, touched_at, check_at)
      VALUES (upload.digest, upload.size, upload.media_type, p_id, p_now, p_now, p_check)
      ON CONFLICT (digest) DO UPDATE SET size = excluded.size, media_type = excluded.media_type, location = excluded.location, held_at = excluded.held_at,
        touched_at = excluded.touched_at, check_at = excluded.check_at, removed_at = NULL;
  END IF;
  INSERT INTO datahub.material_holder (digest, city) VALUES (upload.digest, upload.city) ON CONFLICT DO NOTHING;
END $$;

-- These files are not held any longer.
CREATE FUNCTION datahub.end_materials(p_digests text[], p_at timestamptz) RETURNS void LANGUAGE sql AS $$
  WITH ended AS (UPDATE datahub.material_content SET removed_at = p_at WHERE digest = ANY (p_digests) AND removed_at IS NULL AND check_at <= p_at RETURNING digest, location),
  holders AS (DELETE FROM datahub.material_holder h USING ended WHERE h.digest = ended.digest)
  INSERT INTO datahub.material_leftover (location) SELECT location FROM ended ON CONFLICT DO NOTHING;
$$;
