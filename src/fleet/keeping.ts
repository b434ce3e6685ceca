/** Answers a key: what was answered a moment ago, or else by `work`. */
export type Keeping<T> = (key: string, work: () => Promise<T>) => Promise<T>;

/**
 * Gives everybody who asks the same within a while one answer, those who ask before it is there included. What fails is told
 * to whoever waited for it, and not kept.
 *
 * @param keptMs how long an answer is good for.
 * @param most keys that are kept; of more the one asked longest ago goes.
 */
export function keeping<T>(keptMs: number, most: number): Keeping<T> {
  const kept = new Map<string, { readonly answer: Promise<T>; untilMs: number }>();
  return (key, work) => {
    const known = kept.get(key);
    if (known !== undefined && performance.now() < known.untilMs) return known.answer;
    const entry = { answer: work(), untilMs: Number.POSITIVE_INFINITY };
    kept.delete(key);
    kept.set(key, entry);
    const [oldest] = kept.keys();
    if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    entry.answer.then(
      () => {
        entry.untilMs = performance.now() + keptMs;
      },
      () => {
        if (kept.get(key) === entry) kept.delete(key);
      },
    );
    return entry.answer;
  };
}
