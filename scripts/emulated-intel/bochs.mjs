// Runs the image in Bochs, headless, and reads what comes over the serial line.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const CPU_MODEL = 'broadwell_ult';
/** Emulated instructions a second of the guest's time, and so its TSC in Hz. */
const TSC_HZ = 200_000_000;

/** No job takes the emulator this much CPU time, s. Time of the clock says nothing on a busy machine. */
const SILENCE_S = 1200;
/** Of the times in /proc/PID/stat, a second. */
const USER_HZ = 100;

/** CPU time that a process has used, s. */
function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / USER_HZ;
  } catch {
    return 0;
  }
}

/** The machine in words, for whoever reads what ran on it. */
export const machineOf = (cpus) =>
  `Bochs, ${CPU_MODEL}, ${cpus === 1 ? '1 CPU' : `${cpus} CPUs`}, TSC ${TSC_HZ / 1e6} MHz`;

// Paths are relative: Bochs overruns its own buffers with longer ones.
const settings = ({ name, cpus }) => `
megs: 768
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
# A newer model's CPUID 0x15 makes Linux take the TSC for another rate, and KVM gives up the preemption timer.
cpu: model=${CPU_MODEL}, count=${cpus}, ips=${TSC_HZ}, reset_on_triple_fault=1
# Time passes by instructions, not by the wall clock: a run is repeatable.
clock: sync=none, time0=local
boot: cdrom
ata0-master: type=cdrom, path=${name}.iso, status=inserted
com1: enabled=1, mode=file, dev=${name}.serial
# Without a sound card the mixer of Debian's build overruns a buffer.
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
display_library: rfb, options="timeout=0"
log: ${name}.bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
`;

/** Null where a message of the kernel fell into it. */
function unpacked(base64) {
  try {
    return gunzipSync(Buffer.from(base64, 'base64')).toString();
  } catch {
    return null;
  }
}

/** The last job has ended, or none will: the kernel panicked, or the machine has started anew. */
export const isOver = (serial) =>
  /^=== done|Kernel panic - not syncing/m.test(serial) || serial.split('=== up').length > 2;

/** What stands whole between the lines "=== begin NAME" and "=== end NAME", and the exit codes. */
export function parseSerial(text) {
  const files = new Map();
  const exits = new Map();
  const lines = text.replaceAll('\r', '').split('\n');
  let open = null;
  let packed = '';
  for (const line of lines) {
    const [, mark, name, code] = /^=== (begin|end|exit) (\S+) ?(\d*)$/.exec(line) ?? [];
    if (mark === 'begin') [open, packed] = [name, ''];
    else if (mark === 'exit') exits.set(name, Number(code));
    else if (mark === 'end' && name === open) {
      const file = unpacked(packed);
      if (file !== null) files.set(name, file);
      open = null;
    } else if (open !== null && !line.startsWith('[')) packed += line;
  }
  return { files, exits, done: lines.includes('=== done') };
}

/**
 * Boots the image NAME.iso of the folder, waits for its last job and ends the machine.
 *
 * @param progress told how many jobs are done, and the CPU time that the emulator has used, s.
 * @returns what came out, and in `fault` why it is not all: the machine ended, started anew, or said nothing for
 *   long, before the last job; null where it is.
 */
export async function boot({ folder, name, cpus, progress }) {
  const serial = `${folder}/${name}.serial`;
  const log = `${folder}/${name}.bochs.log`;
  const config = `${folder}/${name}.bochsrc`;
  rmSync(serial, { force: true });
  writeFileSync(config, settings({ name, cpus }));
  // Debian's build begins in its debugger.
  writeFileSync(`${folder}/${name}.debugger`, 'c\n');
  const out = openSync(`${folder}/${name}.bochs.out`, 'w');
  // It goes with this process, however that ends.
  const command = ['bochs', '-q', '-f', `${name}.bochsrc`, '-rc', `${name}.debugger`];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
    cwd: folder,
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  const end = () => child.kill('SIGKILL');
  const ended = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('exit', resolve);
  });
  const read = () => {
    try {
      return readFileSync(serial, 'latin1');
    } catch {
      return '';
    }
  };
  const said = { length: 0, at: 0 };
  let over = false;
  ended.then(() => {
    over = true;
  });
  while (!over) {
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 1000))]);
    const text = read();
    if (text.length > said.length) [said.length, said.at] = [text.length, cpuSeconds(child.pid)];
    if (text.includes('=== up')) progress(text.split('=== exit ').length - 1, cpuSeconds(child.pid));
    if (isOver(text) || cpuSeconds(child.pid) - said.at > SILENCE_S) break;
  }
  end();
  await ended;
  const { done, ...found } = parseSerial(read());
  if (done) return { ...found, fault: null };
  const last = read().trimEnd().split('\n').slice(-3).join('\n');
  const fault = `the emulated host ended before its last job (see ${serial} and ${log}); its last lines:\n${last}`;
  return { ...found, fault };
}
