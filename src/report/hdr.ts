import { usageError } from '../errors.ts';
import type { Bucket } from '../tasks/histogram.ts';

/** The forms of HdrHistogram's own tools, by the end of a file's name. */
const FORMS = ['hlog', 'hgrm'] as const;
type Form = (typeof FORMS)[number];

/** The form that a file's name asks for. @throws TscopeError USAGE for another ending. */
export function hdrForm(file: string): Form {
  const form = FORMS.find((each) => file.toLowerCase().endsWith(`.${each}`));
  if (form === undefined) {
    throw usageError(
      `${file} is neither a .hlog (HdrHistogram's log) nor a .hgrm (its percentile distribution) by its name.`,
    );
  }
  return form;
}

/** ns in the unit of the column that people read: ms in a log, us in a distribution, as HdrHistogram's own tools print. */
const [NS_PER_MS, NS_PER_US] = [1e6, 1e3];
const TICKS_PER_HALF = 5;

/**
 * Lateness as HdrHistogram's tools read it: ns, to three digits. An early tick counts as 0, the least that it can hold.
 *
 * @param span when the ticks were measured, and for how long.
 */
export async function hdrText(
  form: Form,
  buckets: readonly Bucket[],
  maxNs: number,
  { startedAt, durationNs }: { readonly startedAt: Date; readonly durationNs: number },
): Promise<string> {
  const { default: hdr } = await import('hdr-histogram-js');
  const histogram = hdr.build({ bitBucketSize: 64, numberOfSignificantValueDigits: 3 });
  for (const { low, high, count } of buckets) {
    const value = Math.min(maxNs, Math.floor((low + high - 1) / 2));
    histogram.recordValueWithCount(Math.max(0, value), count);
  }
  if (form === 'hgrm') return histogram.outputPercentileDistribution(TICKS_PER_HALF, NS_PER_US);
  let text = '';
  const writer = new hdr.HistogramLogWriter((line) => {
    text += line;
  });
  writer.outputComment('[Lateness of timer ticks in ns, logged by tscope]');
  writer.outputLogFormatVersion();
  writer.outputComment(`[StartTime: ${(startedAt.getTime() / 1e3).toFixed(3)} (seconds since epoch)]`);
  writer.outputLegend();
  writer.outputIntervalHistogram(histogram, 0, durationNs / 1e9, NS_PER_MS);
  return text;
}
