import { aroundStops } from '../lapic/around-stop.ts';
import type { PageInput } from '../report/input.ts';
import { reportPage } from '../report/page.ts';

/** The page of a document: before stops stands what the model shows of one. */
export const pageOf = (input: PageInput): string =>
  reportPage(input, (input.parts.stop ?? input.parts.kvm ?? null) === null ? null : aroundStops());
