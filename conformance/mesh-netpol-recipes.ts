/** Recipes of network policy: each page is done as it says, and what it shows of each request must be what `why` says. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FlowQuestion, prepare, whyFlow } from '../src/explain/index.ts';
import { PageCluster } from './netpol/cluster.ts';
import { readTranscript, type Step } from './netpol/transcript.ts';
import type { CaseResult, SuiteRunner } from './runner.ts';

type Inside = Extract<Step, { kind: 'inside' }>;

interface Asked {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** Whom a command connects to; undefined for those that connect to nobody or tell nothing when they do. */
function readRequest([program, ...words]: readonly string[]): Asked | undefined {
  if (program === 'wget' || program === 'curl') {
    const url = words.find(word => /^https?:\/\//.test(word));
    if (url === undefined) return undefined;
    const { hostname, port, protocol, pathname } = new URL(url);
    return { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80), path: pathname };
  }
  if (program !== 'nc') return undefined;
  const [host, port] = words.slice(-2);
  return host === undefined || !Number(port) ? undefined : { host, port: Number(port), path: '/' };
}

/** What the page shows: names that are not found and connections that time out are refusals. */
function shown(printed: readonly string[]): 'allow' | 'deny' | undefined {
  const text = printed.join('\n');
  if (/timed out|bad address|can't connect|refused/i.test(text)) return 'deny';
  return text === '' ? undefined : 'allow';
}

/** The Service a name means to a pod of a namespace, by the pod's search list. */
function serviceName(host: string, own: string, cluster: PageCluster): string | undefined {
  const [name = '', namespace = own] = host.split('.');
  return cluster.service(namespace, name) ? `${name}.${namespace}.svc.cluster.local` : undefined;
}

function questionOf(asked: Asked, printed: readonly string[], cluster: PageCluster): FlowQuestion {
  const source = { kind: 'named', ...cluster.session!, of: 'Pod' } as const;
  const base = { source, protocol: 'TCP', port: asked.port, path: asked.path } as const;
  const service = serviceName(asked.host, source.namespace, cluster);
  if (service !== undefined) return { ...base, destination: { kind: 'dns', host: service } };
  // Once the page shows the address, the name was found.
  const address = /\((\d+\.\d+\.\d+\.\d+)(?::\d+)?\)/.exec(printed.join('\n'))?.[1];
  const destination =
    address === undefined ? ({ kind: 'dns', host: asked.host } as const) : ({ kind: 'address', address } as const);
  return { ...base, destination };
}

/** The first request on which page and `why` differ, or how many there were. */
function runPage(page: string): { readonly asked: number; readonly expected?: string; readonly got?: string } {
  const cluster = new PageCluster();
  let asked = 0;
  const ask = ({ words, printed }: Inside): { expected: string; got: string } | undefined => {
    const request = readRequest(words);
    const expected = shown(printed);
    if (!request || !expected || !cluster.session) return undefined;
    asked++;
    const objects = cluster.objects();
    const { outcome } = whyFlow(prepare({ objects, originOf: () => undefined }), questionOf(request, printed, cluster));
    const what = `${words.join(' ')} (request ${asked})`;
    return outcome === expected ? undefined : { expected: `${what}: ${expected}`, got: outcome };
  };
  for (const step of readTranscript(page)) {
    if (step.kind === 'manifest') cluster.apply(step.text);
    else if (step.kind === 'kubectl') {
      const refused = cluster.run(step.words);
      if (refused !== undefined) return { asked, expected: 'a command that is known', got: refused };
    } else {
      const differs = ask(step);
      if (differs) return { asked, ...differs };
    }
  }
  return { asked };
}

/** A page is a recipe when it has a policy. */
const isRecipe = (page: string): boolean => /^kind:\s*NetworkPolicy\b/m.test(page);

export const runner: SuiteRunner = {
  suite: 'mesh/netpol-recipes',
  async *run({ cases, signal }): AsyncGenerator<CaseResult> {
    for (const name of readdirSync(cases).sort()) {
      signal.throwIfAborted();
      if (!name.endsWith('.md')) continue;
      const page = readFileSync(join(cases, name), 'utf8');
      if (!isRecipe(page)) continue;
      const { asked, expected, got } = runPage(page);
      if (expected !== undefined) yield { case: name, result: 'failed', expected, got: got ?? '' };
      else if (asked === 0)
        yield {
          case: name,
          result: 'skipped',
          feature: 'no-request',
          reason: 'the page shows no request to compare with',
        };
      else yield { case: name, result: 'passed' };
    }
  },
};
