/** A host that is not there; see simulated-fleet.mjs. */
export interface SimulatedHost {
  readonly index: number;
  readonly id: string;
  readonly hostname: string;
  readonly site: string;
  readonly cpu: string;
  readonly hz: number;
  readonly kernel: string;
  readonly crystalRatio: number;
  /** When its site's reference moves, s; null: never. */
  readonly movedS: number | null;
  readonly faults: readonly string[];
}
export const HOUR_S: number;
export const FAULTS: readonly string[];
export function random(seed: number): { uniform(): number; normal(): number };
export function simulatedFleet(options: {
  hosts: number;
  seed?: number;
  faults?: readonly string[];
  startS: number;
  atS?: number;
}): SimulatedHost[];
export function batchOf(
  host: SimulatedHost,
  stretch: { fromS: number; toS: number; hoursOnly?: boolean; first?: boolean },
): unknown;
export function speaks(host: SimulatedHost, fromS: number): boolean;
