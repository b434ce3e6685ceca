// Hosts that are not there: plausible clocks, and faults that are known. The same numbers in every run.
import { gzipSync } from 'node:zlib';

export const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const MINUTE_S = 60;

const CPUS = [
  { cpu: 'AMD EPYC 9B14', hz: 2_600_000_000, crystal: 2e-6 },
  { cpu: 'Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz', hz: 2_700_000_000, crystal: 4e-6 },
  { cpu: 'AMD EPYC 7763 64-Core Processor', hz: 2_450_000_000, crystal: 3e-6 },
];
const SITES = ['ber', 'fra', 'iad', 'sin', 'gru'];
const KERNELS = [
  { kernel: '6.18.44', fix: 'clamps' },
  { kernel: '6.1.192', fix: 'clamps' },
];
const NEW_KERNEL = '6.18.50';
/** A kernel from before the fix. */
const OLD_KERNEL = { kernel: '6.1.150', fix: 'catches-up' };

/** Of one host each. */
const HOST_FAULTS = [
  ...['outlier', 'step', 'jump', 'clone', 'clock', 'old', 'silent'],
  ...['reboot', 'kernel', 'clocksource', 'unstable'],
];
/** Every fault that can be seeded; `moved` is of a site. */
export const FAULTS = [...HOST_FAULTS, 'moved'];
/** What the kernel says when it gives the TSC up (kernel/time/clocksource.c, arch/x86/kernel/tsc.c). */
const UNSTABLE = 'tsc: Marking TSC unstable due to clocksource watchdog';

