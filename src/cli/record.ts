import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { Text } from '../base/index.ts';
import { followFlows } from '../hosts/node/control-flows.ts';
import { systemClock } from '../hosts/node/ports.ts';
import { runningOn, stateFolderPath } from '../hosts/node/state.ts';
import { writeFolder } from '../hosts/sim/record/drivers/write.ts';
import { follow } from '../hosts/sim/record/follow.ts';
import { Recording } from '../hosts/sim/record/recording.ts';
import { readDuration } from '../hosts/sim/scenario/duration.ts';
import { builtinCatalog, connectKubeconfig } from '../kernel/index.ts';
import { type Command, EXIT, type Invocation, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

const BEGUN: Text = {
  en: 'Recording; Ctrl-C ends it',
  zh: '正在录制;按 Ctrl-C 结束',
};
const DONE: Text = {
  en: '{steps} steps and {loads} loads in {file}; the values of Secrets are left out\nAgain: tenon sim {file}',
  zh: '已将 {steps} 个步骤与 {loads} 份负载写入 {file};Secret 的值已隐去\n重放:tenon sim {file}',
};
const SKIPPED: Text = { en: 'not read: {resource}: {cause}', zh: '未读取:{resource}:{cause}' };

/** Node keeps no longer timers. */
const FOR_MS_MAX = 2 ** 31 - 1;

/** Until the time is over or Ctrl-C. */
function over(signal: AbortSignal, for_ms: number | undefined): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, for_ms ?? FOR_MS_MAX);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function lengthOf(invocation: Invocation): number | undefined {
  const text = stringOption(invocation.options, 'for');
  if (text === undefined) return undefined;
  const for_ms = readDuration(text);
  if (for_ms === undefined || for_ms > FOR_MS_MAX)
    throw cliFaults.error('bad-option', { command: 'record', reason: `--for takes 90s, 10m or 2h, not "${text}"` });
  return for_ms;
}

async function record(invocation: Invocation, folder: string): Promise<number> {
  const { options, terminal, environment, signal } = invocation;
  const { language } = terminal;
  const for_ms = lengthOf(invocation);
  const state = stateFolderPath(stringOption(options, 'state'), environment);
  const kubeconfig = stringOption(options, 'kubeconfig');
  if (kubeconfig === undefined && runningOn(state) === undefined) throw cliFaults.error('not-running', { state });
  await using connection = connectKubeconfig(kubeconfig ?? join(state, 'kubeconfig'));
  const stop = new AbortController();
  const name = `recorded-${new Date(systemClock.now())
    .toISOString()
    .slice(0, 19)
    .replace(/[^\d]+/g, '-')}`;
  const recording = new Recording({
    name,
    start_ms: systemClock.now(),
    // Kubernetes reads YAML 1.1: "no" and "on" must not become truth values.
    yaml: document => stringify(document, { aliasDuplicateObjects: false, version: '1.1' }),
  });
  await follow({
    client: connection.client,
    clock: systemClock,
    kinds: builtinCatalog().all(),
    recording,
    signal: stop.signal,
    skipped: (resource, why) =>
      terminal.err(
        SKIPPED[language]
          .replace('{resource}', resource)
          .replace('{cause}', why instanceof Error ? why.message : String(why)),
      ),
  });
  const began = systemClock.monotonic();
  if (kubeconfig === undefined)
    void followFlows(
      join(state, 'control.sock'),
      flow => recording.flow(systemClock.monotonic() - began, flow),
      stop.signal,
    );
  terminal.err(BEGUN[language]);
  await over(signal, for_ms);
  stop.abort();
  const files = recording.folder(systemClock.monotonic() - began);
  writeFolder(folder, files);
  const loads = [...files.keys()].filter(path => path.startsWith('traffic/')).length;
  const said = { steps: String(recording.steps), loads: String(loads), file: join(folder, 'scenario.yaml') };
  terminal.out(DONE[language].replace(/\{(\w+)\}/g, (_, key: keyof typeof said) => said[key]));
  return EXIT.yes;
}

export const command: Command = {
  name: 'record',
  summary: { en: 'Make a scenario of what happens to a running Tenon', zh: '将运行中 Tenon 的经历录制为场景' },
  usage: 'FOLDER [--for 10m] [--state DIR | --kubeconfig FILE]',
  words: 1,
  options: {
    for: {
      type: 'string',
      value: 'TIME',
      help: { en: 'How long; until Ctrl-C unless said', zh: '录制时长;默认直到 Ctrl-C' },
    },
    state: {
      type: 'string',
      value: 'DIR',
      help: { en: 'State folder of the Tenon to record', zh: '要录制的 Tenon 的状态文件夹' },
    },
    kubeconfig: {
      type: 'string',
      value: 'FILE',
      help: { en: 'Record another cluster instead; without its load', zh: '改为录制其他集群(不含负载)' },
    },
  },
  examples: ['tenon record monday --for 10m', 'tenon sim monday/scenario.yaml --html monday.html'],
  run(invocation) {
    const [name] = invocation.positionals;
    if (name === undefined) throw cliFaults.error('missing-argument', { command: 'record', what: 'a folder' });
    return record(invocation, resolve(name));
  },
};
