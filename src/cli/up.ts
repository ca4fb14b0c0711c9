import { spawn } from 'node:child_process';
import { appendFileSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Language, Text } from '../base/index.ts';
import type { DeliveryStatus, Source } from '../delivery/index.ts';
import { type PlatformStatus, serveControl } from '../hosts/node/control.ts';
import { keepHeapSmall } from '../hosts/node/memory.ts';
import type { HostSettings } from '../hosts/node/layer.ts';
import { type Platform, startPlatform } from '../hosts/node/platform.ts';
import { systemClock } from '../hosts/node/ports.ts';
import { makeStateFolder, openState, type StateFolder, stateFolderPath } from '../hosts/node/state.ts';
import { ingressUrl, platformStatus } from '../hosts/node/status.ts';
import { type Command, EXIT, type Invocation, listOption, stringOption } from './command.ts';
import { NODE_OPTIONS, nodeOptions } from './node-options.ts';
import { cliFaults } from './faults.ts';
import { faultPrinter, logWriter, untilStopped } from './foreground.ts';

const READY: Text = { en: 'ready in {ms} ms', zh: '就绪,用时 {ms} 毫秒' };
const CONSOLE: Text = { en: 'console: {url}', zh: '控制台:{url}' };
const INGRESS: Text = { en: 'ingress: {url}', zh: '入口:{url}' };
const JOIN: Text = {
  en: 'more nodes: tenon agent token --state {state}',
  zh: '加入更多节点:tenon agent token --state {state}',
};
const HINT: Text = { en: 'kubectl --kubeconfig {file} get pods -A', zh: 'kubectl --kubeconfig {file} get pods -A' };

function portOption(invocation: Invocation, name: string, fallback: number): number {
  const text = stringOption(invocation.options, name);
  const port = text === undefined ? fallback : Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw cliFaults.error('bad-option', { command: 'up', reason: `--${name} takes a port, not "${text}"` });
  return port;
}

/** Opens what is to be delivered and builds the images it names. */
async function openDelivery(
  target: string,
  state: StateFolder,
  invocation: Invocation,
  log: (line: string) => void,
): Promise<Source> {
  const { openSource } = await import('../hosts/node/source.ts');
  const { source, project } = openSource(target, systemClock, state.file('git'), invocation.options.offline === true);
  if (project && project.images.length > 0) {
    const { buildProjectImages } = await import('../hosts/node/project-images.ts');
    await buildProjectImages(project, state.file('images'), log, invocation.signal);
  }
  return source;
}

/** Starts delivering a source on a running platform. */
async function addSource(platform: Platform, source: Source, statuses: Map<string, DeliveryStatus>): Promise<void> {
  const { deliveryLayer } = await import('../hosts/node/delivery-layer.ts');
  await platform.add(deliveryLayer(source, statuses, systemClock));
}

/** Starts the console; `listening` is told its link. */
async function addConsole(
  platform: Platform,
  root: string,
  port: number,
  status: (language: Language) => Promise<PlatformStatus>,
  listening: (url: string) => void,
): Promise<void> {
  const { consoleLayer } = await import('../hosts/node/console.ts');
  const { trafficFeed } = await import('../hosts/node/traffic.ts');
  const traffic = trafficFeed(() => platform.parts.network, platform.kernel.client(), platform.clock);
  await platform.add(consoleLayer({ port, page: join(root, '.build/console'), status, traffic, root, listening }));
}

/** Settings of the waist that one option each names: where objects are kept, who may come in, what is written down of it. */
const WAIST_SETTINGS: readonly (readonly [keyof HostSettings, string])[] = [
  ['store', 'store'],
  ['encryption', 'encryption-config'],
  ['authentication', 'authentication-config'],
  ['tokens', 'token-file'],
  ['auditPolicy', 'audit-policy'],
  ['auditLog', 'audit-log'],
];

function waistOptions(options: Invocation['options']): Partial<HostSettings> {
  return Object.fromEntries(
    WAIST_SETTINGS.flatMap(([setting, name]) => {
      const value = stringOption(options, name);
      return value === undefined ? [] : [[setting, value]];
    }),
  );
}

