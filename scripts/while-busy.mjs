import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Runs `work` while as many processes spin as there are cores, or `count`. They go with this one, however that ends. */
export async function whileBusy(work, count = availableParallelism()) {
  const command = ['--pdeathsig', 'KILL', '--', process.execPath, '-e', 'for (;;);'];
  const spinners = Array.from({ length: count }, () => spawn('setpriv', command, { stdio: 'ignore' }));
  try {
    return await work();
  } finally {
    for (const spinner of spinners) spinner.kill('SIGKILL');
  }
}
