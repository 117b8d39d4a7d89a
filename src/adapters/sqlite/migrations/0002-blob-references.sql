-- The event that a blob came with: when the last of them is erased, the blob goes too.

CREATE TABLE blob_refs (
  sha256 TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (sha256, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_refs_by_position ON blob_refs (position);