/** One range of cluster addresses, or one of each family. */
function serviceRanges(options: Invocation['options']): Pick<HostSettings, 'serviceCidrs'> {
  const text = stringOption(options, 'service-cidr');
  return text === undefined ? {} : { serviceCidrs: text.split(',') };
}

async function runUp(invocation: Invocation, started_ms: number): Promise<number> {
  const { options, terminal, positionals } = invocation;
  await using state = openState(stateFolderPath(stringOption(options, 'state'), invocation.environment));
  const layers = stringOption(options, 'layers')?.split(',');
  const log = logWriter(state);
  const offline = options.offline === true;
  const runtime = stringOption(options, 'runtime');
  const source = positionals[0] === undefined ? undefined : await openDelivery(positionals[0], state, invocation, log);
  await using platform = await startPlatform({
    state,
    apiPort: portOption(invocation, 'api-port', 6443),
    settings: {
      apiHosts: listOption(options, 'api-host'),
      offline,
      ...serviceRanges(options),
      ...waistOptions(options),
      ingressPort: portOption(invocation, 'ingress-port', 8080),
      ...(runtime === undefined ? {} : { runtime }),
      ...nodeOptions(options, 'up'),
    },
    ...(layers ? { layers } : {}),
    fault: faultPrinter(invocation, state),
    log,
  });
  const statuses = new Map<string, DeliveryStatus>();
  let consoleUrl = '';
  const status = (language: Language): Promise<PlatformStatus> =>
    platformStatus(platform, () => consoleUrl, statuses, language);
  await using _control = await serveControl(state.file('control.sock'), status, platform.backup, () => {
    const { network } = platform.parts;
    return network && { log: network.flows, observe: network.observe };
  });
  if (!layers || layers.includes('console')) {
    const port = portOption(invocation, 'console-port', 8001);
    await addConsole(platform, invocation.root, port, status, url => (consoleUrl = url));
  }
  if (source) await addSource(platform, source, statuses);
  await platform.ready;
  keepHeapSmall();
  const ms = Math.round(performance.now() - started_ms);
  terminal.out(READY[terminal.language].replace('{ms}', String(ms)));
  terminal.out(HINT[terminal.language].replace('{file}', platform.api.kubeconfig));
  if (consoleUrl) terminal.out(CONSOLE[terminal.language].replace('{url}', consoleUrl));
  const ingress = ingressUrl(platform);
  if (ingress) terminal.out(INGRESS[terminal.language].replace('{url}', ingress));
  if (listOption(options, 'api-host').length > 0) terminal.out(JOIN[terminal.language].replace('{state}', state.path));
  process.send?.({ ready: true, ms });
  await untilStopped(invocation.signal);
  return EXIT.yes;
}

/** Starts the same command in the background and returns when it says ready, or with its exit code when it never does. */
function runDetached(invocation: Invocation): Promise<number> {
  const folder = stateFolderPath(stringOption(invocation.options, 'state'), invocation.environment);
  makeStateFolder(folder);
  const log = openSync(`${folder}/up.log`, 'a', 0o600);
  const args = process.argv.slice(1).filter(word => word !== '--detach');
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    detached: true,
    stdio: ['ignore', log, 'pipe', 'ipc'],
    env: process.env,
  });
  child.stderr!.on('data', (chunk: Buffer) => {
    process.stderr.write(chunk);
    appendFileSync(log, chunk);
  });
  return new Promise(resolve => {
    child.on('exit', code => resolve(code ?? EXIT.no));
    child.on('message', message => {
      const { ms } = message as { ms: number };
      invocation.terminal.out(READY[invocation.terminal.language].replace('{ms}', String(ms)));
      child.disconnect();
      child.stderr!.destroy();
      child.unref();
      resolve(EXIT.yes);
    });
  });
}

