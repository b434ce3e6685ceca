// Ctrl-C at every command that measures. The list is the program's own: a new command fails here until it has a case.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { commands } from '../../src/cli/program.ts';
import { documents } from '../../src/schema/index.ts';
import { tscope } from './tscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'tscope-interrupted-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What keeps each of them busy for longer than the test waits. */
const BUSY: Readonly<Record<string, readonly string[]>> = {
  calibrate: ['--duration', '1min'],
  drift: ['--duration', '1h', '--interval', '10ms'],
  kvm: ['--ticks', '20000'],
  measure: ['--out', 'measured'],
  stop: [],
  timer: ['--duration', '1h', '--priority', '0'],
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
    const document = documents[name as keyof typeof documents]?.parse(JSON.parse(stdout)) as {
      warnings: { code: string }[];
    };
    expect(document.warnings.filter(({ code }) => code === 'interrupted')).toHaveLength(1);
  },
  30_000,
);
