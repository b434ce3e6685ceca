/** What a column holds. `ns` is an absolute time or a large count of ns, a decimal string outside the store. */
export type ColumnType = 'text' | 'ns' | 'number' | 'flag';

/** The columns of every kind of exported row, in order. A `?` ends the name of those that may be null. */
export const EXPORT_ROWS = {
  host: { host: 'text', name: 'text', 'facts?': 'text' },
  run: {
    run: 'text',
    host: 'text',
    command: 'text',
    startedAtNs: 'ns',
    'endedAtNs?': 'ns',
    'options?': 'text',
    'document?': 'text',
  },
  series: {
    run: 'text',
    clock: 'text',
    reference: 'text',
    'independent?': 'flag',
    reason: 'text',
    originNs: 'ns',
    'rolledAtNs?': 'ns',
  },
  sample: {
    run: 'text',
    clock: 'text',
    reference: 'text',
    atNs: 'ns',
    offsetNs: 'number',
    windowNs: 'number',
  },
  rollup: {
    run: 'text',
    clock: 'text',
    reference: 'text',
    widthNs: 'ns',
    atNs: 'ns',
    count: 'number',
    minNs: 'number',
    maxNs: 'number',
    meanNs: 'number',
    firstAtNs: 'ns',
    firstNs: 'number',
    lastAtNs: 'ns',
    lastNs: 'number',
  },
  event: {
    run: 'text',
    'clock?': 'text',
    'reference?': 'text',
    atNs: 'ns',
    kind: 'text',
    detail: 'text',
  },
} as const satisfies Record<string, Record<string, ColumnType>>;

/** The kinds of exported rows, in the order in which they refer to one another. */
export type ExportKind = keyof typeof EXPORT_ROWS;
