import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Text } from '../base/index.ts';
import { startAgentHost } from '../hosts/node/agent.ts';
import { readClusterInfo } from '../hosts/node/cluster-info.ts';
import { createJoinToken, parseJoinToken } from '../hosts/node/join-token.ts';
import { keepHeapSmall } from '../hosts/node/memory.ts';
import { nodeNameOf } from '../hosts/node/node-name.ts';
import { systemClock, systemRandom } from '../hosts/node/ports.ts';
import { openState, runningOn, stateFolderPath } from '../hosts/node/state.ts';
import { connectKubeconfig } from '../kernel/index.ts';
import { type Command, EXIT, type Invocation, stringOption } from './command.ts';
import { NODE_OPTIONS, nodeOptions } from './node-options.ts';
import { cliFaults } from './faults.ts';
import { faultPrinter, logWriter, untilStopped } from './foreground.ts';

const READY: Text = { en: 'node {name} joined {server} in {ms} ms', zh: '节点 {name} 已加入 {server},用时 {ms} 毫秒' };

/** `tenon agent token`: a token of the Tenon that runs on `--state`, as the command another machine runs. */
async function printToken({ options, environment, terminal, output }: Invocation): Promise<number> {
  const folder = stateFolderPath(stringOption(options, 'state'), environment);
  if (runningOn(folder) === undefined) throw cliFaults.error('not-running', { state: folder });
  await using connection = connectKubeconfig(join(folder, 'kubeconfig'));
  const authority = readFileSync(join(folder, 'pki', 'ca.crt'), 'utf8');
  const token = await createJoinToken(connection.client, authority, systemClock, systemRandom());
  const { server } = await readClusterInfo(connection.client);
  if (output === 'json') terminal.out(JSON.stringify({ server, token }));
  else terminal.out(`tenon agent --server ${server} --token ${token}`);
  return EXIT.yes;
}

async function runAgent(invocation: Invocation): Promise<number> {
  const { options, terminal, environment } = invocation;
  const server = stringOption(options, 'server');
  if (server === undefined) throw cliFaults.error('missing-argument', { command: 'agent', what: '--server URL' });
  if (!URL.canParse(server) || !server.startsWith('https://'))
    throw cliFaults.error('bad-option', { command: 'agent', reason: `--server takes an https URL, not "${server}"` });
  const token = stringOption(options, 'token');
  const address = stringOption(options, 'address');
  const runtime = stringOption(options, 'runtime');
  await using state = openState(stateFolderPath(stringOption(options, 'state'), environment));
  const log = logWriter(state);
  const fault = faultPrinter(invocation, state);
  const nodeName = nodeNameOf(stringOption(options, 'node-name') ?? hostname());
  await using _node = await startAgentHost({
    server,
    ...(token === undefined ? {} : { token: parseJoinToken(token) }),
    state,
    nodeName,
    ...(address === undefined ? {} : { address }),
    offline: options.offline === true,
    ...(runtime === undefined ? {} : { runtime }),
    ...nodeOptions(options, 'agent'),
    clock: systemClock,
    random: systemRandom(),
    report: one => fault(one, 'node'),
    log,
  });
  keepHeapSmall();
  const words = { name: nodeName, server, ms: String(Math.round(performance.now())) };
  terminal.out(READY[terminal.language].replace(/\{(name|server|ms)\}/g, (_, key: keyof typeof words) => words[key]));
  await untilStopped(invocation.signal);
  return EXIT.yes;
}

export const command: Command = {
  name: 'agent',
  summary: { en: 'Join this machine to a Tenon as one more node', zh: '让本机作为节点加入一个 Tenon' },
  usage: '--server URL --token TOKEN [--state DIR] | token [--state DIR]',
  words: 1,
  options: {
    server: {
      type: 'string',
      value: 'URL',
      help: { en: 'API of the first machine (its up --api-host)', zh: '第一台机器的 API(其 up --api-host 地址)' },
    },
    token: {
      type: 'string',
      value: 'TOKEN',
      help: {
        en: 'What "tenon agent token" printed there; needed only the first time',
        zh: '在那台机器上由“tenon agent token”输出;仅首次加入需要',
      },
    },
    state: {
      type: 'string',
      value: 'DIR',
      help: {
        en: "This node's own folder (for token: that of the running Tenon)",
        zh: '本节点自己的文件夹(用于 token 时为正在运行的 Tenon 的文件夹)',
      },
    },
    'node-name': {
      type: 'string',
      value: 'NAME',
      help: { en: 'Name of the node (host name)', zh: '节点名称(默认主机名)' },
    },
    runtime: {
      type: 'string',
      value: 'NAME',
      help: {
        en: 'Runtime of pods without a RuntimeClass (process)',
        zh: '未指定 RuntimeClass 的 Pod 所用的运行时(默认 process)',
      },
    },
    ...NODE_OPTIONS,
    offline: { type: 'boolean', help: { en: 'Never ask a registry', zh: '不访问任何镜像仓库' } },
    address: {
      type: 'string',
      value: 'ADDRESS',
      help: {
        en: 'Where other machines reach this one (its address towards the server)',
        zh: '其他机器访问本机的地址(默认为通向服务器的地址)',
      },
    },
  },
  examples: [
    'tenon up --api-host 192.0.2.1',
    'tenon agent token',
    'tenon agent --server https://192.0.2.1:6443 --token abcdef.0123456789abcdef.HASH',
  ],
  run(invocation) {
    const [word, ...more] = invocation.positionals;
    if (word === 'token' && more.length === 0) return printToken(invocation);
    if (word !== undefined)
      throw cliFaults.error('bad-option', { command: 'agent', reason: `no "${word}": token, or nothing` });
    return runAgent(invocation);
  },
};
