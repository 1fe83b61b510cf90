PRAGMA journal_mode = WAL;
CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL, created_at TEXT NOT NULL, last_login_at TEXT);
CREATE INDEX account_login ON account (last_login_at);
CREATE INDEX account_created ON account (created_at);
CREATE TABLE dossier (
    id          INTEGER PRIMARY KEY,
    file_number TEXT NOT NULL UNIQUE,
    account_id  INTEGER NOT NULL REFERENCES account (id),
    status      TEXT NOT NULL,
    closed_at   TEXT
);
CREATE INDEX dossier_closed ON dossier (closed_at);
CREATE INDEX dossier_account ON dossier (account_id);
CREATE TABLE message (id INTEGER PRIMARY KEY, dossier_id INTEGER NOT NULL REFERENCES dossier (id), body TEXT NOT NULL);
CREATE INDEX message_dossier ON message (dossier_id);
CREATE TABLE document (id INTEGER PRIMARY KEY, dossier_id INTEGER NOT NULL REFERENCES dossier (id), path TEXT NOT NULL);
CREATE INDEX document_dossier ON document (dossier_id);
CREATE INDEX document_path ON document (path);

-- 100 accounts in use; 1,000 dossiers closed, of which 50 have reached their term; 10 of these with a file.
WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 100)
INSERT INTO account SELECT i, 'personal', strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-100 days'), NULL FROM n;
WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
INSERT INTO dossier SELECT i, 'D-first-' || i, 1 + i % 100, 'closed',
    strftime('%Y-%m-%dT%H:%M:%SZ', 'now', CASE WHEN i <= 50 THEN '-400 days' ELSE '-50 days' END) FROM n;
INSERT INTO message (dossier_id, body) SELECT id, 'personal' FROM dossier;
INSERT INTO document (dossier_id, path) SELECT id, id || '.pdf' FROM dossier WHERE id <= 10;
