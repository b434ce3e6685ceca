/** What a fleet knows of a host beside its figures. */
export interface PeerFacts {
  readonly cpuModel: string | null;
  /** What the TSC is said to run at; null where nothing says it. */
  readonly nominalHz: number | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** Nominal rates are claims that kernels round or measure in their own way: hosts of one rate agree to this, Hz. */
const RATE_STEP_HZ = 1e6;

/**
 * Hosts with one answer are peers: made alike, so that their clocks should differ by no more than crystals do.
 *
 * @param labels names of labels whose values must be the same too.
 */
export function peersOf(host: PeerFacts, labels: readonly string[] = []): string {
  const rate = host.nominalHz === null ? '' : `, ${Math.round(host.nominalHz / RATE_STEP_HZ)} MHz`;
  const values = labels.map((name) => `, ${name}=${host.labels[name] ?? ''}`).join('');
  return `${host.cpuModel ?? 'unknown CPU'}${rate}${values}`;
}
