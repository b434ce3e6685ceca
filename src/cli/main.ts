#!/usr/bin/env node
// Nothing is imported here but in the try, so that a module that cannot be read becomes a sentence too: a limit of open
// files, Node's permission model.
try {
  const { run } = await import('./run.ts');
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `tscope: it could not be loaded: ${message}.\n  Check the limit of open files (ulimit -n), Node's --permission flags, and the installation.\n`,
  );
  process.exitCode = 3;
}
