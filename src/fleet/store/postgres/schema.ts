/** All tables are in a schema of their own: whatever else the database holds is left alone. */
export const SCHEMA = 'tscope_fleet';

const ROLLUP = `
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

/** The tables that grow with time. `span` is how much of `at` one partition holds. */
export const PARTITIONED = {
  sample: { span: 86_400_000_000_000n, perDay: 86_400_000_000_000n },
  minute: { span: 1_440n, perDay: 1_440n },
  hour: { span: 720n, perDay: 24n },
} as const;
export type Partitioned = keyof typeof PARTITIONED;

const partitioned = (table: Partitioned, columns: string): string => `
CREATE TABLE ${table} (${columns}) PARTITION BY RANGE (at);
CREATE INDEX ${table}_in_time ON ${table} USING brin (at);
CREATE TABLE ${table}_other PARTITION OF ${table} DEFAULT;`;

/**
 * The tables as in sqlite/schema.ts, which says what they mean. Samples, minutes and hours are partitioned by time; rows
 * of a time for which there is no partition (a clock a year off, an agent that catches up) are in the partition `_other`
 * until upkeep makes one for them.
 */
const VERSION_1 = `
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
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  clock_error BIGINT NOT NULL,
  lost_minutes BIGINT NOT NULL,
  lost_samples BIGINT NOT NULL,
  lost_events BIGINT NOT NULL,
  lost_documents BIGINT NOT NULL
) WITH (fillfactor = 60);
CREATE INDEX sender_of_host ON sender (host);
CREATE INDEX sender_of_word ON sender (word);

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

CREATE TABLE conclusions (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL);

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
${partitioned('minute', ROLLUP)}
${partitioned('hour', ROLLUP)}
${partitioned(
  'sample',
  `
  series INTEGER NOT NULL,
  at BIGINT NOT NULL,
  "offset" DOUBLE PRECISION NOT NULL,
  "window" DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (series, at)`,
)}

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
-- A digest, because a row of an index has room for 2,700 bytes only.
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

/** Step k brings a store of version k to version k + 1. Released steps never change. */
export const MIGRATIONS: readonly string[] = [VERSION_1];
