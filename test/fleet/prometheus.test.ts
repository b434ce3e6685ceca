import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SCRIPTS = join(import.meta.dirname, '../../scripts/prometheus');
const promtool = (...args: string[]) => spawnSync('promtool', args, { encoding: 'utf8', cwd: SCRIPTS });
const absent = promtool('--version').error !== undefined;

test.skipIf(absent)("promtool finds nothing to say of the fleet's rules (skipped without prometheus)", () => {
  const { status, stdout, stderr } = promtool('check', 'rules', 'fleet-alerts.yml');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).not.toMatch(/warn|duplicate/i);
});

test.skipIf(absent)('they fire when they should and not otherwise (skipped without prometheus)', () => {
  const { status, stdout, stderr } = promtool('test', 'rules', 'fleet-alerts.test.yml');
  expect(`${stdout}${stderr}`).toContain('SUCCESS');
  expect(status).toBe(0);
});

test('each rule has a test in which it fires', () => {
  const names = (file: string) =>
    readFileSync(join(SCRIPTS, file), 'utf8').matchAll(/alert(?:name)?: (\w+)/g);
  const rules = [...names('fleet-alerts.yml')].map(([, name]) => name);
  expect(rules).toContain('FleetNotCollecting');
  const tested = readFileSync(join(SCRIPTS, 'fleet-alerts.test.yml'), 'utf8');
  for (const rule of rules)
    expect(tested).toMatch(new RegExp(`alertname: ${rule}\\n +exp_alerts:\\n +- exp_labels`));
});

test('the dashboard has panels, each with a query of what a collector tells', () => {
  const { panels } = JSON.parse(readFileSync(join(SCRIPTS, 'fleet-dashboard.json'), 'utf8')) as {
    panels: { title: string; targets: { expr: string }[] }[];
  };
  expect(panels.length).toBeGreaterThan(10);
  for (const { title, targets } of panels) {
    expect(targets.length, title).toBeGreaterThan(0);
    for (const { expr } of targets) expect(expr, title).toMatch(/tscope_fleet_|process_/);
  }
});
