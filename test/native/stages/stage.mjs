// One life of the addon, named by argv[2]; the test looks at how the process ends.
import { createRequire } from 'node:module';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const addon = createRequire(import.meta.url)(process.env.TSCOPE_ADDON);
const { hostWaiter } = await import('../../../dist/clock/wait.js');

const neverStop = { progress: () => {}, cancelled: () => false };
const waitForEver = () => hostWaiter(neverStop).sleepUntil(2n ** 63n - 1n, new BigInt64Array(2));
const spinForEver = () => hostWaiter(neverStop).spinUntilTsc(2n ** 64n - 1n, new BigInt64Array(2));

const read = () => {
  const rows = new BigInt64Array(400);
  addon.readBrackets(1, false, rows);
  const pair = new BigInt64Array(new SharedArrayBuffer(16));
  addon.createPairReader(pair)();
};

const endsInTheMiddleOf = (stage, end) => {
  const worker = new Worker(new URL(import.meta.url), { workerData: stage });
  worker.on('message', () => setTimeout(() => end(worker), 30));
};

const stages = {
  load: () => {},
  'load-read': read,
  'load-read-exit': () => {
    read();
    process.exit(0);
  },
  'load-read-throw': () => {
    read();
    throw new Error('thrown on purpose');
  },
  'worker-reads': () => {
    for (let i = 0; i < 4; i++) new Worker(new URL(import.meta.url), { workerData: 'load-read' });
  },
  'sleeping-worker-terminated': () => endsInTheMiddleOf('sleep', (worker) => worker.terminate()),
  'spinning-worker-terminated': () => endsInTheMiddleOf('spin', (worker) => worker.terminate()),
  'exit-with-sleeping-worker': () => endsInTheMiddleOf('sleep', () => process.exit(0)),
  'exit-with-spinning-worker': () => endsInTheMiddleOf('spin', () => process.exit(0)),
};
const inWorker = { 'load-read': read, sleep: waitForEver, spin: spinForEver };

if (isMainThread) {
  process.once('exit', () => process.stdout.write(`end ${process.hrtime.bigint()}\n`));
  stages[process.argv[2]]();
  if (!process.argv[2].includes('worker')) process.stdout.write(`begin-exit ${process.hrtime.bigint()}\n`);
} else {
  const { parentPort } = await import('node:worker_threads');
  parentPort.postMessage('ready');
  inWorker[workerData]();
}
