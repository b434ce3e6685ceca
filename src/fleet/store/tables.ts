/** Columns of minutes and hours. */
export const ROLLUP_COLUMNS = `
  series INTEGER NOT NULL,
  at INTEGER NOT NULL,
  count INTEGER NOT NULL,
  min DOUBLE PRECISION NOT NULL,
  max DOUBLE PRECISION NOT NULL,
  mean DOUBLE PRECISION NOT NULL,
  first_since DOUBLE PRECISION NOT NULL,
  first DOUBLE PRECISION NOT NULL,
  last_since DOUBLE PRECISION NOT NULL,
  last DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (series, at)`;

/** Columns of single samples. */
export const SAMPLE_COLUMNS = `
  series INTEGER NOT NULL,
  at BIGINT NOT NULL,
  "offset" DOUBLE PRECISION NOT NULL,
  "window" DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (series, at)`;

/**
 * The tables of a fleet store but those that grow with time: `minute`, `hour` and `sample`; as PostgreSQL is told, and
 * SQLite in words of its own. A host is whoever publishes
 * under a word, apart from others under the same word (`twin`); a sender is one boot of one machine with one local store.
 * What is known of a host is what its newest sender (`host.sender`) said;
 * `unstable` is the kernel's remark that it no longer trusts the TSC. A profile is what judging needs of a host: it is
 * read again where something came since (`fresh`, the first new hour), if it has not changed meanwhile (`stamp`).
 *
 * `identity` is what makes a row the same when it comes again. Times of samples are ns since the epoch, `at` of a minute or
 * an hour is its number since the epoch, `..._since` is ns since its start; times in ms are the hub's.
 */
export const TABLES = `
CREATE TABLE host (
  id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  word TEXT NOT NULL,
  twin INTEGER NOT NULL,
  sender INTEGER,
  first_at BIGINT NOT NULL,
  UNIQUE (word, twin)
);

CREATE TABLE sender (
  id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
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
  kernel_hz DOUBLE PRECISION,
  unstable TEXT,
  unstable_at BIGINT,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  clock_error BIGINT NOT NULL,
  lost_minutes BIGINT NOT NULL,
  lost_samples BIGINT NOT NULL,
  lost_events BIGINT NOT NULL,
  lost_documents BIGINT NOT NULL
) WITH (fillfactor = 60); -- Room for the next version of a row on its own page: no index is touched then.
CREATE INDEX sender_of_host ON sender (host, first_at);
CREATE INDEX sender_of_word ON sender (word);
CREATE INDEX sender_in_time ON sender (first_at);
CREATE INDEX sender_unstable ON sender (unstable_at) WHERE unstable_at IS NOT NULL;

CREATE TABLE label (
  sender INTEGER NOT NULL REFERENCES sender,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (sender, key)
);

CREATE TABLE standing (
  host INTEGER PRIMARY KEY REFERENCES host,
  score DOUBLE PRECISION,
  detail TEXT NOT NULL
);
CREATE INDEX standing_by_score ON standing (score DESC NULLS LAST, host);

CREATE TABLE conclusions (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL);

CREATE TABLE profile (
  host INTEGER PRIMARY KEY REFERENCES host,
  fresh INTEGER,
  stamp INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  rates BYTEA NOT NULL,
  claim TEXT,
  kvm TEXT
);
CREATE INDEX profile_fresh ON profile (host) WHERE fresh IS NOT NULL;

CREATE TABLE run (
  id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,
  sender INTEGER NOT NULL REFERENCES sender,
  key TEXT NOT NULL,
  command TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at BIGINT
);
CREATE INDEX run_of_sender ON run (sender);

CREATE TABLE series (
  id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,
  run INTEGER NOT NULL REFERENCES run,
  clock TEXT NOT NULL,
  reference TEXT NOT NULL,
  independent INTEGER,
  reason TEXT NOT NULL,
  origin BIGINT NOT NULL
);
CREATE INDEX series_of_run ON series (run);

CREATE TABLE event (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run,
  at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  clock TEXT NOT NULL,
  reference TEXT NOT NULL
);
-- A row of an index has room for 2,700 bytes only.
CREATE UNIQUE INDEX event_once ON event (run, at, kind, md5(detail), clock, reference);
CREATE INDEX event_in_time ON event (at);

CREATE TABLE calibration (
  run INTEGER NOT NULL REFERENCES run,
  at BIGINT NOT NULL,
  result TEXT NOT NULL,
  PRIMARY KEY (run, at)
);

CREATE TABLE document (
  id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run INTEGER NOT NULL UNIQUE REFERENCES run,
  kind TEXT NOT NULL,
  kernel TEXT,
  summary TEXT NOT NULL,
  content BYTEA NOT NULL
);
CREATE INDEX document_of_kind ON document (kind);

CREATE TABLE settled (
  stream TEXT NOT NULL,
  first BIGINT NOT NULL,
  last BIGINT NOT NULL,
  refused INTEGER NOT NULL
);
CREATE INDEX settled_range ON settled (stream, last);
`;

/** Lets each boot know the one before it. @param hosts of these hosts: what may stand in the parentheses of IN. */
export const previousBoots = (hosts: string): string => `
UPDATE sender SET previous = (SELECT q.id FROM sender q WHERE q.host = sender.host AND q.first_at < sender.first_at
  ORDER BY q.first_at DESC LIMIT 1) WHERE host IN (${hosts})`;

/** `previous` is the boot of its host before this one, so that what changed from one to the next is found without a search. */
export const VERSION_2 = `
ALTER TABLE sender ADD COLUMN previous INTEGER;
${previousBoots('SELECT host FROM sender GROUP BY host HAVING count(*) > 1')};
CREATE INDEX sender_again ON sender (first_at) WHERE previous IS NOT NULL;
CREATE INDEX sender_by_name ON sender (hostname);
CREATE INDEX sender_named ON sender (lower(hostname) text_pattern_ops);
CREATE INDEX host_of_sender ON host (sender);
CREATE INDEX host_twin ON host (word) WHERE twin > 1;
DROP INDEX sender_in_time;
DROP INDEX profile_fresh;
`;
