/**
 * Compiles every template, constraint and policy below a folder and lets each look at one Pod, so that nothing is left for
 * later; prints how long that took in this fresh process. Reading and parsing the files does not count.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { documentsOf } from '../src/cli/kyverno-files.ts';
import { systemClock, systemRandom } from '../src/hosts/node/ports.ts';
import { isObject, type JsonObject, type KubeObject, schemaOf } from '../src/kernel/index.ts';
import { kyvernoDialect, kyvernoPorts, POLICY_DIALECTS, type PolicyRequest } from '../src/policy/index.ts';

const LIBRARIES = ['gatekeeper-library/library', 'kyverno-policies'];
const POLICY = /^(templates\.gatekeeper\.sh|constraints\.gatekeeper\.sh|kyverno\.io|policies\.kyverno\.io)\//;
/** Documents of tests, which say what to expect of policies. */
const TESTS = /\.(chainsaw|kyverno)-test/;

function documentsUnder(folder: string): KubeObject[] {
  const found = new Map<string, KubeObject>();
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !/\.ya?ml$/.test(entry.name) || TESTS.test(entry.parentPath)) continue;
    for (const document of documentsOf(readFileSync(join(entry.parentPath, entry.name), 'utf8'))) {
      if (!POLICY.test(String(document.apiVersion)) || !isObject(document.spec)) continue;
      const object = document as unknown as KubeObject;
      found.set(`${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`, object);
    }
  }
  return [...found.values()];
}

const POD: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'registry.example.com/web:1.0' }] },
};
const REQUEST: PolicyRequest = {
  uid: 'bench',
  operation: 'CREATE',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  namespaced: true,
  name: 'web',
  namespace: 'default',
  object: POD as unknown as KubeObject,
  oldObject: undefined,
  namespaceObject: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } },
  user: { name: 'bench', groups: ['system:authenticated'] },
  dryRun: true,
  options: {},
};

const documents = LIBRARIES.flatMap(name => documentsUnder(join(process.argv[2]!, name)));
const started = performance.now();
const ports = { ...kyvernoPorts(systemClock, systemRandom()), resourceOf: () => undefined };
const types = { schemaOf, kindOf: () => undefined };
const sets = [...POLICY_DIALECTS, kyvernoDialect(ports)].map(dialect => ({ dialect, set: dialect.open(types) }));
for (const { dialect, set } of sets) {
  const groups = new Set([...dialect.resources.map(({ group }) => group), ...(dialect.groups ?? [])]);
  for (const document of documents) if (groups.has(document.apiVersion.split('/')[0]!)) set.set(document);
}
const world = { parameter: () => undefined, parameters: () => [], authorize: () => ({ allowed: false }) };
const policies = sets.flatMap(({ set }) => set.policies());
let decided = 0;
for (const policy of policies) {
  if (!policy.matches(REQUEST)) continue;
  decided++;
  policy.mutate?.(REQUEST, world);
  policy.decide?.(REQUEST, world);
}
const compile_ms = performance.now() - started;
console.log(JSON.stringify({ compile_ms, documents: documents.length, policies: policies.length, decided }));
