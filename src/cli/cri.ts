import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Fault, reportFault, type Text } from '../base/index.ts';
import { startCriHost } from '../hosts/node/cri-host.ts';
import { openState, stateFolderPath } from '../hosts/node/state.ts';
import { type Command, EXIT, type Invocation, listOption, stringOption } from './command.ts';

const READY: Text = {
  en: 'CRI v1 on unix://{socket} ({handlers})',
  zh: 'CRI v1 已在 unix://{socket} 提供服务（{handlers}）',
};

const packageVersion = (root: string): string =>
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version?: string }).version ?? '0';

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise(done => {
    if (signal.aborted) return done();
    // The signal alone holds nothing open.
    const hold = setInterval(() => {}, 60_000);
    signal.addEventListener('abort', () => {
      clearInterval(hold);
      done();
    });
  });

async function serve(invocation: Invocation): Promise<number> {
  const { options, environment, terminal, signal, root } = invocation;
  await using state = openState(stateFolderPath(stringOption(options, 'state'), environment));
  const socket = resolve(stringOption(options, 'socket') ?? state.file('cri.sock'));
  const standard = stringOption(options, 'default-runtime');
  await using host = await startCriHost({
    state,
    socket,
    version: packageVersion(root),
    ...(standard ? { standard } : {}),
    plainHttp: listOption(options, 'plain-http'),
    drain: options.drain === true,
    report: (fault: Fault) => terminal.err(reportFault(fault, terminal.language).message),
    log: line => terminal.err(line),
  });
  const handlers = host.handlers.join(', ');
  terminal.out(READY[terminal.language].replace('{socket}', socket).replace('{handlers}', handlers));
  await ended(signal);
  return EXIT.yes;
}

export const command: Command = {
  name: 'cri',
  summary: { en: 'Serve CRI v1 for a kubelet or crictl', zh: '为 kubelet 或 crictl 提供 CRI v1 服务' },
  usage: '[--socket PATH] [--state DIR]',
  options: {
    socket: {
      type: 'string',
      value: 'PATH',
      help: {
        en: 'Unix socket to serve on; cri.sock in the state folder when left out',
        zh: '提供服务的 Unix 套接字；默认为状态文件夹中的 cri.sock',
      },
    },
    state: {
      type: 'string',
      value: 'DIR',
      help: { en: 'State folder with its images and pods', zh: '存放镜像和 Pod 的状态文件夹' },
    },
    'default-runtime': {
      type: 'string',
      value: 'HANDLER',
      help: {
        en: 'Handler of pods that name none; runc where it is installed',
        zh: '未指定处理器的 Pod 所用的运行时；默认为 runc（若已安装）',
      },
    },
    'plain-http': {
      type: 'string',
      multiple: true,
      value: 'HOST',
      help: { en: 'Registry to reach without TLS', zh: '不使用 TLS 访问的仓库' },
    },
    drain: {
      type: 'boolean',
      help: { en: 'Remove every pod at the end; otherwise they run on', zh: '结束时删除所有 Pod；否则它们继续运行' },
    },
  },
  examples: ['tenon cri --socket /run/tenon/cri.sock', 'crictl --runtime-endpoint unix:///run/tenon/cri.sock pods'],
  run: serve,
};
