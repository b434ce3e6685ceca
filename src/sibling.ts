import { extname } from 'node:path';

/**
 * A module that a thread or a child process starts with, beside the one that names it: built beside built, source
 * beside source.
 *
 * @param url `import.meta.url` of whoever asks.
 * @param path of the module, relative and without its ending.
 */
export const sibling = (url: string, path: string): URL => new URL(path + extname(url), url);
