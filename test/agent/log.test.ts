import { expect, test } from 'vitest';
import { boundedLog, type LogLevel, MOST_LINES } from '../../src/agent/log.ts';

function recorded() {
  const lines: [LogLevel, string, unknown?][] = [];
  let now = 0;
  const log = boundedLog(
    (level, message, fields) =>
      lines.push(fields === undefined ? [level, message] : [level, message, fields]),
    () => now,
  );
  return {
    lines,
    log,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test('ten lines of a kind in a minute, then a count', () => {
  const { lines, log, pass } = recorded();
  for (let i = 0; i < 16_822; i++) log('error', `a request failed: number ${i}`);
  log('info', 'another kind');
  expect(lines).toHaveLength(MOST_LINES + 1);
  pass(60_000);
  log('error', 'a request failed: again');
  expect(lines.slice(-2)).toEqual([
    ['warn', 'lines were left out', { like: 'error a request failed', count: 16_822 - MOST_LINES }],
    ['error', 'a request failed: again'],
  ]);
});

test('a line short of a minute is still left out', () => {
  const { lines, log, pass } = recorded();
  for (let i = 0; i < MOST_LINES; i++) log('error', 'a');
  pass(59_999);
  log('error', 'a');
  expect(lines).toHaveLength(MOST_LINES);
});

test('kinds without end share one allowance', () => {
  const { lines, log } = recorded();
  for (let i = 0; i < 10_000; i++) log('error', `kind ${i}`);
  expect(lines).toHaveLength(64 + MOST_LINES);
});
