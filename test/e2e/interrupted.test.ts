// Ctrl-C at every command that measures. The list is the program's own: a new command fails here until it has a case.
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commands } from '../../src/cli/program.ts';
import { documents } from '../../src/schema/index.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { tscope } from './tscope.ts';

const folder = temporaryFolder();

/** What keeps each of them busy for longer than the test waits. */
const BUSY: Readonly<Record<string, readonly string[]>> = {
  calibrate: ['--duration', '1min'],
  drift: ['--duration', '1h', '--interval', '10ms'],
  kvm: ['--ticks', '20000'],
  measure: ['--out', 'measured'],
  stop: ['--policies', 'catch-up', '--priority', '0'],
  timer: ['--duration', '1h', '--priority', '0'],
};

/** That something was measured until then. */
const MEASURED: Readonly<Record<string, RegExp>> = {
  calibrate: /"samples": [1-9]/,
  drift: /"samples": [1-9]/,
  stop: /"rows": \[\s+\{/,
  timer: /"ticks": [1-9]/,
};

/** They end when they have looked. */
const AT_ONCE = ['host'];

const measuring: string[] = [];
for (const [name, load] of Object.entries(commands)) {
  const { command } = await load();
  if (command.needsHost && !command.endsBySignal && !AT_ONCE.includes(name)) measuring.push(name);
}

const possible = (name: string): boolean => name !== 'kvm' || existsSync('/dev/kvm');

test.each(measuring.filter(possible))(
  '%s: cut short, the document is whole and says so',
  async (name) => {
    const kill = { signal: 'SIGINT', once: 'listening', afterMs: 1_500 } as const;
    const { code, stdout, stderr } = await tscope([name, ...(BUSY[name] ?? ['no case']), '--json'], {
      cwd: folder,
      kill,
    });
    expect({ code, stderr }).toMatchObject({ code: 130, stderr: expect.stringContaining('Interrupted: ') });
    const document = documents[name]?.parse(JSON.parse(stdout)) as {
      warnings: { code: string }[];
    };
    expect(document.warnings.filter(({ code }) => code === 'interrupted')).toHaveLength(1);
    expect(stdout).toMatch(MEASURED[name] ?? '');
  },
  30_000,
);
