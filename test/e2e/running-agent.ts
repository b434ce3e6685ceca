import { type ChildProcess, spawn } from 'node:child_process';
import { MAIN } from './tscope.ts';

/** A line of the agent's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** An agent that runs as a child process. */
export interface RunningAgent {
  readonly url: string;
  readonly child: ChildProcess;
  readonly log: LogLine[];
  readonly stdout: () => string;
  /** Time from its start to the log's `started`, ms. */
  readonly startMs: number;
  json<T = Record<string, unknown>>(path: string): Promise<T>;
  text(path: string): Promise<string>;
  /** @returns the exit code, or the signal that ended it. */
  end(signal?: NodeJS.Signals): Promise<number | string | null>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Words before node, such as `prlimit`. */
  readonly wrapper?: readonly string[];
}

/** Starts an agent on a free port and waits until it serves. */
export function startAgent(args: readonly string[], options: StartOptions = {}): Promise<RunningAgent> {
  const begun = performance.now();
  const given = args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
  const [command = '', ...words] = [
    ...(options.wrapper ?? []),
    process.execPath,
    MAIN,
    'agent',
    ...args,
    ...given,
  ];
  const env = { ...process.env, ...options.env };
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], env, cwd: options.cwd });
  const log: LogLine[] = [];
  let stdout = '';
  let stderr = '';
  const ended = new Promise<number | string | null>((resolve) => {
    child.on('exit', (code, signal) => resolve(signal ?? code));
  });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  return new Promise((resolve, reject) => {
    const take = (line: string): void => {
      if (!line.startsWith('{')) return;
      const entry = JSON.parse(line) as LogLine;
      log.push(entry);
      if (entry.message !== 'started') return;
      const url = String(entry['url']).replace('0.0.0.0', '127.0.0.1').replace(/\/$/, '');
      const text = async (path: string) => (await fetch(url + path)).text();
      resolve({
        url,
        child,
        log,
        stdout: () => stdout,
        startMs: performance.now() - begun,
        text,
        json: async <T>(path: string) => JSON.parse(await text(path)) as T,
        end: (signal = 'SIGTERM') => {
          child.kill(signal);
          return ended;
        },
      });
    };
    let rest = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
    });
    void ended.then((end) => reject(new Error(`the agent ended with ${end} before it served: ${stderr}`)));
  });
}

/** Waits until `holds`, looking every 50 ms. */
export async function eventually(holds: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
