import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keeping } from '../../src/fleet/keeping.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('everybody who asks the same at once, or within a while, gets one answer', async () => {
  const answers = keeping<number>(5_000, 8);
  const work = vi.fn(async () => work.mock.calls.length);
  expect(await Promise.all([answers('a', work), answers('a', work)])).toEqual([1, 1]);
  vi.advanceTimersByTime(4_999);
  expect(await answers('a', work)).toBe(1);
  vi.advanceTimersByTime(1);
  expect(await answers('a', work)).toBe(2);
  expect(await answers('b', work)).toBe(3);
});

test('what takes longer than an answer is kept is still done once', async () => {
  const answers = keeping<string>(5_000, 8);
  const work = vi.fn();
  let end = (_: string) => {};
  work.mockImplementation(() => new Promise<string>((resolve) => (end = resolve)));
  const first = answers('a', work);
  vi.advanceTimersByTime(60_000);
  const second = answers('a', work);
  end('there');
  expect(await Promise.all([first, second])).toEqual(['there', 'there']);
  expect(work).toHaveBeenCalledTimes(1);
});

test('what failed is not kept', async () => {
  const answers = keeping<string>(5_000, 8);
  await expect(answers('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(await answers('a', async () => 'there')).toBe('there');
});

test('of more keys than are kept the one asked longest ago goes', async () => {
  const answers = keeping<string>(5_000, 2);
  const say = (text: string) => async () => text;
  for (const key of ['a', 'b', 'c']) await answers(key, say('first'));
  expect(await answers('b', say('second'))).toBe('first');
  expect(await answers('a', say('second'))).toBe('second');
});
