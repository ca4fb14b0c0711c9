import type { SecureVersion } from 'node:tls';
import type { Invocation } from './command.ts';
import { BundleError, verifyBundle } from './opa-bundle.ts';
import { type Flags, listOf, oneOf, parseFlags, textOf, worldOf } from './opa-flags.ts';
import { waited } from './opa-serve/bundles.ts';
import { ConfigurationError, readConfiguration } from './opa-serve/configuration.ts';
import { listen, type TlsFiles } from './opa-serve/listen.ts';
import { Log } from './opa-serve/log.ts';
import { OpaServer } from './opa-serve/server.ts';
import { signedFiles } from './opa-sources.ts';

const READY_LOOK_MS = 100;

const RUN_OPTIONS = {
  server: { type: 'boolean', short: 's' },
  addr: { type: 'string', short: 'a', multiple: true },
  'diagnostic-addr': { type: 'string', multiple: true },
  bundle: { type: 'boolean', short: 'b' },
  'config-file': { type: 'string', short: 'c' },
  set: { type: 'string', multiple: true },
  'set-file': { type: 'string', multiple: true },
  authentication: { type: 'string' },
  authorization: { type: 'string' },
  'tls-cert-file': { type: 'string' },
  'tls-private-key-file': { type: 'string' },
  'tls-ca-cert-file': { type: 'string' },
  'min-tls-version': { type: 'string' },
  'log-level': { type: 'string', short: 'l' },
  'log-format': { type: 'string' },
  'ready-timeout': { type: 'string' },
  'verification-key': { type: 'string' },
  'verification-key-id': { type: 'string' },
  'signing-alg': { type: 'string' },
  scope: { type: 'string' },
  'skip-verify': { type: 'boolean' },
  'skip-version-check': { type: 'boolean' },
  'optimize-store-for-read-speed': { type: 'boolean' },
} as const;

/** Refuses bundles given as paths whose signatures do not hold. */
function verifyGiven(flags: Flags): void {
  const key = textOf(flags, 'verification-key');
  if (key === undefined || flags.values['skip-verify'] === true) return;
  if (flags.values.bundle !== true)
    throw new SyntaxError('enable bundle mode (ie. --bundle) to verify bundle files or directories');
  const algorithm = textOf(flags, 'signing-alg') ?? 'RS256';
  for (const path of flags.words) verifyBundle(signedFiles(path), { algorithm, key }, path, textOf(flags, 'scope'));
}

const TLS_VERSIONS: readonly [string, ...string[]] = ['1.2', '1.3', '1.0', '1.1'];

/** How clients are met: with which certificate, and whether they have to show one. */
function tlsOf(flags: Flags): TlsFiles {
  const [cert, key, ca] = ['tls-cert-file', 'tls-private-key-file', 'tls-ca-cert-file'].map(name =>
    textOf(flags, name),
  );
  if ((cert === undefined) !== (key === undefined))
    throw new SyntaxError('--tls-cert-file and --tls-private-key-file must be specified together');
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
    minVersion: `TLSv${oneOf(flags, 'min-tls-version', TLS_VERSIONS)}`.replace('v1.0', 'v1') as SecureVersion,
    asksClients: textOf(flags, 'authentication') === 'tls',
  };
}

/** `run --server`: OPA's REST API until the signal. */
export async function serve(args: readonly string[], invocation: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, RUN_OPTIONS);
  const { terminal, signal, environment } = invocation;
  if (flags.values.server !== true) {
    terminal.err('Only "run --server" is there: use "tenon opa eval" for single queries');
    return 2;
  }
  const log = new Log(
    line => terminal.err(line),
    textOf(flags, 'log-level') ?? 'info',
    textOf(flags, 'log-format') ?? 'json',
  );
  const file = textOf(flags, 'config-file');
  let server: OpaServer;
  try {
    const configuration = readConfiguration({
      ...(file === undefined ? {} : { file }),
      set: listOf(flags, 'set'),
      setFile: listOf(flags, 'set-file'),
      environment,
    });
    verifyGiven(flags);
    server = new OpaServer(flags, configuration, log, strict => worldOf(invocation, strict));
  } catch (error) {
    const isConfiguration = error instanceof ConfigurationError;
    if (!isConfiguration && !(error instanceof BundleError)) throw error;
    terminal.err(`error: ${isConfiguration ? 'config error: ' : ''}${error.message}`);
    return 1;
  }
  server.checkFields();
  const tls = tlsOf(flags);
  const stop = new AbortController();
  const plugins = server.run(stop.signal);
  const listeners: Awaited<ReturnType<typeof listen>>[] = [];
  try {
    await readied(server, Number(textOf(flags, 'ready-timeout') ?? 0), signal);
    const given = listOf(flags, 'addr');
    const plain: TlsFiles = { minVersion: tls.minVersion, asksClients: false };
    for (const address of given.length > 0 ? given : ['127.0.0.1:8181'])
      listeners.push(await listen(address, tls, (request, response) => server.handle(request, response, false)));
    const diagnostic: string[] = [];
    for (const address of listOf(flags, 'diagnostic-addr')) {
      const one = await listen(address, plain, (request, response) => server.handle(request, response, true));
      listeners.push(one);
      diagnostic.push(one.shown);
    }
    const addrs = listeners.map(({ shown }) => shown).filter(shown => !diagnostic.includes(shown));
    log.info('Initializing server.', { addrs, 'diagnostic-addrs': diagnostic });
    // Where it listens is told even where little else is.
    if (!log.isOn('info')) terminal.err(JSON.stringify({ level: 'info', msg: 'Initializing server.', addrs }));
    await new Promise<void>(resolve =>
      signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
    );
  } finally {
    for (const { server: each } of listeners) each.closeAllConnections();
    await Promise.all(listeners.map(({ server: each }) => new Promise(resolve => each.close(resolve))));
    stop.abort();
    await plugins;
  }
  return 0;
}

/** Waits until bundles are active, at most so many seconds. */
async function readied(server: OpaServer, timeout_s: number, signal: AbortSignal): Promise<void> {
  const until = performance.now() + timeout_s * 1000;
  while (!server.isReady && !signal.aborted && performance.now() < until) await waited(READY_LOOK_MS, signal);
}
