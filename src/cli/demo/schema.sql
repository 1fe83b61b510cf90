-- The sample application's database: accounts, mediation dossiers and what hangs on them.
PRAGMA journal_mode = WAL;

CREATE TABLE account (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL,
    email         TEXT NOT NULL UNIQUE,
    phone         TEXT,
    address       TEXT,
    created_at    TEXT NOT NULL,   -- RFC 3339, like every date here
    last_login_at TEXT             -- NULL: never came back
) STRICT;
CREATE INDEX account_last_login ON account (last_login_at);
CREATE INDEX account_created ON account (created_at);

CREATE TABLE dossier (
    id          INTEGER PRIMARY KEY,
    file_number TEXT NOT NULL UNIQUE,
    account_id  INTEGER NOT NULL REFERENCES account (id),
    merchant    TEXT NOT NULL,
    subject     TEXT NOT NULL,
    status      TEXT NOT NULL,     -- open | closed
    opened_at   TEXT NOT NULL,
    closed_at   TEXT
) STRICT;
CREATE INDEX dossier_account ON dossier (account_id);
CREATE INDEX dossier_closed ON dossier (closed_at);

CREATE TABLE message (
    id         INTEGER PRIMARY KEY,
    dossier_id INTEGER NOT NULL REFERENCES dossier (id),
    sender     TEXT NOT NULL,
    sent_at    TEXT NOT NULL,
    body       TEXT NOT NULL
) STRICT;
CREATE INDEX message_dossier ON message (dossier_id);

CREATE TABLE note (
    id         INTEGER PRIMARY KEY,
    dossier_id INTEGER NOT NULL REFERENCES dossier (id),
    author     TEXT NOT NULL,
    written_at TEXT NOT NULL,
    body       TEXT NOT NULL
) STRICT;
CREATE INDEX note_dossier ON note (dossier_id);

CREATE TABLE consent (
    id         INTEGER PRIMARY KEY,
    dossier_id INTEGER NOT NULL REFERENCES dossier (id),
    purpose    TEXT NOT NULL,
    given_at   TEXT NOT NULL
) STRICT;
CREATE INDEX consent_dossier ON consent (dossier_id);

CREATE TABLE document (
    id         INTEGER PRIMARY KEY,
    dossier_id INTEGER NOT NULL REFERENCES dossier (id),
    title      TEXT NOT NULL,
    path       TEXT NOT NULL       -- beneath documents/
) STRICT;
CREATE INDEX document_dossier ON document (dossier_id);
CREATE INDEX document_path ON document (path);

-- No rule of the calendar governs permits: they are never destroyed, and `check` says so.
CREATE TABLE permit (
    id        INTEGER PRIMARY KEY,
    holder    TEXT NOT NULL,
    issued_at TEXT NOT NULL
) STRICT;
