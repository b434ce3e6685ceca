import { beforeAll, expect, test } from 'vitest';
import { madeFromTsc } from '../../src/host/clocksource.ts';
import { known, unknown } from '../../src/host/fact.ts';
import { hostFacts } from '../../src/host/host-facts.ts';
import { compareName } from '../../src/host/names.ts';
import { hostSummary } from '../../src/host/summary.ts';
import { host } from '../../src/report/kinds/host.ts';
import { resultText } from '../../src/report/text.ts';
import { type HostFacts, hostResultSchema, hostSummarySchema } from '../../src/schema/host.ts';

let facts: HostFacts;
beforeAll(async () => {
  facts = await hostFacts();
});

test('the facts are of the shape that the contract names', () => {
  expect(hostResultSchema.parse(facts)).toEqual(facts);
});

/** Every fact in the tree with the path to it. */
function* allFacts(value: unknown, path = ''): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return;
  if ('value' in value) yield [path, value as Record<string, unknown>];
  for (const [name, inner] of Object.entries(value)) yield* allFacts(inner, `${path}.${name}`);
}

test('every fact says where it comes from, or why it is missing', () => {
  const all = [...allFacts(facts)];
  expect(all.length).toBeGreaterThan(30);
  for (const [path, fact] of all) {
    const said = fact['value'] === null ? fact['reason'] : fact['source'];
    expect(said, path).toMatch(/\S/);
    expect(fact['value'], path).not.toBe('');
  }
});

test('the clocks that this kernel must have are read, each with a cost', () => {
  for (const name of ['realtime', 'monotonic', 'monotonic_raw'] as const) {
    const clock = facts.clocks.find((each) => each.name === name);
    expect(clock).toMatchObject({ readable: true, resolutionNs: 1 });
    expect(clock?.readNs).toBeGreaterThan(1);
    expect(clock?.readNs).toBeLessThan(1e6);
    expect(typeof clock?.syscallFallback).toBe('boolean');
  }
});

test('the summary is of its shape, names this host, and agrees with the facts', () => {
  const summary = hostSummary();
  expect(hostSummarySchema.parse(summary)).toEqual(summary);
  expect(summary.kernel).toBe(facts.os.kernel.value);
  expect(summary.cpu).toBe(facts.cpu.brand.value);
  expect(summary.clocksource).toBe(facts.clocksource.current.value);
  const nulls = Object.entries(summary).filter(([, value]) => value === null);
  expect(nulls.map(([name]) => name)).toEqual(Object.keys(summary.unknown));
});

test.each([
  ['AMD EPYC Processor', known('AMD EPYC(TM) CPU @ 2.6 GHz', 'CPUID'), 'AMD EPYC(TM) CPU @ 2.6 GHz', true],
  ['AMD', known('AuthenticAMD', 'CPUID'), 'AuthenticAMD', true],
  ['Intel', known('AuthenticAMD', 'CPUID'), 'AuthenticAMD', false],
  ['25', known(25, 'CPUID'), '25', true],
  ['25', known(26, 'CPUID'), '26', false],
  ['AMD', unknown('no CPUID'), null, null],
  ['', known('AuthenticAMD', 'CPUID'), 'AuthenticAMD', null],
])(
  'systeminformation says %j beside what was read directly, never instead of it',
  (said, fact, direct, same) => {
    const systeminformation =
      said === '' ? unknown('systeminformation: no answer') : known(said, 'systeminformation');
    expect(compareName('cpu.vendor', said, fact)).toEqual({
      name: 'cpu.vendor',
      systeminformation,
      direct,
      same,
    });
  },
);

test('what clocksources are made from', () => {
  const made = (name: string) => madeFromTsc(known(name, 'test'));
  expect(made('tsc').value).toBe(true);
  expect(made('kvm-clock').value).toBe(true);
  expect(made('hyperv_clocksource_tsc_page').value).toBe(true);
  expect(made('hpet').value).toBe(false);
  expect(made('acpi_pm').value).toBe(false);
  expect(made('something-new')).toMatchObject({
    value: null,
    reason: expect.stringContaining('something-new'),
  });
  expect(madeFromTsc(unknown('no /sys'))).toEqual({ value: null, reason: 'no /sys' });
});

test('people read the same facts', () => {
  const text = resultText(host, facts);
  for (const word of ['CPU', 'TSC', 'Clocksource', 'monotonic_raw', 'SCHED_FIFO'])
    expect(text).toContain(word);
  expect(text).not.toMatch(/undefined|\[object|null/);
});
