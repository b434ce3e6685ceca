// Lets a worker or a child of a test run the sources themselves: Node 20 loads no TypeScript.
import { register } from 'node:module';

const hooks = `
import { readFile } from 'node:fs/promises';
import { transform } from ${JSON.stringify(import.meta.resolve('esbuild'))};
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !new URL(url).pathname.endsWith('.ts')) return next(url, context);
  const options = { loader: 'ts', format: 'esm', target: 'es2023', sourcefile: new URL(url).pathname, sourcemap: 'inline' };
  const { code } = await transform(await readFile(new URL(url), 'utf8'), options);
  return { format: 'module', source: code, shortCircuit: true };
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
