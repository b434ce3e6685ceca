import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { quietControl } from '../../../src/clock/control.ts';
import { TscopeError } from '../../../src/errors.ts';
import { replayText } from '../../../src/report/kinds/replay.ts';
import { replayResultSchema } from '../../../src/schema/replay.ts';
import { MAX_STEPS } from '../../../src/tasks/replay/parse-scenarios.ts';
import { replayTask } from '../../../src/tasks/replay/replay-file.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const folder = temporaryFolder();
const path = join(folder, 'scenario');
const vectors = join(import.meta.dirname, '../../vectors/replay-public.json.gz');

const run = async (file = path) => (await replayTask({ path: file }, quietControl)).result;
const replayOf = (content: string | Buffer) => {
  writeFileSync(path, content);
  return run();
};

/** One tick under clamp, as a document whose parts a test may change. */
const scenario = () => ({
  name: 'one tick',
  config: { policy: 'clamp', guestTscKhz: 2_600_000 } as Record<string, unknown>,
  steps: [
    { ktime: '0', tsc: '0', do: 'lvtt', value: 131_308 },
    { ktime: '0', tsc: '0', do: 'tdcr', value: 11 },
    { ktime: '0', tsc: '0', do: 'tmict', value: 1_000_000 },
    { ktime: '1000000', tsc: '2600000', do: 'hv-expire' },
    { ktime: '1400000', tsc: '3640000', do: 'tmcct' },
  ] as Record<string, unknown>[],
});
const changed = (change: (given: ReturnType<typeof scenario>) => void): string => {
  const given = scenario();
  change(given);
  return JSON.stringify([scenario(), given]);
};

/** The sentence that refuses `content`, without the file's name. */
async function refusal(content: string | Buffer): Promise<string> {
  try {
    await replayOf(content);
  } catch (error) {
    expect(error).toBeInstanceOf(TscopeError);
    expect(error).toMatchObject({ code: 'USAGE' });
    const { message } = error as TscopeError;
    expect(message).not.toMatch(/\p{Cc}/u);
    return message.replace(path, '').replace(/^:? /, '');
  }
  throw new Error('it was accepted');
}

describe('what is replayed', () => {
  test('one scenario or an array, plain or packed, with the defaults filled in', async () => {
    const single = await replayOf(JSON.stringify(scenario()));
    expect(single.scenarios).toHaveLength(1);
    expect(single.scenarios[0]?.states[3]).toMatchObject({
      targetExpiration: '2000000',
      pending: 1,
      hvTimerInUse: true,
    });
    expect(single.scenarios[0]?.states[4]).toMatchObject({ value: 600_000 });
    expect(single.scenarios[0]?.states[3]).not.toHaveProperty('value');
    expect(await replayOf(JSON.stringify([scenario()]))).toEqual(single);
    expect(await replayOf(gzipSync(JSON.stringify(scenario())))).toEqual(single);
    expect(await replayOf(`\ufeff${JSON.stringify(scenario())}`)).toEqual(single);
  });

  test('clocks may be numbers while those are exact', async () => {
    const given = scenario();
    for (const step of given.steps)
      Object.assign(step, { ktime: Number(step['ktime']), tsc: Number(step['tsc']) });
    expect(await replayOf(JSON.stringify(given))).toEqual(await replayOf(JSON.stringify(scenario())));
  });

  test('integers may be strings, decimal or hexadecimal, wherever they stand', async () => {
    const given = scenario();
    Object.assign(given.config, {
      guestTscKhz: '0x27ac40',
      busCycleNs: '1',
      l1TscOffset: '0xFFFFFFFFFFFFFFFF',
    });
    Object.assign(given.steps[0] ?? {}, { ktime: '0x0', tsc: 0, value: '0x200EC' });
    Object.assign(given.steps[2] ?? {}, { value: '1000000' });
    const plain = scenario();
    Object.assign(plain.config, { l1TscOffset: '18446744073709551615' });
    plain.steps[0] = { ...plain.steps[0], value: 0x200ec };
    const hex = await replayOf(JSON.stringify({ ...given, expect: [{ period: '0x0', divideCount: '0x2' }] }));
    expect(hex.scenarios).toEqual((await replayOf(JSON.stringify(plain))).scenarios);
    expect(hex.differences.map(({ field }) => field)).toEqual(['states']);
  });

  test('the vectors give the contract, and no difference', async () => {
    const result = await run(vectors);
    expect(() => replayResultSchema.parse(result)).not.toThrow();
    expect(result).toMatchObject({ compared: 4_195, differences: [] });
    expect(replayText(result)).toContain('Every one of 4,195 states is as expected.');
  });
});

