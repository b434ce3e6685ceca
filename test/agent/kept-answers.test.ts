import { expect, test } from 'vitest';
import { KeptAnswers } from '../../src/agent/kept-answers.ts';

test('who asks together gets one answer, computed once', async () => {
  const kept = new KeptAnswers<number>(2);
  let computed = 0;
  const compute = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    computed += 1;
    return computed;
  };
  const answers = await Promise.all(Array.from({ length: 8 }, () => kept.get('month', 60_000, compute)));
  expect(answers).toEqual(Array(8).fill(1));
  expect(await kept.get('month', 60_000, compute)).toBe(1);
  expect(await kept.get('week', 60_000, compute)).toBe(2);
});

test('an answer is kept for its time only, and a failure not at all', async () => {
  const kept = new KeptAnswers<number>(2);
  let computed = 0;
  const compute = () => ++computed;
  expect(await kept.get('now', 0, compute)).toBe(1);
  expect(await kept.get('now', 0, compute)).toBe(2);
  const failing = () => {
    throw new Error('no');
  };
  await expect(kept.get('other', 60_000, failing)).rejects.toThrow('no');
  expect(await kept.get('other', 60_000, compute)).toBe(3);
});

test('the oldest answers go first', async () => {
  const kept = new KeptAnswers<number>(2);
  let computed = 0;
  const compute = () => ++computed;
  for (const key of ['a', 'b', 'c']) await kept.get(key, 60_000, compute);
  expect(await kept.get('c', 60_000, compute)).toBe(3);
  expect(await kept.get('b', 60_000, compute)).toBe(2);
  expect(await kept.get('a', 60_000, compute)).toBe(4);
});
