import { HYPER_V, HYPERVISOR_BASE, type ReadLeaf, textOf } from '../../host/cpuid.ts';
import { type Claim, claimOf, noClaim } from './claim.ts';

const MHZ = 1e6;
const KHZ = 1e3;

/** CPUID 0x15: TSC = crystal * EBX / EAX. */
function crystalClaim(leaf: ReadLeaf): Claim {
  const source = 'CPUID 0x15';
  const registers = leaf(0x15);
  if (registers === null) return noClaim(source, 'this CPU has no such leaf');
  const [denominator, numerator, crystal] = registers;
  if (denominator === 0 || numerator === 0) return noClaim(source, 'the leaf is empty on this CPU');
  if (crystal !== 0) {
    // Multiplied before it is divided: the ratio alone loses digits.
    return claimOf(source, (crystal * numerator) / denominator, "the crystal's nominal frequency");
  }
  const base = leaf(0x16)?.[0] ?? 0;
  if (base === 0)
    return noClaim(source, `the crystal is not given (TSC = crystal * ${numerator} / ${denominator})`);
  // The crystal from the base frequency, in whole kHz as the kernel takes it, and the TSC from the crystal.
  const crystalKhz = Math.round((base * KHZ * denominator) / numerator);
  const hz = (crystalKhz * KHZ * numerator) / denominator;
  return claimOf(source, hz, 'the crystal is not given; taken from the base frequency of CPUID 0x16');
}

function baseClaim(leaf: ReadLeaf): Claim {
  const source = 'CPUID 0x16';
  const registers = leaf(0x16);
  if (registers === null) return noClaim(source, 'this CPU has no such leaf');
  const megahertz = registers[0] & 0xffff;
  if (megahertz === 0) return noClaim(source, 'the leaf is empty on this CPU');
  return claimOf(source, megahertz * MHZ, 'the base frequency in whole MHz, up to 1 % from the TSC');
}

/** The leaf that VMware defined; KVM and others give it too, but not behind Hyper-V's leaves, which mean other things there. */
function hypervisorClaim(leaf: ReadLeaf): Claim {
  const source = 'CPUID 0x40000010';
  const first = leaf(HYPERVISOR_BASE);
  if (first === null) return noClaim(source, 'there is no hypervisor');
  const [highest, ...name] = first;
  if (textOf(name) === HYPER_V)
    return noClaim(
      source,
      "Hyper-V's leaves name no frequency; it stands in an MSR that only the kernel reads",
    );
  const khz = leaf(0x40000010)?.[0] ?? 0;
  if (khz === 0) return noClaim(source, `the hypervisor's leaves end at 0x${highest.toString(16)}`);
  return claimOf(source, khz * KHZ, 'what the hypervisor believes, in whole kHz');
}

/** The three CPUID leaves that name a frequency. */
export const cpuidClaims = (leaf: ReadLeaf): Claim[] => [
  crystalClaim(leaf),
  baseClaim(leaf),
  hypervisorClaim(leaf),
];
