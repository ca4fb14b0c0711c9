import { isIP } from 'node:net';
import { FaultError, reportFault, type Text } from '../base/index.ts';
import { systemClock, systemRandom } from '../hosts/node/ports.ts';
import type { HookSettings } from '../hosts/policy/configuration.ts';
import { type ServePolicies, servePolicies, unregister } from '../hosts/policy/serve.ts';
import { connectKubeconfig } from '../kernel/index.ts';
import { EXIT, type Invocation, listOption, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

const READY: Text = {
  en: 'Serving policies to {server} on port {port}; {failing}',
  zh: '正在端口 {port} 上向 {server} 提供策略；{failing}',
};
const FAILING: Readonly<Record<HookSettings['failurePolicy'], Text>> = {
  Fail: {
    en: 'while nobody answers, writes are refused (--failure-policy Fail)',
    zh: '无人应答时拒绝写入（--failure-policy Fail）',
  },
  Ignore: {
    en: 'while nobody answers, writes pass unjudged (--failure-policy Ignore)',
    zh: '无人应答时写入不经判定即放行（--failure-policy Ignore）',
  },
};
const GONE: Text = {
  en: 'The webhook configurations are removed; policies are no longer asked',
  zh: '已删除 webhook 配置；不再询问策略',
};

const bad = (reason: string): FaultError => cliFaults.error('bad-option', { command: 'policy serve', reason });

function hostPort(text: string, what: string): { host: string; port: number } {
  const found = /^\[?([^\]]*?)\]?:(\d{1,5})$/.exec(text);
  const port = Number(found?.[2]);
  if (!found || port > 65_535) throw bad(`${what} takes HOST:PORT, not "${text}"`);
  return { host: found[1]!, port };
}

interface Reached {
  readonly target: ServePolicies['target'];
  readonly names: ServePolicies['names'];
}

/** `--service NAMESPACE/NAME[:PORT]` or `--url https://HOST[:PORT]`; without either the address that is listened on. */
function reached({ options }: Invocation, host: string): Reached {
  const service = stringOption(options, 'service');
  const url = stringOption(options, 'url');
  if (service !== undefined) {
    const found = /^([a-z0-9-]+)\/([a-z0-9-]+)(?::(\d{1,5}))?$/.exec(service);
    if (!found) throw bad(`--service takes NAMESPACE/NAME[:PORT], not "${service}"`);
    const [, namespace = '', name = '', port = '443'] = found;
    const dns = `${name}.${namespace}.svc`;
    return {
      target: () => ({ service: { namespace, name, port: Number(port) } }),
      names: { dnsNames: [dns, `${dns}.cluster.local`], addresses: [] },
    };
  }
  if (url !== undefined) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed?.protocol !== 'https:') throw bad(`--url takes https://HOST[:PORT], not "${url}"`);
    const name = parsed.hostname.replace(/^\[|\]$/g, '');
    const base = url.replace(/\/+$/, '');
    return { target: () => ({ url: base }), names: namesOf(name) };
  }
  const name = /^(0\.0\.0\.0|::|)$/.test(host) ? '127.0.0.1' : host;
  const shown = name.includes(':') ? `[${name}]` : name;
  return { target: port => ({ url: `https://${shown}:${port}` }), names: namesOf(name) };
}

const namesOf = (name: string): ServePolicies['names'] =>
  isIP(name) ? { dnsNames: [], addresses: [name] } : { dnsNames: [name], addresses: [] };

function settingsOf(invocation: Invocation): Omit<ServePolicies, 'client'> {
  const { options, terminal } = invocation;
  const listen = hostPort(stringOption(options, 'listen') ?? '127.0.0.1:9443', '--listen');
  const failurePolicy = stringOption(options, 'failure-policy') ?? 'Fail';
  if (failurePolicy !== 'Fail' && failurePolicy !== 'Ignore')
    throw bad(`--failure-policy takes Fail or Ignore, not "${failurePolicy}"`);
  const timeout_s = Number(stringOption(options, 'timeout') ?? '10');
  if (!Number.isInteger(timeout_s) || timeout_s < 1 || timeout_s > 30)
    throw bad('--timeout takes whole seconds from 1 to 30');
  const namespace = stringOption(options, 'namespace') ?? 'tenon-system';
  const report = (error: unknown): void =>
    terminal.err(error instanceof FaultError ? reportFault(error.fault, terminal.language).message : String(error));
  return {
    clock: systemClock,
    random: systemRandom(),
    namespace,
    listen,
    ...reached(invocation, listen.host),
    failurePolicy,
    timeout_s,
    exempt: ['kube-system', namespace, ...listOption(options, 'exempt')],
    report,
  };
}

/** `tenon policy serve`: until Ctrl-C. */
export async function policyServe(invocation: Invocation): Promise<number> {
  const { options, terminal, signal } = invocation;
  const file = stringOption(options, 'kubeconfig');
  if (file === undefined)
    throw cliFaults.error('missing-argument', { command: 'policy serve', what: '--kubeconfig FILE' });
  await using connection = connectKubeconfig(file, stringOption(options, 'context'));
  const { client } = connection;
  if (options.unregister === true) {
    await unregister(client);
    terminal.out(GONE[terminal.language]);
    return EXIT.yes;
  }
  const settings = settingsOf(invocation);
  await using served = await servePolicies({ ...settings, client });
  terminal.out(
    READY[terminal.language]
      .replace('{server}', connection.target.server)
      .replace('{port}', String(served.port))
      .replace('{failing}', FAILING[settings.failurePolicy][terminal.language]),
  );
  // Nothing of this process would keep it alive but its connections, so a handle of its own does.
  const alive = setInterval(() => undefined, 60_000);
  await new Promise<void>(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  clearInterval(alive);
  return EXIT.yes;
}
