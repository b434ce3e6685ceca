// What the command line asks for, checked before anything is installed, built or booted.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { JOBS, jobsOf } from './jobs.mjs';

const KINDS = ['fixed', 'unfixed'];
const OPTIONS = {
  kernel: { type: 'string', default: '6.1' },
  only: { type: 'string' },
  jobs: { type: 'string' },
  cpus: { type: 'string', default: '2' },
  fixtures: { type: 'string' },
  help: { type: 'boolean', default: false },
};

function parsed(args) {
  try {
    return parseArgs({ args, options: OPTIONS }).values;
  } catch (error) {
    // The advice after the first sentence is about arguments that are no options; there are none here.
    throw new Error(error.message.split('. ')[0]);
  }
}

const demand = (condition, name, value, accepted) => {
  if (!condition) throw new Error(`--${name} ${JSON.stringify(value)}: ${accepted}`);
};

/** Made now: after a quarter of an hour it would be too late to learn that it cannot be. */
function requireFolder(path) {
  try {
    mkdirSync(path, { recursive: true });
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw new Error(`--fixtures ${JSON.stringify(path)}: no folder that can be written to (${error.code})`);
  }
}

/**
 * @param args of the command line.
 * @returns series, kernels and jobs to run, CPUs of the host, and where test data are to be written, if anywhere.
 * @throws Error saying in one sentence what is accepted.
 */
export function optionsOf(args) {
  const { kernel: series, only, jobs, cpus, fixtures, help } = parsed(args);
  if (help) return { help };
  demand(/^\d+\.\d+$/.test(series), 'kernel', series, 'a series is two numbers, such as 6.1');
  demand(only === undefined || KINDS.includes(only), 'only', only, `it is ${KINDS.join(' or ')}`);
  demand(cpus === '1' || cpus === '2', 'cpus', cpus, 'the host has 1 or 2');
  const names = jobs?.split(',');
  const unknown = names?.find((wanted) => !JOBS.some(({ name }) => name === wanted));
  demand(unknown === undefined, 'jobs', unknown, `the jobs are ${JOBS.map(({ name }) => name).join(', ')}`);
  const kinds = KINDS.filter((kind) => (only ?? kind) === kind && jobsOf(kind, names).length > 0);
  demand(kinds.length > 0, 'jobs', jobs, `none of them is run on the ${only} kernel`);
  if (fixtures !== undefined) requireFolder(fixtures);
  return { help, series, kinds, names, cpus: Number(cpus), fixtures };
}
