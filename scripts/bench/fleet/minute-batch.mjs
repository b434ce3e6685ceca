// What a host sends in a minute, as text that is put together: the sender must not be what is measured.

const KERNELS = ['6.1.192', '6.12.57', '6.18.44'];

const column = (rows) => rows.map((row) => JSON.stringify(row)).join();
const minute = (at, i) => [
  ...[at, 6, 1.25 + i, 310.5 + i, 155.123456789 + i, 3_123_456],
  ...[1.25 + i, 53_123_456_789, 310.5 + i],
];
const hour = (at, i, ppm) => [at, 360, 0, 3.6e6, 1.8e6, 0, 0, 3.599e12, ppm * 3.599e6 * i];
const facts = (host) =>
  JSON.stringify({
    cpu: 'AMD EPYC 9B14',
    cpus: 64,
    memoryBytes: 2 ** 38,
    kernel: KERNELS[host % KERNELS.length],
    clocksource: 'tsc',
    derivedFromTsc: true,
    tscInvariant: true,
    virtualization: null,
    discipline: 'told',
    kernelRemarks: [],
  });

/**
 * Its three pairs' last minute.
 *
 * @param at the minute, since the epoch.
 * @param {{ known?: boolean, hours?: boolean }} about a host that is not known yet tells its facts; the last hour comes too.
 */
export function batchOf(host, at, { known = true, hours = false } = {}) {
  const series = ['tsc', 'monotonic', 'realtime'].map(
    (clock, i) =>
      `{"clock":"${clock}","reference":"monotonic_raw","independent":${i > 0},"reason":"disciplined by chronyd","originNs":"0","minutes":[${column([minute(at, i)])}]${
        hours ? `,"hours":[${column([hour(Math.floor(at / 60) - 1, i, (host % 97) / 10 - 4)])}]` : ''
      }}`,
  );
  return `{"schema":"tscope/fleet-batch/1","host":{"id":"host-${host}","hostname":"node-${host}.example","machine":"machine-${host}","instance":"store-${host}","boot":"boot-${host}","version":"0.1.0","labels":{"site":"site-${host % 20}"}},"sentAtNs":"${Date.now()}000000",${
    known ? '' : `"facts":${facts(host)},`
  }"runs":[{"key":"20260101-000000-${host}","command":"agent","startedAtNs":"1767225600000000000","endedAtNs":null,"boot":"boot-${host}","series":[${series}]}],"lost":{"minutes":0,"samples":0,"events":0,"documents":0}}`;
}
