// Whether every fault that is seeded is found and named, and none invented: fleets of simulated hosts over a simulated week.
//
//   node --import ./test/load-typescript.mjs scripts/bench/fleet/faults.mjs [hosts=1000] [seeds=3]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { conclude } from '../../../src/fleet/judge/conclude.ts';
import { putConclusions } from '../../../src/fleet/store/conclusions.ts';
import { openFleetStore } from '../../../src/fleet/store/open.ts';
import { NOW_S, named, seeded, simulate } from '../../../test/fleet/simulated.ts';
import { FAULTS } from './simulated-fleet.mjs';

const [hosts = 1_000, seeds = 3] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'tscope-bench-'));
try {
  for (let seed = 1; seed <= seeds; seed++) {
    for (const faults of [[], FAULTS]) {
      const store = await openFleetStore(join(folder, `${seed}-${faults.length}.db`));
      const fleet = await simulate(store, { hosts, seed, faults });
      const conclusions = await conclude(store, NOW_S * 1000);
      await putConclusions(store, JSON.stringify(conclusions));
      const found = await named(store);
      await store.close();
      const expected = faults.length === 0 ? {} : seeded(fleet);
      const right = isDeepStrictEqual(found, expected);
      const judged = `${conclusions.judged.discipline} and ${conclusions.judged.claim} figures judged`;
      console.log(
        `seed ${seed}, ${hosts} hosts, ${faults.length} faults: ${right ? 'all found and named, none invented' : 'WRONG'}; ${judged}`,
      );
      if (right) continue;
      console.log({ found, expected });
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
