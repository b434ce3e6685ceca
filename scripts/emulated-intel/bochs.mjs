// Runs the image in Bochs, headless, and reads what comes over the serial line.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Emulated instructions a second of the guest's time, and so its TSC in Hz. */
const TSC_HZ = 200_000_000;

// Paths are relative: Bochs overruns its own buffers with longer ones.
const settings = ({ name, cpus }) => `
megs: 768
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
# A newer model's CPUID 0x15 makes Linux take the TSC for another rate, and KVM gives up the preemption timer.
cpu: model=broadwell_ult, count=${cpus}, ips=${TSC_HZ}, reset_on_triple_fault=1
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

/** What stands between the lines "=== begin NAME" and "=== end NAME", and the exit codes. */
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
      files.set(name, gunzipSync(Buffer.from(packed, 'base64')).toString());
      open = null;
    } else if (open !== null && !line.startsWith('[')) packed += line;
  }
  return { files, exits, done: lines.includes('=== done') };
}

/**
 * Boots the image NAME.iso of the folder, waits for its last job and ends the machine.
 *
 * @param limitMs longest time of the whole run.
 * @param progress told how many jobs are done.
 * @throws Error where the machine ended, or the time, before the last job.
 */
export async function boot({ folder, name, cpus, limitMs, progress }) {
  const serial = `${folder}/${name}.serial`;
  const log = `${folder}/${name}.bochs.log`;
  const config = `${folder}/${name}.bochsrc`;
  rmSync(serial, { force: true });
  writeFileSync(config, settings({ name, cpus }));
  // Debian's build begins in its debugger.
  writeFileSync(`${folder}/${name}.debugger`, 'c\n');
  const out = openSync(`${folder}/${name}.bochs.out`, 'w');
  const child = spawn('bochs', ['-q', '-f', `${name}.bochsrc`, '-rc', `${name}.debugger`], {
    cwd: folder,
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const ended = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('exit', resolve);
  });
  const started = Date.now();
  const read = () => {
    try {
      return readFileSync(serial, 'latin1');
    } catch {
      return '';
    }
  };
  let over = false;
  ended.then(() => {
    over = true;
  });
  while (!over) {
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 1000))]);
    const text = read();
    progress(text.split('=== exit ').length - 1);
    if (/^=== done/m.test(text) || Date.now() - started > limitMs) break;
  }
  end();
  await ended;
  process.off('exit', end);
  const result = parseSerial(read());
  if (!result.done) {
    const last = read().trimEnd().split('\n').slice(-3).join('\n');
    throw new Error(
      `${name}: the emulated host ended before its last job (see ${serial} and ${log}); its last lines:\n${last}`,
    );
  }
  return result;
}
