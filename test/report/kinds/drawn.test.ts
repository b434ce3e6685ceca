import { expect, test } from 'vitest';
import { aroundStops } from '../../../src/cli/page.ts';
import { aroundStopSection } from '../../../src/report/kinds/around-stop.ts';
import { mapParts } from '../../../src/report/parts.ts';
import { fixtureParts } from '../fixture.ts';
import { said } from '../said.ts';

// What every drawing of a run names, tells under the pointer and holds. Read the difference before an update (-u).
const sections = [
  aroundStopSection(aroundStops()),
  ...mapParts(fixtureParts(), (kind, result) => kind.sections(result)).flat(),
];
const drawn = sections
  .map((section) => ({ ...section, blocks: section.blocks.filter((block) => 'draw' in block) }))
  .filter(({ blocks }) => blocks.length > 0);

test.each(drawn.map((section) => [section.id, section] as const))(
  'the drawings of %s',
  async (id, section) => {
    await expect(`${said([section])}\n`).toMatchFileSnapshot(`drawn/${id}.txt`);
  },
);

test('which sections have drawings', () => {
  expect(drawn.map(({ id }) => id)).toEqual([
    'policies',
    'kvm',
    'stops',
    'timer',
    'calibration',
    'drift',
    'stability',
  ]);
});
