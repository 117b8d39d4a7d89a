-- The event log. Rows are appended by position; one index finds a stream's slice.
-- body_hash is filled in only when a body is erased: until then it follows from nonce and body.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL REFERENCES streams (id),
  version INTEGER NOT NULL,
  kind TEXT NOT NULL,
  time INTEGER NOT NULL,
  actor TEXT NOT NULL,
  cause INTEGER,
  correlation TEXT,
  label TEXT NOT NULL,
  nonce BLOB,
  body TEXT,
  body_hash BLOB,
  hash BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX events_by_stream ON events (stream, version);

CREATE TABLE blobs (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;

CREATE TABLE projections (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