test('what the timer tests of other projects expect (TDX bus, change of mode, one-shot, TSC-deadline)', async () => {
  const result = await run(join(import.meta.dirname, '../../scenarios/kvm-timer-tests.json'));
  expect(result).toMatchObject({ compared: 132, differences: [] });
});

describe('what is not as expected', () => {
  const expecting = (
    change: (expect: Record<string, unknown>[], given: { scale: { mult: number } }) => void,
  ) => {
    const [given] = JSON.parse(gunzipSync(readFileSync(vectors)).toString());
    change(given.expect, given);
    return replayOf(JSON.stringify(given));
  };

  test('is reported by scenario, step and field', async () => {
    const result = await expecting((expect) => {
      Object.assign(expect[2] ?? {}, { period: '1', hvTimerInUse: null });
    });
    const at = { scenario: 0, name: 'clamp/hv/0', step: 2 };
    expect(result.differences).toEqual([
      { ...at, field: 'period', expected: '1', actual: '3200000' },
      { ...at, field: 'hvTimerInUse', expected: null, actual: true },
    ]);
    expect(replayText(result)).toContain('scenarios[0] clamp/hv/0, step 2, period: expected 1, got 3200000');
  });

  test('a string is not the number that looks like it', async () => {
    const { differences } = await expecting((expect) =>
      Object.assign(expect[0] ?? {}, { pending: '0', period: 0 }),
    );
    expect(differences.map(({ field }) => field)).toEqual(['period', 'pending']);
  });

  test('includes the scale, and a number of states that is not that of the steps', async () => {
    const { differences } = await expecting((expect, given) => {
      given.scale.mult += 1;
      expect.pop();
    });
    expect(differences.map(({ step, field }) => [step, field])).toEqual([
      [null, 'scale.mult'],
      [null, 'states'],
    ]);
  });

  test('a value where no step reads one is a difference', async () => {
    const { differences } = await expecting((expect) => Object.assign(expect[0] ?? {}, { value: 0 }));
    expect(differences).toMatchObject([{ step: 0, field: 'value', expected: 0, actual: null }]);
  });

  test('a long list is cut in text', async () => {
    const result = await expecting((expect) => {
      for (const state of expect) state['period'] = '7';
    });
    expect(result.differences).toHaveLength(28);
    expect(replayText(result)).toContain('and 8 more; the JSON document lists them all.');
  });
});

