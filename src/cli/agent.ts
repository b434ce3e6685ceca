import { aborted } from 'node:util';
import type { Agent } from '../agent/agent.ts';
import { formatListenAddress } from '../agent/config/listen-address.ts';
import { describeSettings, planSentences } from '../agent/config/plan.ts';
import { type Config, readConfig, type Sources, variableOf } from '../agent/config/read-config.ts';
import { SETTING_NAMES, SETTINGS } from '../agent/config/settings.ts';
import { boundedLog, jsonLog } from '../agent/log.ts';
import { tuneRuntime } from '../agent/runtime.ts';
import type { Ledger } from '../agent/storing/store-queue.ts';
import { TscopeError } from '../errors.ts';
import { agentText } from '../report/kinds/agent.ts';
import type { AgentResult } from '../schema/agent.ts';
import { defineCommand } from './command.ts';

const HELP = `
Runs until SIGTERM or Ctrl-C; SIGHUP reads the configuration again. The log goes to stderr, a JSON object a line.
Each setting is taken from its flag, else from the environment (${variableOf('interval')}, ${variableOf('tokenFile')} ...), else from
the configuration file (--config or TSCOPE_CONFIG: a JSON object, {"interval": "10s", "clocks": ["tsc", "realtime"]}).
Requests from other hosts need a token: Prometheus sends it as a bearer token, a browser asks for it as a password
(any user name). Without TLS (--tls-cert, --tls-key; SIGHUP reads a new pair) the network sees it.

Serves / (a live page), /metrics (Prometheus), /healthz, and /api/v1/ now, host, runs, samples, events, stability, live.
/healthz answers 200 or 503, and a probe without the token too, with the status alone. Whoever has the token sees why, and
the ledger: samples taken = stored + waiting + dropped, each dropped one with its reason.
Under systemd it says when it is ready, and feeds the watchdog only while samples come and the store answers.

Samples are kept for --retain, minutes and hours ten times as long, all within --max-size. Age is measured time, not
what a clock says, and one pass deletes a quarter at most; \`tscope runs --prune --retain TIME --dry-run\` tells first.

Examples:
  tscope agent --check                       what it would do, and why
  tscope agent --interval 1s --db /var/lib/tscope/tscope.db
  TSCOPE_TOKEN_FILE=/etc/tscope/token tscope agent --listen 0.0.0.0:9797 --user tscope`;

const log = boundedLog(jsonLog((line) => process.stderr.write(line)));

/** --token-file for tokenFile. */
const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/**
 * Has the configuration read again when it is asked for, one time after another; a bad one changes nothing. What is asked
 * for before the next begins is one, and what while there is no agent yet is done when there is.
 */
function reloading(sources: Sources) {
  let agent: Agent | null = null;
  let asked = false;
  let working = false;
  const work = async (): Promise<void> => {
    if (working || agent === null) return;
    working = true;
    while (asked) {
      asked = false;
      try {
        await agent.reload(readConfig(sources, agent.config));
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        const hint = error instanceof TscopeError ? error.hint : null;
        log('error', `the configuration stays as it was: ${message}`, { hint });
      }
    }
    working = false;
  };
  return {
    ask: (): void => {
      asked = true;
      void work();
    },
    attach: (started: Agent): void => {
      agent = started;
      void work();
    },
  };
}

/** Runs the daemon until `signal` aborts. */
async function run(
  config: Config,
  sources: Sources,
  signal: AbortSignal,
): Promise<NonNullable<AgentResult['ran']>> {
  const begun = performance.now();
  const reloads = reloading(sources);
  // Before anybody can reach the service: a signal without a handler would end it.
  process.on('SIGHUP', reloads.ask);
  try {
    tuneRuntime();
    const { startAgent } = await import('../agent/agent.ts');
    // An agent without a hub loads nothing of the fleet.
    const shipping = config.hub === null ? null : await import('../fleet/shipping/ship.ts');
    const agent = await startAgent(config, log, shipping?.startShipping ?? null);
    let ledger: Ledger | null = null;
    try {
      reloads.attach(agent);
      await Promise.race([aborted(signal, agent), agent.failed]);
    } finally {
      ledger = await agent.end();
    }
    const { state, address } = agent;
    return {
      address: formatListenAddress(address),
      durationNs: (performance.now() - begun) * 1e6,
      samples: state.samples,
      events: Object.values(state.events)
        .flatMap((clocks) => [...clocks.values()])
        .reduce((sum, count) => sum + count, 0),
      notStored: ledger.dropped.ended,
    };
  } finally {
    process.off('SIGHUP', reloads.ask);
  }
}

export const command = defineCommand({
  name: 'agent',
  summary: 'samples the clocks for months as a daemon: store, Prometheus metrics, a live page',
  needsHost: true,
  endsBySignal: true,
  db: 'own',
  configure: (command) => {
    for (const name of SETTING_NAMES) {
      const { placeholder, help, fallback } = SETTINGS[name];
      const shown = fallback === null || fallback === '' ? help : `${help} (default: ${fallback})`;
      if (name === 'label') {
        command.option(`${flagOf(name)} <${placeholder}>`, shown, (text: string, before: unknown) =>
          typeof before === 'string' ? `${before},${text}` : text,
        );
      } else command.option(`${flagOf(name)} <${placeholder}>`, shown);
    }
    return command
      .option('--config <file>', 'JSON file with settings (default: $TSCOPE_CONFIG)')
      .option('--check', 'say what it would do, and do nothing')
      .addHelpText('after', HELP);
  },
  run: async ({ signal }, { check, ...flags }) => {
    const sources: Sources = { flags, environment: process.env };
    const config = readConfig(sources);
    const result: AgentResult = {
      file: config.file,
      settings: describeSettings(config),
      plan: planSentences(config),
      ran: check ? null : await run(config, sources, signal),
    };
    return { result, text: agentText(result), warnings: check ? config.warnings : [] };
  },
});
