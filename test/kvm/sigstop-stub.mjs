// In the place of the process that owns a guest: it says what its job's `loop` names, and is stopped like one.
const job = JSON.parse(process.argv[2]);
const now = () => process.hrtime.bigint();
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const { periodNs } = job.setup;
const ready = () => say({ ready: { startedKtime: `${now()}`, resumeLatencyNs: '1000' } });

/** Calls back after a stop of half as long as was asked for at least, with when it was seen to end. */
function afterStop(then) {
  let last = now();
  const timer = setInterval(() => {
    const ktime = now();
    if (ktime - last > BigInt(job.stopNs / 2)) {
      clearInterval(timer);
      then(ktime);
    }
    last = ktime;
  }, 1);
}

const acts = {
  recorded: () => {
    ready();
    afterStop((ktime) =>
      say({
        recorded: { resumedKtime: `${ktime}`, stop: { loop: job.loop, periodNs, parent: job.parent } },
      }),
    );
  },
  missed: () => say({ missed: true }),
  failed: () => say({ failed: { code: 'UNSUPPORTED', message: 'It cannot.', hint: 'Let it be.' } }),
  silent: () => {},
  waits: () => {
    ready();
    setInterval(() => {}, 1000);
  },
};
acts[job.loop]();
