import { readFileSync } from 'node:fs';
import { cpuid } from '../../host/cpuid.ts';
import { type Fact, reasonOf } from '../../host/fact.ts';
import { kvmFacts } from '../../host/kvm.ts';
import { type Conversion, vvarConversion } from '../../host/vvar.ts';
import { native } from '../../native.ts';
import { kernelHz } from '../kernel-ratio.ts';
import { type Claim, claimOf, noClaim } from './claim.ts';
import { cpuidClaims } from './cpuid.ts';
import { kernelLogClaims } from './kernel-log.ts';
import { pvclockClaim } from './pvclock.ts';

/** A claim that one number makes; what goes wrong becomes its reason. */
function readClaim(source: string, reason: string, readHz: () => number | null, missing: string): Claim {
  try {
    const hz = readHz();
    return hz === null ? noClaim(source, missing) : claimOf(source, hz, reason);
  } catch (error) {
    return noClaim(source, reasonOf(error));
  }
}

/** The conversion that perf hands to user space: ns = (ticks * mult) >> shift. */
function perfHz(): number | null {
  const words = new BigInt64Array(3);
  native().readPerfTime(words);
  const [userTime = 0n, mult = 0n, shift = 0n] = words;
  return userTime === 0n || mult === 0n ? null : (1e9 * 2 ** Number(shift)) / Number(mult);
}

function cpuidOrReasons(): Claim[] {
  try {
    cpuid(0);
    return cpuidClaims(cpuid);
  } catch (error) {
    return cpuidClaims(() => null).map(({ source }) => noClaim(source, reasonOf(error)));
  }
}

function kvmClaim(): Claim {
  const { available, tscKhz } = kvmFacts();
  if (tscKhz.value === null) {
    const refused = available.value === false && 'source' in available;
    return noClaim('KVM_GET_TSC_KHZ', refused ? available.source : tscKhz.reason);
  }
  return claimOf('KVM_GET_TSC_KHZ', tscKhz.value * 1e3, 'what KVM here would give to a guest, in whole kHz');
}

/** The conversion that the kernel's vDSO uses at this moment. */
export function vvarClaim(conversion: Fact<Conversion>): Claim {
  const source = 'vvar page';
  if (conversion.value === null) return noClaim(source, conversion.reason.replace(`${source}: `, ''));
  const { mult, shift } = conversion.value;
  const reason = `mult ${mult} >> ${shift}: what the kernel's own vDSO makes CLOCK_MONOTONIC_RAW of the TSC by`;
  return claimOf(source, kernelHz({ mult, shift }), reason);
}

const numberIn = (path: string): number | null => Number(readFileSync(path, 'utf8')) || null;

/** The first "cpu MHz" of the kernel's list. */
function cpuinfoMhz(): number | null {
  const line = /^cpu MHz\s*: ([\d.]+)$/m.exec(readFileSync('/proc/cpuinfo', 'latin1'));
  return line === null ? null : Number(line[1]);
}

const CPU0 = '/sys/devices/system/cpu/cpu0';

/** Everyone who names a frequency for this host's TSC, and, for those who do not, why. */
export function collectClaims(): Claim[] {
  return [
    ...cpuidOrReasons(),
    ...kernelLogClaims(),
    readClaim(
      'perf mmap page',
      "the kernel's own tsc_khz",
      perfHz,
      'cap_user_time is 0: not offered here, as in KVM guests',
    ),
    vvarClaim(vvarConversion()),
    pvclockClaim(),
    readClaim(
      `${CPU0}/tsc_freq_khz`,
      "the kernel's own tsc_khz",
      () => khzToHz(numberIn(`${CPU0}/tsc_freq_khz`)),
      'empty',
    ),
    kvmClaim(),
    readClaim(
      '/proc/cpuinfo "cpu MHz" (not the TSC)',
      "the core's speed at this moment, in a guest often copied from the TSC's",
      () => mhzToHz(cpuinfoMhz()),
      'no such line',
    ),
    readClaim(
      'cpuinfo_max_freq (not the TSC)',
      "the core's highest speed",
      () => khzToHz(numberIn(`${CPU0}/cpufreq/cpuinfo_max_freq`)),
      'empty',
    ),
  ];
}

const khzToHz = (khz: number | null): number | null => (khz === null ? null : khz * 1e3);
const mhzToHz = (mhz: number | null): number | null => (mhz === null ? null : mhz * 1e6);
