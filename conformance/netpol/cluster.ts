/** A cluster of documents that the few commands a page uses change. */
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../src/kernel/index.ts';

interface Flags {
  readonly named: ReadonlyMap<string, readonly string[]>;
  readonly rest: readonly string[];
}

/** Flags that take their value as the next word. */
const VALUED = new Set(['image', 'labels', 'l', 'namespace', 'n', 'port', 'restart', 'tcp', 'f', 'target-port', 'env']);

/** `--name=value`, `--name value`, `-n value`; the rest are arguments. What follows `--` belongs to the pod. */
export function readFlags(words: readonly string[]): Flags {
  const named = new Map<string, string[]>();
  const rest: string[] = [];
  const put = (name: string, value: string): void => void named.set(name, [...(named.get(name) ?? []), value]);
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === '--') break;
    const flag = /^--?([a-z][\w-]*)(?:=(.*))?$/i.exec(word);
    if (!flag) rest.push(word);
    else if (flag[2] !== undefined) put(flag[1]!, flag[2]);
    else if (VALUED.has(flag[1]!)) put(flag[1]!, words[++at] ?? '');
    else put(flag[1]!, 'true');
  }
  return { named, rest };
}

const pairs = (text: string): Record<string, string> =>
  Object.fromEntries(text.split(',').map(pair => [pair.split('=')[0]!, pair.split('=')[1] ?? '']));

const KINDS: Readonly<Record<string, string>> = {
  pod: 'Pod',
  pods: 'Pod',
  po: 'Pod',
  service: 'Service',
  svc: 'Service',
  networkpolicy: 'NetworkPolicy',
  netpol: 'NetworkPolicy',
  namespace: 'Namespace',
  ns: 'Namespace',
};

/** Objects by kind, namespace and name. */
export class PageCluster {
  readonly #objects = new Map<string, KubeObject>();
  /** The pod commands run in. */
  session: { readonly namespace: string; readonly name: string } | undefined;
  #pods = 0;

  constructor() {
    for (const name of ['default', 'kube-system']) this.#namespace(name);
  }

  objects(): KubeObject[] {
    return [...this.#objects.values()];
  }

  service(namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(`Service/${namespace}/${name}`);
  }

  put(object: KubeObject): void {
    const { metadata } = object;
    const placed = object.kind === 'Namespace' ? {} : { namespace: metadata.namespace ?? 'default' };
    this.#objects.set(`${object.kind}/${placed.namespace ?? ''}/${metadata.name}`, {
      ...object,
      metadata: { ...metadata, ...placed },
    });
  }

  apply(text: string): void {
    for (const document of parseAllDocuments(text)) {
      const value = document.toJS() as KubeObject | null;
      if (value?.kind) this.put(value);
    }
  }

  #namespace(name: string): void {
    this.put({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    });
  }

  /** Does what a command says; answers what it cannot do. */
  run([verb = '', ...words]: readonly string[]): string | undefined {
    const { named, rest } = readFlags(words);
    const namespace = (named.get('namespace') ?? named.get('n'))?.[0] ?? 'default';
    switch (verb) {
      case 'run':
        return this.#run(rest[0] ?? '', namespace, named);
      case 'create':
        return this.#create(rest, namespace, named);
      case 'label':
        return this.#label(rest, namespace);
      case 'delete':
        return this.#delete(rest, namespace);
      // The manifest it names stands on the page and is taken where it stands; the others only show.
      case 'apply':
      case 'get':
      case 'describe':
      case 'logs':
        return undefined;
      default:
        return `kubectl ${verb}`;
    }
  }

  #run(name: string, namespace: string, named: Flags['named']): undefined {
    const isSession = named.has('i') || named.has('it') || named.has('stdin');
    const own = isSession ? `${name.replace(/[^a-z0-9-]/gi, '').toLowerCase()}${this.#pods++}` : name;
    const labels =
      named.has('labels') || named.has('l') ? pairs((named.get('labels') ?? named.get('l'))![0]!) : { run: name };
    const port = Number(named.get('port')?.[0] ?? 0);
    const ports = port > 0 ? { ports: [{ containerPort: port }] } : {};
    const containers = [{ name: 'main', image: named.get('image')?.[0] ?? '', ...ports }];
    this.put({ apiVersion: 'v1', kind: 'Pod', metadata: { name: own, namespace, labels }, spec: { containers } });
    if (named.has('expose')) this.#expose(own, namespace, labels, [{ port }]);
    if (isSession) this.session = { namespace, name: own };
    return undefined;
  }

  #expose(
    name: string,
    namespace: string,
    selector: object,
    ports: readonly { port: number; targetPort?: number }[],
  ): void {
    const named = ports.map(entry => ({ name: `p${entry.port}`, protocol: 'TCP', ...entry }));
    this.put({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { selector, ports: named } });
  }

  #create([what = '', ...rest]: readonly string[], namespace: string, named: Flags['named']): string | undefined {
    if (KINDS[what] === 'Namespace') {
      for (const name of rest) this.#namespace(name);
      return undefined;
    }
    const [type, name = ''] = rest;
    if (KINDS[what] !== 'Service' || type !== 'clusterip') return `kubectl create ${what} ${type ?? ''}`;
    const ports = (named.get('tcp') ?? []).map(entry => {
      const [port, target] = entry.split(':').map(Number);
      return { port: port!, targetPort: target ?? port! };
    });
    // Such a Service selects by its own name (kubectl create service reference).
    this.#expose(name, namespace, { app: name }, ports);
    return undefined;
  }

  #label(rest: readonly string[], namespace: string): string | undefined {
    const [first = '', second = ''] = rest;
    const [kind = '', name = ''] = first.includes('/') ? first.split('/') : [first, second];
    const place = KINDS[kind] === 'Namespace' ? '' : namespace;
    const key = `${KINDS[kind]}/${place}/${name}`;
    const object = this.#objects.get(key);
    if (!object) return `kubectl label ${first}: nobody has that name`;
    const added = Object.assign({}, ...rest.filter(word => word.includes('=')).map(pairs)) as Record<string, string>;
    this.#objects.set(key, {
      ...object,
      metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...added } },
    });
    return undefined;
  }

  #delete([what = '', ...names]: readonly string[], namespace: string): undefined {
    for (const kind of what.split(',')) {
      const place = KINDS[kind] === 'Namespace' ? '' : namespace;
      for (const name of names) this.#objects.delete(`${KINDS[kind]}/${place}/${name}`);
    }
    return undefined;
  }
}
