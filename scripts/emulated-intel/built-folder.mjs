// What takes a while to make is made once, and used only when it is whole.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';

/**
 * The folder `path`, made by `make` where it is not there yet. A run that is interrupted leaves `path.partial` only.
 *
 * @param make fills the folder that it is given.
 */
export function builtFolder(path, make) {
  if (existsSync(path)) return path;
  const partial = `${path}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  make(partial);
  renameSync(partial, path);
  return path;
}
