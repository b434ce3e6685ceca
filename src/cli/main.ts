#!/usr/bin/env node
// No module of ours is imported here but in the try, so that a module that cannot be read becomes a sentence too: a limit of open
// files, Node's permission model.
import { writeSync } from 'node:fs';

try {
  const { run } = await import('./program.ts');
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const { syscall, code, message = String(error) } = error as Partial<NodeJS.ErrnoException>;
  const why = syscall === undefined ? message : `the system refused ${syscall} (${code})`;
  writeSync(
    2,
    `tscope: it could not be loaded: ${why}.\n  Check the limit of open files (ulimit -n), Node's --permission flags, filters of system calls, and the installation.\n`,
  );
  process.exitCode = 3;
}
