import type { Handler } from '../http/server.ts';

/** The pages and what they load, by exact path. */
export const pageRoutes = (): Map<string, Handler> => new Map();
