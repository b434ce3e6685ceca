// The process that owns the guest while it is stopped by SIGSTOP. It says on stdout, a line of JSON each, when
// it may be stopped and what it recorded.
import { writeSync } from 'node:fs';
import { quietControl } from '../clock/control.ts';
import { native } from '../native.ts';
import { refusalOf } from '../system-error.ts';
import { withGuest } from './guest.ts';
import { type SigstopJob, type SigstopMessage, watchSigstop } from './sigstop-guest.ts';
import { stopTrace } from './stop.ts';

const say = (message: SigstopMessage): void => {
  writeSync(1, `${JSON.stringify(message)}\n`);
};

const job = JSON.parse(process.argv[2] ?? '') as SigstopJob;
try {
  native().dieWithParent();
  // The parent may have gone before the line above.
  if (process.ppid === job.parent) {
    const trace = stopTrace(job);
    try {
      say(withGuest(job.loop, job.setup, quietControl, (guest) => watchSigstop(guest, job, trace, say)));
    } finally {
      trace.remove();
    }
  }
} catch (error) {
  const refusal = refusalOf(error);
  if (refusal === null) throw error;
  say({ failed: { code: refusal.code, message: refusal.message, hint: refusal.hint } });
}
