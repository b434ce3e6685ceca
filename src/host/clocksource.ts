import { type Fact, fileFact, known, mapFact, unknown } from './fact.ts';

const FOLDER = '/sys/devices/system/clocksource/clocksource0';

/** The counter that the kernel's clocks are made from. */
export interface ClocksourceFacts {
  readonly current: Fact<string>;
  readonly available: Fact<string[]>;
  readonly derivedFromTsc: Fact<boolean>;
}

/** Clocksources whose time is the TSC's, by this kernel's own hand or by the hypervisor's. */
const MADE_FROM_TSC: Readonly<Record<string, string>> = {
  tsc: 'the TSC itself',
  'tsc-early': 'the TSC itself',
  'kvm-clock': "the host's TSC, scaled by KVM",
  hyperv_clocksource_tsc_page: "the host's TSC, scaled by Hyper-V",
  xen: "the host's TSC, scaled by Xen",
};

/** Counters with an oscillator or a divider of their own. */
const OTHER_COUNTERS = ['hpet', 'acpi_pm', 'jiffies', 'refined-jiffies', 'pit', 'hyperv_clocksource_msr'];

/** Name of the current clocksource. Read again at each call: it may change at any time. */
export const currentClocksource = (): Fact<string> => fileFact(`${FOLDER}/current_clocksource`);

/** Whether a clocksource is the TSC in another form, and how; unknown for a name that the table lacks. */
export function madeFromTsc(current: Fact<string>): Fact<boolean> {
  if (current.value === null) return current;
  const how = MADE_FROM_TSC[current.value];
  if (how !== undefined) return known(true, `clocksource ${current.value} is ${how}`);
  if (OTHER_COUNTERS.includes(current.value)) {
    return known(false, `clocksource ${current.value} is a counter of its own`);
  }
  return unknown(`tscope does not know what clocksource ${current.value} is made from`);
}

/** Reads /sys; each fact fails on its own. */
export function clocksourceFacts(): ClocksourceFacts {
  const current = currentClocksource();
  return {
    current,
    available: mapFact(fileFact(`${FOLDER}/available_clocksource`), (text) => text.split(/\s+/)),
    derivedFromTsc: madeFromTsc(current),
  };
}
