// Ends worker threads in the middle of one kind of call, named by argv[2], again and again; the test looks at how the
// process ends.
import { createRequire } from 'node:module';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const WORKERS = 8;
const require = createRequire(import.meta.url);
const load = (name) => require(new URL(`../../../build/Release/${name}.node`, import.meta.url).pathname);
const words = (length) => new BigInt64Array(length);
const shared = (length) => new BigInt64Array(new SharedArrayBuffer(length * 8));

/** A call that throws in its usual course. */
const thrown = (call) => () => {
  try {
    call();
  } catch {}
};

const clocks = (call) => () => call(load('tscope'));
const guests = (call) => () => call(new (load('tscope_kvm').Guest)(false));
const running = (call) =>
  guests((guest) => {
    guest.program(0, 1_000_000);
    guest.resume();
    return call(guest);
  });

/** Each makes, in a worker, the function that is then called until the worker's end. */
export const calls = {
  tscReadable: clocks((addon) => () => addon.tscReadable()),
  cpuid: clocks((addon) => () => addon.cpuid(0, 0)),
  rdtscp: clocks((addon) => () => addon.rdtscp(words(2))),
  createPairReader: clocks((addon) => () => addon.createPairReader(shared(2))()),
  createTscReader: clocks((addon) => () => addon.createTscReader(shared(1))()),
  readBrackets: clocks((addon) => () => addon.readBrackets(1, false, words(4 * 65_536))),
  'readBrackets, refused': clocks((addon) => thrown(() => addon.readBrackets(99, true, words(4)))),
  clockResolution: clocks((addon) => () => addon.clockResolution(1)),
  sleepUntil: clocks((addon) => () => addon.sleepUntil(2n ** 62n, words(2))),
  spinUntilTsc: clocks((addon) => () => addon.spinUntilTsc(2n ** 64n - 1n, words(2))),
  sleepThenSpin: clocks((addon) => () => addon.sleepThenSpin(2n ** 62n, 1000, words(2))),
  getAffinity: clocks((addon) => () => addon.getAffinity()),
  setAffinity: clocks((addon) => () => addon.setAffinity(addon.getAffinity())),
  'setAffinity, refused': clocks((addon) => thrown(() => addon.setAffinity([8000]))),
  'setAffinity, a getter that never returns': clocks((addon) => () => {
    const cpus = [0];
    Object.defineProperty(cpus, 0, {
      get: () => {
        for (;;);
      },
    });
    addon.setAffinity(cpus);
  }),
  setFifoPriority: clocks((addon) => () => addon.setFifoPriority(0)),
  getTimerSlack: clocks((addon) => () => addon.getTimerSlack()),
  setTimerSlack: clocks((addon) => () => addon.setTimerSlack(0)),
  exchangeTsc: clocks((addon) => () => addon.exchangeTsc(0, words(3 * 4096))),
  readAdjtimex: clocks((addon) => () => addon.readAdjtimex()),
  readPerfTime: clocks((addon) => thrown(() => addon.readPerfTime(words(3)))),
  peek: clocks((addon) => thrown(() => addon.peek(0n, words(1)))),
  'a wrong argument': clocks((addon) => thrown(() => addon.cpuid('0'))),
  'a guest, refused': () => thrown(() => new (load('tscope_kvm').Guest)(0)),
};

/** The same where /dev/kvm can be opened. */
export const guestCalls = {
  tscKhz: () => () => load('tscope_kvm').tscKhz(),
  Guest: () => () => new (load('tscope_kvm').Guest)(false).destroy(),
  'Guest, left to the collector': () => () => new (load('tscope_kvm').Guest)(true),
  'resume and pause': running((guest) => () => {
    guest.resume();
    while (!guest.pause());
  }),
  drain: running((guest) => () => guest.drain(words(400))),
  dropped: running((guest) => () => guest.dropped()),
  death: running((guest) => () => guest.death()),
  'currentCount, refused': running((guest) => thrown(() => guest.currentCount(words(2)))),
  program: guests((guest) => () => guest.program(0, 1_000_000)),
  'saveLapic and restoreLapic': guests((guest) => () => {
    guest.saveLapic(words(2));
    guest.restoreLapic();
  }),
  currentCount: guests((guest) => () => guest.currentCount(words(2))),
  readStats: guests((guest) => () => guest.readStats()),
};

/** Terminates one worker after this many ms of its calls. */
const terminated = (name, afterMs) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: name });
    worker.on('message', () => setTimeout(() => worker.terminate().then(resolve), afterMs));
    worker.on('error', reject);
  });

if (!isMainThread && workerData !== undefined) {
  const call = { ...calls, ...guestCalls }[workerData]();
  parentPort.postMessage('ready');
  for (;;) call();
} else if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (let i = 0; i < WORKERS; i++) await terminated(process.argv[2], 1 + (i % 5));
}
