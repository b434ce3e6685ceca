import { aroundStop, type StopSetup } from '../lapic/around-stop.ts';
import { policyNames } from '../lapic/policies.ts';
import { CRASH_CALLBACK_NS } from '../lapic/virtual-host.ts';
import type { PageInput } from '../report/input.ts';
import type { AroundStops } from '../report/kinds/around-stop.ts';
import { reportPage } from '../report/page.ts';

/** A stop long enough for the catch-up to be seen beside the period, at the crash's 79 ns a callback. */
const SETUP: StopSetup = {
  periodNs: 1e6,
  stopNs: 30e9,
  callbackNs: CRASH_CALLBACK_NS,
  exitNs: 2_000,
  handlingNs: 10_000,
  delivery: 'coalesced',
  hvTimer: true,
  periodsBefore: 3,
  periodsAfter: 8,
};
const POSTED: StopSetup = { ...SETUP, delivery: 'posted', hvTimer: false };

/** What a page draws before stops. */
export const aroundStops = (): AroundStops => ({
  setup: SETUP,
  runs: policyNames.map((name) => aroundStop(SETUP, name)),
  software: aroundStop({ ...SETUP, hvTimer: false }, 'clamp'),
  posted: { setup: POSTED, runs: [aroundStop(POSTED, 'catch-up'), aroundStop(POSTED, 'clamp')] },
});

/** The page of a document: before stops stands what the model shows of one. */
export const pageOf = (input: PageInput): string =>
  reportPage(input, (input.parts.stop ?? input.parts.kvm ?? null) === null ? null : aroundStops());
