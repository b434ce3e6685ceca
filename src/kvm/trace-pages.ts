/** One field of an event, or of a page's head: where it lies. */
interface Field {
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
}

/** An event's record, as its `format` file describes it on this kernel. */
export interface EventFormat {
  readonly id: number;
  readonly fields: ReadonlyMap<string, Field>;
}

/** Where a page of the ring buffer keeps what, as `events/header_page` describes it. */
export interface PageLayout {
  readonly timestamp: Field;
  readonly commit: Field;
  readonly data: Field;
}

/** One event: its time stamp, and its record. */
interface RawEvent {
  readonly time: bigint;
  readonly record: DataView;
}

const FIELD = /field:([^;]*?)(\w+)(?:\[[^\]]*\])?;\s*offset:(\d+);\s*size:(\d+);\s*signed:(\d+);/g;

const fieldsOf = (text: string): Map<string, Field> =>
  new Map(
    [...text.matchAll(FIELD)].map(([, , name = '', offset, size, signed]) => [
      name,
      { offset: Number(offset), size: Number(size), signed: signed === '1' },
    ]),
  );

/** Reads a `format` file; null where it is not one, or lacks one of the fields that are `needed`. */
export function parseFormat(text: string, needed: readonly string[]): EventFormat | null {
  const id = /^ID: (\d+)$/m.exec(text)?.[1];
  const fields = fieldsOf(text);
  return id === undefined || needed.some((name) => !fields.has(name)) ? null : { id: Number(id), fields };
}

/** Reads `events/header_page`; null where it is not one. */
export function parsePageLayout(text: string): PageLayout | null {
  const fields = fieldsOf(text);
  const [timestamp, commit, data] = ['timestamp', 'commit', 'data'].map((name) => fields.get(name));
  return timestamp && commit && data ? { timestamp, commit, data } : null;
}

/** A whole number out of a record, by its field's width and sign; 0 where the record ends before. */
export function fieldValue(record: DataView, { offset, size, signed }: Field): bigint {
  if (offset + size > record.byteLength) return 0n;
  switch (size) {
    case 8:
      return signed ? record.getBigInt64(offset, true) : record.getBigUint64(offset, true);
    case 4:
      return BigInt(signed ? record.getInt32(offset, true) : record.getUint32(offset, true));
    case 2:
      return BigInt(signed ? record.getInt16(offset, true) : record.getUint16(offset, true));
    default:
      return BigInt(signed ? record.getInt8(offset) : record.getUint8(offset));
  }
}

// The entry's head (events/header_event): 5 bits of type or length in words, 27 bits of time since the one before.
const PADDING = 29;
const TIME_EXTEND = 30;
const TIME_STAMP = 31;
const DELTA_BITS = 27n;
/** Of `commit`, the upper two bits tell of lost events; the rest is the length of the data. */
const COMMIT_LENGTH = (1n << 30n) - 1n;
/** Bits that an absolute time stamp cannot hold; they are the page's. */
const STAMP_BITS = 59n;

/** The events of one page of `trace_pipe_raw`, in order. */
export function eventsOf(page: DataView, layout: PageLayout): RawEvent[] {
  const events: RawEvent[] = [];
  let time = fieldValue(page, layout.timestamp);
  const length = Number(fieldValue(page, layout.commit) & COMMIT_LENGTH);
  const end = Math.min(layout.data.offset + length, page.byteLength);
  for (let at = layout.data.offset; at + 4 <= end; ) {
    const head = page.getUint32(at, true);
    const type = head & 31;
    const delta = BigInt(head >>> 5);
    if (type <= 28) {
      const long = type === 0;
      if (long && at + 8 > end) break;
      const start = at + (long ? 8 : 4);
      const size = long ? page.getUint32(at + 4, true) - 4 : 4 * type;
      time += delta;
      if (size < 4 || start + size > end) break;
      const record = new DataView(page.buffer, page.byteOffset + start, size);
      events.push({ time, record });
      at = start + size;
      continue;
    }
    // A whole page of nothing follows a padding without time.
    if ((type === PADDING && delta === 0n) || at + 8 > end) break;
    const array = BigInt(page.getUint32(at + 4, true));
    if (type === PADDING) {
      time += delta;
      at += 4 + Number(array);
    } else {
      const ns = (array << DELTA_BITS) + delta;
      if (type === TIME_EXTEND) time += ns;
      else if (type === TIME_STAMP) time = ((time >> STAMP_BITS) << STAMP_BITS) | ns;
      at += 8;
    }
  }
  return events;
}