export const command: Command = {
  name: 'up',
  summary: { en: 'Run a folder or git repository of manifests', zh: '运行一个清单文件夹或 git 仓库' },
  usage: '[FOLDER | GIT-URL] [--state DIR] [--detach]',
  words: 1,
  options: {
    state: {
      type: 'string',
      value: 'DIR',
      help: { en: 'Keep everything in this folder', zh: '所有状态保存在此文件夹' },
    },
    'api-port': {
      type: 'string',
      value: 'PORT',
      help: { en: 'Port of the API (6443; 0 picks a free one)', zh: 'API 端口(默认 6443,0 表示任意空闲端口)' },
    },
    'console-port': {
      type: 'string',
      value: 'PORT',
      help: { en: 'Port of the console (8001; 0 picks a free one)', zh: '控制台端口(默认 8001,0 表示任意空闲端口)' },
    },
    'api-host': {
      type: 'string',
      multiple: true,
      value: 'ADDRESS',
      help: {
        en: 'Answer at this address of the machine too, so that other nodes can join',
        zh: '同时在本机的此地址上提供 API,供其他节点加入',
      },
    },
    'service-cidr': {
      type: 'string',
      value: 'RANGE[,RANGE]',
      help: {
        en: 'Addresses of Services: an IPv4 range, or one of each family: 10.96.0.0/16,fd00:96::/112',
        zh: 'Service 地址:一个 IPv4 范围,或 IPv4、IPv6 各一个:10.96.0.0/16,fd00:96::/112',
      },
    },
    'ingress-port': {
      type: 'string',
      value: 'PORT',
      help: {
        en: 'Port of Ingress on loopback (8080; 0 picks a free one)',
        zh: 'Ingress 的本机端口(默认 8080,0 表示任意空闲端口)',
      },
    },
    runtime: {
      type: 'string',
      value: 'NAME',
      help: {
        en: 'Runtime of pods that name no RuntimeClass (process; runc, crun …)',
        zh: '未指定 RuntimeClass 的 Pod 使用的运行时（默认 process；可为 runc、crun 等）',
      },
    },
    ...NODE_OPTIONS,
    store: {
      type: 'string',
      value: 'URL',
      help: {
        en: 'Keep objects in an etcd that others share: etcd://host:2379',
        zh: '将对象保存在可共享的 etcd 中:etcd://host:2379',
      },
    },
    'encryption-config': {
      type: 'string',
      value: 'FILE',
      help: {
        en: 'Encrypt Secrets at rest as this EncryptionConfiguration says',
        zh: '按此 EncryptionConfiguration 加密静态数据',
      },
    },
    'authentication-config': {
      type: 'string',
      value: 'FILE',
      help: {
        en: 'Believe the token issuers of this AuthenticationConfiguration',
        zh: '信任此 AuthenticationConfiguration 中的令牌签发者',
      },
    },
    'token-file': {
      type: 'string',
      value: 'FILE',
      help: { en: 'Bearer tokens: token,user,uid,"group1,group2" a line', zh: '令牌文件,每行:令牌,用户,uid,"组1,组2"' },
    },
    'audit-policy': {
      type: 'string',
      value: 'FILE',
      help: { en: 'Write down requests as this audit Policy says', zh: '按此审计 Policy 记录请求' },
    },
    'audit-log': {
      type: 'string',
      value: 'FILE',
      help: { en: 'Where audit events go, a JSON line each', zh: '审计事件写入的文件,每行一个 JSON' },
    },
    layers: { type: 'string', value: 'NAME,NAME', help: { en: 'Start only these layers', zh: '只启动这些层' } },
    offline: {
      type: 'boolean',
      help: { en: 'Never ask a registry or repository', zh: '不访问任何镜像仓库或代码仓库' },
    },
    detach: {
      type: 'boolean',
      help: { en: 'Return when ready and leave it running', zh: '就绪后返回,在后台继续运行' },
    },
  },
  examples: [
    'tenon up examples/shop',
    'tenon up https://host/repository.git//deploy?ref=main',
    'tenon up --state /tmp/one --api-port 0 --detach',
  ],
  run(invocation) {
    // performance.now() counts from the start of the process: "ready in" includes loading the program.
    return invocation.options.detach ? runDetached(invocation) : runUp(invocation, 0);
  },
};
