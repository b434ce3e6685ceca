/** How a database writes the types of columns, and what it says behind a table. */
export interface Dialect {
  /** A number that the database gives each new row, and that other tables name. */
  readonly key: string;
  /** Such a number of rows that may come to more than 2^31. */
  readonly longKey: string;
  readonly small: string;
  /** 64 bits: a time in ns, a count. */
  readonly integer: string;
  readonly real: string;
  readonly bytes: string;
  /** Behind the columns of a table. */
  readonly table: string;
  /** Behind those of one that is found by its primary key only. */
  readonly keyed: string;
  /** Behind those of one whose rows change with every message. */
  readonly busy: string;
  /** Behind a column of an index in descending order whose nulls are to come last. */
  readonly last: string;
  /** `detail` in a unique index. */
  readonly detail: string;
  /** Behind a text in an index that is to find it by its beginning. */
  readonly beginning: string;
}

/** Columns of minutes and hours. */
export const rollupColumns = ({ small, real }: Dialect): string => `
  series ${small} NOT NULL,
  at ${small} NOT NULL,
  count ${small} NOT NULL,
  min ${real} NOT NULL,
  max ${real} NOT NULL,
  mean ${real} NOT NULL,
  first_since ${real} NOT NULL,
  first ${real} NOT NULL,
  last_since ${real} NOT NULL,
  last ${real} NOT NULL,
  PRIMARY KEY (series, at)`;

/** Columns of single samples. */
export const sampleColumns = ({ small, integer, real }: Dialect): string => `
  series ${small} NOT NULL,
  at ${integer} NOT NULL,
  "offset" ${real} NOT NULL,
  "window" ${real} NOT NULL,
  PRIMARY KEY (series, at)`;

/**
 * The tables of a fleet store but those that grow with time: `minute`, `hour` and `sample`. A host is whoever publishes
 * under a word, apart from others under the same word (`twin`); a sender is one boot of one machine with one local store.
 * What is known of a host is what its newest sender (`host.sender`) said;
 * `unstable` is the kernel's remark that it no longer trusts the TSC. A profile is what judging needs of a host: it is
 * read again where something came since (`fresh`, the first new hour), if it has not changed meanwhile (`stamp`).
 *
 * `identity` is what makes a row the same when it comes again. Times of samples are ns since the epoch, `at` of a minute or
 * an hour is its number since the epoch, `..._since` is ns since its start; times in ms are the hub's.
 */
export const tables = ({
  key,
  longKey,
  small,
  integer,
  real,
  bytes,
  table,
  keyed,
  busy,
  last,
  detail,
}: Dialect): string => `
CREATE TABLE host (
  id ${key},
  word TEXT NOT NULL,
  twin ${small} NOT NULL,
  sender ${small},
  first_at ${integer} NOT NULL,
  UNIQUE (word, twin)
)${table};

CREATE TABLE sender (
  id ${key},
  identity TEXT NOT NULL UNIQUE,
  host ${small} NOT NULL REFERENCES host,
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
  kernel_hz ${real},
  unstable TEXT,
  unstable_at ${integer},
  first_at ${integer} NOT NULL,
  last_at ${integer} NOT NULL,
  clock_error ${integer} NOT NULL,
  lost_minutes ${integer} NOT NULL,
  lost_samples ${integer} NOT NULL,
  lost_events ${integer} NOT NULL,
  lost_documents ${integer} NOT NULL
)${busy};
CREATE INDEX sender_of_host ON sender (host, first_at);
CREATE INDEX sender_of_word ON sender (word);
CREATE INDEX sender_in_time ON sender (first_at);
CREATE INDEX sender_unstable ON sender (unstable_at) WHERE unstable_at IS NOT NULL;

CREATE TABLE label (
  sender ${small} NOT NULL REFERENCES sender,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (sender, key)
)${keyed};

CREATE TABLE standing (
  host ${small} PRIMARY KEY REFERENCES host,
  score ${real},
  detail TEXT NOT NULL
)${table};
CREATE INDEX standing_by_score ON standing (score DESC${last}, host);

CREATE TABLE conclusions (id ${small} PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL)${table};

CREATE TABLE profile (
  host ${small} PRIMARY KEY REFERENCES host,
  fresh ${small},
  stamp ${small} NOT NULL,
  hour ${small} NOT NULL,
  rates ${bytes} NOT NULL,
  claim TEXT,
  kvm TEXT
)${table};
CREATE INDEX profile_fresh ON profile (host) WHERE fresh IS NOT NULL;

CREATE TABLE run (
  id ${key},
  identity TEXT NOT NULL UNIQUE,
  sender ${small} NOT NULL REFERENCES sender,
  key TEXT NOT NULL,
  command TEXT NOT NULL,
  started_at ${integer} NOT NULL,
  ended_at ${integer}
)${table};
CREATE INDEX run_of_sender ON run (sender);

CREATE TABLE series (
  id ${key},
  identity TEXT NOT NULL UNIQUE,
  run ${small} NOT NULL REFERENCES run,
  clock TEXT NOT NULL,
  reference TEXT NOT NULL,
  independent ${small},
  reason TEXT NOT NULL,
  origin ${integer} NOT NULL
)${table};
CREATE INDEX series_of_run ON series (run);

CREATE TABLE event (
  id ${longKey},
  run ${small} NOT NULL REFERENCES run,
  at ${integer} NOT NULL,
  seen_at ${integer} NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  clock TEXT NOT NULL,
  reference TEXT NOT NULL
)${table};
CREATE UNIQUE INDEX event_once ON event (run, at, kind, ${detail}, clock, reference);
CREATE INDEX event_in_time ON event (at);

CREATE TABLE calibration (
  run ${small} NOT NULL REFERENCES run,
  at ${integer} NOT NULL,
  result TEXT NOT NULL,
  PRIMARY KEY (run, at)
)${keyed};

CREATE TABLE document (
  id ${key},
  run ${small} NOT NULL UNIQUE REFERENCES run,
  kind TEXT NOT NULL,
  kernel TEXT,
  summary TEXT NOT NULL,
  content ${bytes} NOT NULL
)${table};
CREATE INDEX document_of_kind ON document (kind);

CREATE TABLE settled (
  stream TEXT NOT NULL,
  first ${integer} NOT NULL,
  last ${integer} NOT NULL,
  refused ${small} NOT NULL
)${table};
CREATE INDEX settled_range ON settled (stream, last);
`;

/** Lets each boot know the one before it. @param hosts of these hosts: what may stand in the parentheses of IN. */
export const previousBoots = (hosts: string): string => `
UPDATE sender SET previous = (SELECT q.id FROM sender q WHERE q.host = sender.host AND q.first_at < sender.first_at
  ORDER BY q.first_at DESC LIMIT 1) WHERE host IN (${hosts})`;

/** `previous` is the boot of its host before this one, so that what changed from one to the next is found without a search. */
export const version2 = ({ beginning }: Dialect): string => `
ALTER TABLE sender ADD COLUMN previous INTEGER;
${previousBoots('SELECT host FROM sender GROUP BY host HAVING count(*) > 1')};
CREATE INDEX sender_again ON sender (first_at) WHERE previous IS NOT NULL;
CREATE INDEX sender_by_name ON sender (hostname);
CREATE INDEX sender_named ON sender (lower(hostname)${beginning});
CREATE INDEX host_of_sender ON host (sender);
CREATE INDEX host_twin ON host (word) WHERE twin > 1;
DROP INDEX sender_in_time;
DROP INDEX profile_fresh;
`;
