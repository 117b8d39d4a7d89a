-- The event log. Rows are appended by position; what recurs in them is a number.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Kinds, actors and labels, each kept once; the columns of these names hold their ids.
CREATE TABLE words (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL,  -- position of the first event of the stream
  version INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  time INTEGER NOT NULL,
  actor INTEGER NOT NULL,
  label INTEGER NOT NULL,
  body BLOB,                -- 16 random bytes and the JSON of the body; NULL once erased
  name TEXT,                -- of the stream, in its first event
  cause INTEGER,
  correlation TEXT,
  hash BLOB,                -- of the commit, in its last event
  body_hash BLOB            -- of an erased body: before that it follows from the body
) STRICT;

CREATE UNIQUE INDEX events_by_name ON events (name) WHERE name IS NOT NULL;
CREATE UNIQUE INDEX events_by_stream ON events (stream, version) WHERE version > 1;

CREATE TABLE blobs (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;

CREATE TABLE projections (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