/** Numbers that look random, the same in every run (mulberry32). @param {number} seed */
export function random(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

/** Those of a place: FNV-1a of its name is the seed. */
function generator(...place) {
  let seed = 2166136261;
  for (const one of place.join('/')) seed = Math.imul(seed ^ one.charCodeAt(0), 16777619) >>> 0;
  return random(seed);
}

/**
 * Hosts with a crystal, a temperature and noise of their own.
 *
 * Faults, each of one host unless said: `outlier` runs 60 ppm off from the start; `step` sets its clock by 2 s at `atS`;
 * `moved` changes the rate of all hosts of one site's reference by 0.4 ppm at `atS`; `jump` changes one crystal by 1 ppm;
 * `clone` sends under another host's identity; `clock` has a wall clock a year ahead; `old` runs a kernel that catches up;
 * `silent` sends nothing from `atS` on; at `atS` `reboot` boots again, `kernel` boots another kernel, the kernel of
 * `clocksource` goes over to hpet, and that of `unstable` does so because it no longer trusts the TSC.
 *
 * @param {{ hosts: number, seed?: number, faults?: readonly string[], startS: number, atS?: number }} options
 */
export function simulatedFleet({ hosts, seed = 1, faults = [], startS, atS = startS }) {
  const victim = (name) => (faults.includes(name) ? Math.floor(generator(seed, name).uniform() * hosts) : -1);
  const movedSite = faults.includes('moved')
    ? SITES[Math.floor(generator(seed, 'moved').uniform() * SITES.length)]
    : null;
  const victims = Object.fromEntries(HOST_FAULTS.map((name) => [name, victim(name)]));
  return Array.from({ length: hosts }, (_, index) => {
    const { uniform, normal } = generator(seed, 'host', index);
    const kind = CPUS[Math.floor(uniform() * CPUS.length)];
    const site = SITES[Math.floor(uniform() * SITES.length)];
    const kernel = victims.old === index ? OLD_KERNEL : KERNELS[Math.floor(uniform() * KERNELS.length)];
    const has = (name) => victims[name] === index;
    return {
      index,
      seed,
      startS,
      id: has('clone') ? `host-${(index + 1) % hosts}` : `host-${index}`,
      hostname: `node-${String(index).padStart(6, '0')}.${site}.example`,
      site,
      ...kind,
      ...kernel,
      crystalRatio: kind.crystal * normal() + (has('outlier') ? 60e-6 : 0),
      warmthRatio: 0.1e-6 * (0.5 + uniform()),
      noiseNs: 20 + 40 * uniform(),
      wanderRatio: 1e-9 * (1 + 4 * uniform()),
      boot: `boot-${seed}-${index}`,
      stepS: has('step') ? atS : null,
      movedS: site === movedSite ? atS : null,
      jumpS: has('jump') ? atS : null,
      silentS: has('silent') ? atS : null,
      wallErrorS: has('clock') ? 365 * DAY_S : 0,
      rebootS: has('reboot') || has('kernel') ? atS : null,
      kernelS: has('kernel') ? atS : null,
      clocksourceS: has('clocksource') || has('unstable') ? atS : null,
      unstableS: has('unstable') ? atS : null,
      faults: HOST_FAULTS.filter(has),
    };
  });
}

/** How the reference's network and the servo wander, ns at each hour since the start: a rate of some ppb that changes hourly. */
const wanders = new WeakMap();
function wanderNs(host, since) {
  const known = wanders.get(host) ?? [0];
  wanders.set(host, known);
  const hour = Math.max(0, since / HOUR_S);
  while (known.length < hour + 2) {
    const { normal } = generator(host.seed, host.index, 'wander', known.length);
    known.push(known.at(-1) + HOUR_S * host.wanderRatio * 1e9 * normal());
  }
  const whole = Math.floor(hour);
  return known[whole] + (hour - whole) * (known[whole + 1] - known[whole]);
}

/** How far CLOCK_REALTIME has moved against CLOCK_MONOTONIC_RAW since the start, ns, without noise. */
function movedNs(host, s) {
  const since = s - host.startS;
  const turn = (2 * Math.PI) / DAY_S;
  const day = (host.warmthRatio / turn) * (1 - Math.cos(turn * since));
  const after = (from) => (from === null ? 0 : Math.max(0, s - from));
  const rates = -host.crystalRatio * since - day + 0.4e-6 * after(host.movedS) - 1e-6 * after(host.jumpS);
  return 1e9 * rates + wanderNs(host, since);
}

const stepNs = (host, s) => (host.stepS !== null && s >= host.stepS ? 2e9 : 0);

/** A roll-up of one pair: index, count, min, max, mean, first and last with their times. */
function rollup(host, index, widthS, everyS, offsetOf) {
  const { normal } = generator(host.seed, host.index, widthS, index);
  const [from, count] = [index * widthS, Math.floor(widthS / everyS)];
  const last = from + (count - 1) * everyS;
  const [first, end] = [offsetOf(from) + host.noiseNs * normal(), offsetOf(last) + host.noiseNs * normal()];
  return [
    index,
    count,
    Math.min(first, end) - host.noiseNs,
    Math.max(first, end) + host.noiseNs,
    (first + end) / 2,
    0,
    first,
    (last - from) * 1e9,
    end,
  ];
}

const series = (host, clock, independent, widths, offsetOf) => ({
  clock,
  reference: 'monotonic_raw',
  independent,
  reason: independent ? 'disciplined by chronyd' : 'one counter behind both: clocksource tsc',
  originNs: '0',
  ...Object.fromEntries(
    widths.map(({ name, widthS, from, to }) => [
      name,
      Array.from({ length: to - from }, (_, i) => rollup(host, from + i, widthS, 10, offsetOf)),
    ]),
  ),
});

function calibration(host, atS) {
  const hz = host.hz * (1 + host.crystalRatio);
  return {
    atNs: String(BigInt(atS) * 1_000_000_000n),
    clock: 'monotonic_raw',
    tscHz: hz,
    tscHzLow: hz * (1 - 1e-9),
    tscHzHigh: hz * (1 + 1e-9),
    standardErrorRatio: 1e-11,
    independent: false,
    clocksource: 'tsc',
    derivedFromTsc: true,
    kernelHz: host.hz,
    trueRate: { hz, errorRatio: 1e-8, reference: 'chronyd' },
    claims: [{ source: 'CPUID 0x16', hz: host.hz, offsetRatio: host.crystalRatio }],
  };
}

function kvmDocument(host) {
  const document = {
    schema: 'tscope/kvm/1',
    version: '0.1.0',
    host: { hostname: host.hostname, kernel: host.kernel },
    result: {
      path: 'hrtimer',
      verdict: host.fix,
      fix: host.fix,
      periodNs: 200_000,
      burstEstimate: { callbacks: 1000, burstNs: 79_000 },
    },
  };
  return gzipSync(JSON.stringify(document)).toString('base64');
}

/**
 * What a host sends for a stretch of time, as `tscope/fleet-batch/1`.
 *
 * @param {object} host one of `simulatedFleet`
 * @param {{ fromS: number, toS: number, hoursOnly?: boolean, first?: boolean }} stretch in whole minutes (or hours)
 */
export function batchOf(host, { fromS, toS, hoursOnly = false, first = false }) {
  const shift = host.wallErrorS;
  const wall = (s) => s + shift;
  const span = (widthS) => ({ from: Math.ceil(wall(fromS) / widthS), to: Math.floor(wall(toS) / widthS) });
  const widths = [
    ...(hoursOnly ? [] : [{ name: 'minutes', widthS: MINUTE_S, ...span(MINUTE_S) }]),
    { name: 'hours', widthS: HOUR_S, ...span(HOUR_S) },
  ].filter(({ from, to }) => to > from);
  const realtime = (s) => movedNs(host, s - shift) + stepNs(host, s - shift);
  const ns = (s) => String(BigInt(Math.round(s)) * 1_000_000_000n);
  const since = (atS) => atS !== null && fromS >= atS;
  const within = (atS) => atS !== null && atS >= fromS && atS < toS;
  const [boot, run] = [host.boot, `run-${host.seed}-${host.index}`].map((name) =>
    since(host.rebootS) ? `${name}-again` : name,
  );
  const told = first || [host.rebootS, host.clocksourceS].some(within);
  const event = (atS, kind, detail, pair) =>
    within(atS) ? [{ atNs: ns(wall(atS)), kind, detail, pair }] : [];
  const events = [
    ...event(host.stepS, 'step', 'realtime was set by +2.000 s', ['realtime', 'monotonic_raw']),
    ...event(host.clocksourceS, 'clocksource-change', 'tsc to hpet', null),
  ];
  return {
    schema: 'tscope/fleet-batch/1',
    host: {
      id: host.id,
      hostname: host.hostname,
      machine: `machine-${host.id}`,
      instance: `store-${host.id}`,
      boot,
      version: '0.1.0',
      labels: { site: host.site },
    },
    sentAtNs: ns(wall(toS)),
    ...(told && {
      facts: {
        cpu: host.cpu,
        cpus: 64,
        memoryBytes: 256 * 2 ** 30,
        kernel: since(host.kernelS) ? NEW_KERNEL : host.kernel,
        clocksource: since(host.clocksourceS) ? 'hpet' : 'tsc',
        derivedFromTsc: true,
        tscInvariant: true,
        virtualization: null,
        discipline: 'told',
        kernelRemarks: since(host.unstableS) ? [UNSTABLE] : [],
      },
    }),
    runs: [
      {
        key: run,
        command: 'agent',
        startedAtNs: ns(wall(host.startS)),
        endedAtNs: null,
        boot,
        series: [
          series(host, 'tsc', false, widths, () => 0),
          series(host, 'monotonic', true, widths, (s) => movedNs(host, s - shift)),
          series(host, 'realtime', true, widths, realtime),
        ],
        ...(events.length > 0 && { events }),
        ...(first && { calibrations: [calibration(host, wall(fromS))] }),
      },
      ...(first
        ? [
            {
              key: `kvm-${host.seed}-${host.index}`,
              command: 'kvm',
              startedAtNs: ns(wall(fromS)),
              endedAtNs: ns(wall(fromS) + 20),
              boot: host.boot,
              document: kvmDocument(host),
            },
          ]
        : []),
    ],
    lost: { minutes: 0, samples: 0, events: 0, documents: 0 },
  };
}

/** Whether a host sends anything for a stretch that begins then. */
export const speaks = (host, fromS) => host.silentS === null || fromS < host.silentS;
