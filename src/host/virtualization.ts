import { existsSync, readFileSync } from 'node:fs';
import { bitOf, cpuid, hypervisorSignatures, leafFact, type ReadLeaf } from './cpuid.ts';
import { type Fact, factOf, known, reasonOf, unknown } from './fact.ts';

/** Where this system runs. */
export interface VirtualizationFacts {
  readonly guest: Fact<boolean>;
  readonly hypervisor: Fact<string>;
  readonly container: Fact<string>;
}

/** Signatures of CPUID 0x40000000, as the hypervisors document them; NULs and spaces at both ends are cut by `textOf`. */
const SIGNATURES: Readonly<Record<string, string>> = {
  KVMKVMKVM: 'KVM',
  'Microsoft Hv': 'Hyper-V',
  VMwareVMware: 'VMware',
  XenVMMXenVMM: 'Xen',
  TCGTCGTCGTCG: 'QEMU TCG',
  'bhyve bhyve': 'bhyve',
  ACRNACRNACRN: 'ACRN',
  'lrpepyh  vr': 'Parallels',
  'prl hyperv': 'Parallels',
  VBoxVBoxVBox: 'VirtualBox',
  'Linux KVM Hv': 'KVM',
  OpenBSDVMM58: 'OpenBSD vmm',
  QNXQVMBSQG: 'QNX',
  Jailhouse: 'Jailhouse',
  SRESRESRESRE: 'LMHS',
  EVMMEVMMEVMM: 'Intel KGT',
  HAXMHAXMHAXM: 'Intel HAXM',
  UnisysSpar64: 'Unisys s-Par',
  VirtualApple: 'Apple Rosetta 2',
  MicrosoftXTA: 'Microsoft x86-to-ARM',
};

/** The last of several interfaces is the hypervisor's own, as Linux takes it; those before it are another's that it offers. */
export function hypervisorOf(leaf: ReadLeaf): Fact<string> {
  const found = hypervisorSignatures(leaf).map(({ base, signature }) => ({
    name: SIGNATURES[signature] ?? signature,
    place: `0x${base.toString(16)}`,
  }));
  const own = found.pop();
  if (own === undefined) return unknown('CPUID 0x40000000: no signature');
  const before = found.map(({ name, place }) => `, behind those of ${name} at ${place}`);
  return known(own.name, `CPUID ${own.place}${before.join('')}`);
}

function hypervisor(): Fact<string> {
  try {
    return hypervisorOf(cpuid);
  } catch (error) {
    return unknown(reasonOf(error));
  }
}

/** The container engine by the marks that each leaves; "none" where there are none of them. */
function container(): Fact<string> {
  if (existsSync('/run/.containerenv')) return known('podman', '/run/.containerenv');
  if (existsSync('/.dockerenv')) return known('docker', '/.dockerenv');
  return factOf(
    '/proc/1/cgroup',
    () => /docker|kubepods|containerd|lxc/.exec(readFileSync('/proc/1/cgroup', 'utf8'))?.[0] ?? 'none',
  );
}

/** Reads CPUID and the marks; each fact fails on its own. */
export function virtualizationFacts(): VirtualizationFacts {
  const guest = leafFact(1, ' ECX[31]', ([, , ecx]) => bitOf(ecx, 31));
  return {
    guest,
    hypervisor: guest.value === false ? unknown('not a guest') : hypervisor(),
    container: container(),
  };
}
