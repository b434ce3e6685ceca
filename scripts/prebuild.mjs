// Puts the addons as built here where an installed package looks for them: `npm pack` ships them, so that installing
// needs neither a compiler nor an install script.
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const from = fileURLToPath(new URL('../build/Release/', import.meta.url));
const to = fileURLToPath(new URL(`../prebuilds/${process.platform}-${process.arch}/`, import.meta.url));
mkdirSync(to, { recursive: true });
for (const name of readdirSync(from).filter((name) => name.endsWith('.node')))
  copyFileSync(from + name, to + name);