describe('one sentence with the path to the fault', () => {
  const step = (i: number, change: Record<string, unknown>) =>
    changed(({ steps }) => Object.assign(steps[i] ?? {}, change));
  const config = (change: Record<string, unknown>) => changed(({ config }) => Object.assign(config, change));

  test.each([
    ['a negative TSC', step(3, { tsc: '-5' }), 'scenarios[1].steps[3].tsc: "-5" is outside 0 to 2^64 - 1.'],
    [
      'a negative TSC as a number',
      step(3, { tsc: -5 }),
      'scenarios[1].steps[3].tsc: -5 is outside 0 to 2^64 - 1.',
    ],
    [
      'a number past 2^53',
      step(3, { ktime: 2 ** 53 + 2 }),
      'scenarios[1].steps[3].ktime: 9007199254740994 is a number past 2^53, which JSON cannot hold exactly; give it as a string.',
    ],
    [
      'a TSC past 64 bits',
      step(0, { tsc: String(2n ** 64n) }),
      'scenarios[1].steps[0].tsc: "18446744073709551616" is outside',
    ],
    [
      'a ktime past 63 bits',
      step(0, { ktime: String(2n ** 63n) }),
      'scenarios[1].steps[0].ktime: "9223372036854775808" is outside',
    ],
    ['no hexadecimal digit', step(0, { tsc: '0xg' }), 'scenarios[1].steps[0].tsc: "0xg" is not an integer'],
    [
      'a negative hexadecimal',
      step(0, { tsc: '-0x1' }),
      'scenarios[1].steps[0].tsc: "-0x1" is not an integer',
    ],
    ['an exponent', step(0, { tsc: '1e9' }), 'scenarios[1].steps[0].tsc: "1e9" is not an integer'],
    [
      'no digits',
      step(0, { tsc: '' }),
      'scenarios[1].steps[0].tsc: "" is not an integer from 0 to 2^64 - 1, decimal or hexadecimal (0x...).',
    ],
    [
      '17 hexadecimal digits',
      step(0, { tsc: '0x10000000000000000' }),
      '"0x10000000000000000" is not an integer',
    ],
    ['a fraction', step(0, { tsc: 1.5 }), 'scenarios[1].steps[0].tsc: 1.5 is not an integer'],
    ['an object for a clock', step(0, { tsc: {} }), 'scenarios[1].steps[0].tsc: an object is not an integer'],
    ['null for a clock', step(0, { tsc: null }), 'scenarios[1].steps[0].tsc: null is not an integer'],
    ['no clock', step(0, { tsc: undefined }), 'scenarios[1].steps[0].tsc is missing.'],
    [
      'an unknown do',
      step(3, { do: 'explode\u001b[31m' }),
      'scenarios[1].steps[3].do: "explode\\x1b[31m" is not one of lvtt, tmict,',
    ],
    ['no do', step(3, { do: undefined }), 'scenarios[1].steps[3].do is missing.'],
    ['a do of another type', step(3, { do: 7 }), 'scenarios[1].steps[3].do: 7 is not one of lvtt,'],
    [
      'a register without its value',
      step(0, { value: undefined }),
      'scenarios[1].steps[0].value is missing.',
    ],
    [
      'a register value of 33 bits',
      step(0, { value: 2 ** 32 }),
      'scenarios[1].steps[0].value: 4294967296 is outside 0 to 4294967295.',
    ],
    [
      'a register value as a word',
      step(0, { value: 'periodic' }),
      'scenarios[1].steps[0].value: "periodic" is not an integer from 0 to 4294967295, decimal or hexadecimal (0x...).',
    ],
    ['a register value as a switch', step(0, { value: true }), 'steps[0].value: true is not an integer'],
    [
      'a value that nothing uses',
      step(3, { value: 1 }),
      'scenarios[1].steps[3].value is not a field of this object.',
    ],
    [
      'an unknown policy',
      config({ policy: 'catchup' }),
      'scenarios[1].config.policy: "catchup" is not one of independent, catch-up, clamp,',
    ],
    [
      'a TSC that stands still',
      config({ guestTscKhz: 0 }),
      'scenarios[1].config.guestTscKhz: 0 is outside 1 to 4294967295.',
    ],
    ['no TSC rate', config({ guestTscKhz: undefined }), 'scenarios[1].config.guestTscKhz is missing.'],
    [
      'a ratio of 0',
      config({ l1TscScalingRatio: '0' }),
      'scenarios[1].config.l1TscScalingRatio: "0" is outside 1 to 2^64 - 1.',
    ],
    [
      'a shift past five bits',
      config({ preemptionTimerShift: 32 }),
      'scenarios[1].config.preemptionTimerShift: 32 is outside 0 to 31.',
    ],
    [
      'a bus cycle that KVM refuses',
      config({ busCycleNs: 33_554_433 }),
      'scenarios[1].config.busCycleNs: 33554433 is outside 1 to 33554432.',
    ],
    [
      'a switch as text',
      config({ hvTimer: 'no' }),
      'scenarios[1].config.hvTimer: "no" is not true or false.',
    ],
    [
      'a misspelt field',
      config({ hvTimr: true }),
      'scenarios[1].config.hvTimr is not a field of this object.',
    ],
    [
      'steps that are no array',
      changed((given) => Object.assign(given, { steps: {} })),
      'scenarios[1].steps: an object is not an array.',
    ],
    [
      'a step that is none',
      changed(({ steps }) => steps.splice(2, 1, [] as never)),
      'scenarios[1].steps[2]: an array is not an object.',
    ],
    [
      'no name',
      changed((given) => Object.assign(given, { name: undefined })),
      'scenarios[1].name is missing.',
    ],
    [
      'an expectation of nothing known',
      changed((given) => Object.assign(given, { expect: [{ perod: '0' }] })),
      'scenarios[1].expect[0].perod is not a field of this object.',
    ],
    [
      'an expectation that is no scalar',
      changed((given) => Object.assign(given, { expect: [{ period: [] }] })),
      'scenarios[1].expect[0].period: an array is not',
    ],
    ['a scalar', '42', 'scenarios[0]: 42 is not an object.'],
    ['null', 'null', 'scenarios[0]: null is not an object.'],
    ['no scenario', '[]', 'the array of scenarios is empty; give at least one.'],
    [
      'deep nesting',
      `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
      'scenarios[0]: an array is not an object.',
    ],
  ])('%s', async (_what, content, sentence) => {
    expect(await refusal(content)).toContain(sentence);
  });

  test('too many steps', async () => {
    const many = changed(({ steps }) =>
      steps.push(...new Array(MAX_STEPS).fill({ ktime: '0', tsc: '0', do: 'inject' })),
    );
    expect(await refusal(many)).toBe(
      'steps of all scenarios: 100010 entries are more than the 100000 of one replay.',
    );
  });

  test('a million steps', async () => {
    const million = `{"name":"x","config":{},"steps":[${new Array(1_000_000).fill('{}').join()}]}`;
    expect(await refusal(million)).toBe(
      'scenarios[0].steps: 1000000 entries are more than the 100000 of one replay.',
    );
  });

  test('more objects than any replay has', async () => {
    expect(await refusal(`[${new Array(3_000_000).fill('[]').join()}]`)).toMatch(
      /^holds more than \d+ objects and arrays\.$/,
    );
  });
});

describe('a file that is no JSON', () => {
  test.each([
    ['nothing', '', 'is empty'],
    ['blanks', ' \n', 'is empty'],
    ['a cut document', '[{"name":', 'is not JSON:'],
    ['NaN', '[NaN]', 'is not JSON:'],
    ['lines and escapes', '[\n\n"\u001b', 'is not JSON:'],
    ['bytes', Buffer.from([0x00, 0xff, 0xfe, 0x80]), 'text'],
    ['damaged gzip', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]), 'is a damaged gzip file'],
    ['cut gzip', gzipSync('[]'.repeat(1_000)).subarray(0, 20), 'is a damaged gzip file'],
    ['a gzip bomb', gzipSync(Buffer.alloc(80 * 2 ** 20)), 'is larger than 64 MiB'],
  ])('%s', async (_what, content, sentence) => {
    expect(await refusal(content)).toContain(sentence);
  });

  test('an endless file is given up', async () => {
    await expect(run('/dev/zero')).rejects.toThrow('/dev/zero is larger than 64 MiB.');
  });

  test.each([
    [join(folder, 'none'), 'ENOENT'],
    [folder, 'EISDIR'],
  ])('%s cannot be read', async (file, code) => {
    await expect(run(file)).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining(`cannot read ${file}`),
    });
    await expect(run(file)).rejects.toThrow(code);
  });
});
