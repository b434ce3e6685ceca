const ROLLUP = `
  series INTEGER NOT NULL REFERENCES series,
  at INTEGER NOT NULL,
  count INTEGER NOT NULL,
  min REAL NOT NULL,
  max REAL NOT NULL,
  mean REAL NOT NULL,
  first_since REAL NOT NULL,
  first REAL NOT NULL,
  last_since REAL NOT NULL,
  last REAL NOT NULL,
  PRIMARY KEY (series, at)`;

/**
 * The tables of a fleet store. A host is whoever publishes under a word, apart from others under the same word (`twin`);
 * a sender is one boot of one machine with one local store. What is known of a host is what its newest sender
 * (`host.sender`) said.
 *
 * `identity` is what makes a row the same when it comes again. Times of samples are ns since the epoch, `at` of a minute or
 * an hour is its number since the epoch, `..._since` is ns since its start; times in ms are the hub's.
 */
const VERSION_1 = `
CREATE TABLE host (
  id INTEGER PRIMARY KEY,
  word TEXT NOT NULL,
  twin INTEGER NOT NULL,
  sender INTEGER,
  first_at INTEGER NOT NULL,
  UNIQUE (word, twin)
) STRICT;

CREATE TABLE sender (
  id INTEGER PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,
  host INTEGER NOT NULL REFERENCES host,
  word TEXT NOT NULL,
  machine TEXT NOT NULL,
  instance TEXT NOT NULL,
  boot TEXT NOT NULL,
  hostname TEXT NOT NULL,
  version TEXT NOT NULL,
  labels TEXT NOT NULL,
  facts TEXT,
  cpu TEXT,
  kernel TEXT,
  clocksource TEXT,
  virtualization TEXT,
  discipline TEXT,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  clock_error INTEGER NOT NULL,
  lost_minutes INTEGER NOT NULL,
  lost_samples INTEGER NOT NULL,
  lost_events INTEGER NOT NULL,
  lost_documents INTEGER NOT NULL
) STRICT;
CREATE INDEX sender_of_host ON sender (host);

CREATE TABLE label (
  sender INTEGER NOT NULL REFERENCES sender,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (sender, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE standing (
  host INTEGER PRIMARY KEY REFERENCES host,
  score REAL,
  detail TEXT NOT NULL
) STRICT;

CREATE TABLE conclusions (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL) STRICT;

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,
  sender INTEGER NOT NULL REFERENCES sender,
  key TEXT NOT NULL,
  command TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX run_of_sender ON run (sender);

CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,
  run INTEGER NOT NULL REFERENCES run,
  clock TEXT NOT NULL,
  reference TEXT NOT NULL,
  independent INTEGER,
  reason TEXT NOT NULL,
  origin INTEGER NOT NULL
) STRICT;
CREATE INDEX series_of_run ON series (run);

CREATE TABLE minute (${ROLLUP}) STRICT, WITHOUT ROWID;
CREATE TABLE hour (${ROLLUP}) STRICT, WITHOUT ROWID;

CREATE TABLE sample (
  series INTEGER NOT NULL REFERENCES series,
  at INTEGER NOT NULL,
  offset REAL NOT NULL,
  window REAL NOT NULL,
  PRIMARY KEY (series, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run,
  at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  clock TEXT NOT NULL,
  reference TEXT NOT NULL,
  UNIQUE (run, at, kind, detail, clock, reference)
) STRICT;
CREATE INDEX event_in_time ON event (at);

CREATE TABLE calibration (
  run INTEGER NOT NULL REFERENCES run,
  at INTEGER NOT NULL,
  result TEXT NOT NULL,
  PRIMARY KEY (run, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL UNIQUE REFERENCES run,
  kind TEXT NOT NULL,
  kernel TEXT,
  summary TEXT NOT NULL,
  content BLOB NOT NULL
) STRICT;
CREATE INDEX document_of_kind ON document (kind);

CREATE TABLE settled (
  stream TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  refused INTEGER NOT NULL
) STRICT;
CREATE INDEX settled_range ON settled (stream, last);
`;

/** Step k brings a store of version k to version k + 1. Released steps never change. */
export const MIGRATIONS: readonly string[] = [VERSION_1];

/** 'tsfl': no other SQLite database is taken for a fleet store. */
export const APPLICATION_ID = 0x7473666c;
