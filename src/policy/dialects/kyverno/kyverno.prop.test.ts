import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '../../../base/index.ts';
import { builtinCatalog, type Json, type JsonObject, schemaOf } from '../../../kernel/index.ts';
import { kyvernoPorts } from '../../drivers/kyverno-ports.ts';
import { refusalOfDocument } from './checks/index.ts';
import { applyKyverno } from './testing/index.ts';

const RUNS = 20_000;
const random: Random = seededRandom(20_261_122);
const pick = <T>(of: readonly T[]): T => of[Math.floor(random.next() * of.length)]!;

/** Texts that policies are made of, and texts that trouble readers of them. */
const WORDS: readonly string[] = [
  ['Pod', 'v1/Pod', 'apps/v1/Deployment', '*', '*/*', 'Pod/exec', 'Équipe', '', '__proto__', 'constructor'],
  ['{{ request.object.metadata.name }}', '{{', '}}', '{{ @ }}', '\\{{ a }}', '{{ {{ a }} }}', '$(./../x)'],
  ['?*', '!*:latest', '>5', '1Gi-2Gi', '(name)', '+(a)', 'X(b)', '^(c)', '<(d)', '=(e)'],
  ['Equals', 'AnyIn', 'DurationGreaterThan', 'CREATE', 'Enforce', 'baseline', '*/5 * * * *', '10s'],
  ['object.metadata.name == "a"', 'object.', '[1][9]', 'items[?a].b | length(@)', '&a', '((1))'],
].flat();
const NAMES: readonly string[] = [
  ['any', 'all', 'resources', 'kinds', 'names', 'namespaces', 'operations', 'selector', 'matchLabels', 'subjects'],
  ['pattern', 'anyPattern', 'deny', 'conditions', 'key', 'operator', 'value', 'foreach', 'list', 'podSecurity'],
  ['level', 'cel', 'expressions', 'expression', 'patchStrategicMerge', 'patchesJson6902', 'targets', 'data'],
  ['clone', 'cloneList', 'apiVersion', 'kind', 'name', 'namespace', 'context', 'variable', 'jmesPath', 'spec'],
  ['metadata', 'labels', 'containers', 'image', '__proto__', 'constructor', 'matchConstraints', 'resourceRules'],
].flat();

function anything(depth: number): Json {
  const kind = Math.floor(random.next() * (depth > 4 ? 5 : 9));
  if (kind < 3) return pick(WORDS);
  if (kind === 3) return pick<Json>([0, -1, 1.5, 1e21, true, false, null]);
  if (kind < 6) return Array.from({ length: Math.floor(random.next() * 3) }, () => anything(depth + 1));
  return object(depth + 1);
}

function object(depth: number): JsonObject {
  const entries = Array.from({ length: Math.floor(random.next() * 4) }, () => [pick(NAMES), anything(depth)] as const);
  return JSON.parse(`{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`);
}

/** A document of the right shape with members that may be anything. */
function document(): JsonObject {
  const shaken = (value: JsonObject): JsonObject => (random.next() < 0.3 ? { ...value, ...object(0) } : value);
  const match = shaken({ any: [{ resources: { kinds: [pick(WORDS)] } }] });
  const body = pick(['validate', 'mutate', 'generate', 'verifyImages']);
  const rule = shaken({ name: 'r', match: random.next() < 0.8 ? match : anything(0), [body]: object(0) });
  if (random.next() < 0.5)
    return {
      apiVersion: 'kyverno.io/v1',
      kind: pick(['ClusterPolicy', 'Policy']),
      metadata: { name: 'p' },
      spec: shaken({ rules: [rule] }),
    };
  return {
    apiVersion: 'policies.kyverno.io/v1',
    kind: pick(['ValidatingPolicy', 'MutatingPolicy', 'GeneratingPolicy', 'DeletingPolicy', 'ImageValidatingPolicy']),
    metadata: { name: 'p' },
    spec: shaken({
      matchConstraints: {
        resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }],
      },
      validations: [{ expression: pick(WORDS), message: pick(WORDS) }],
    }),
  };
}

test(`kyverno: ${RUNS} policies and objects made at random are refused or decided, never a crash`, () => {
  const ports = {
    ...kyvernoPorts({ now: () => 0 }, random),
    resourceOf: (kind: { group: string; version: string; kind: string }) => builtinCatalog().kind(kind),
    schemaOf,
  };
  let answered = 0;
  for (let i = 0; i < RUNS; i++) {
    const policy = document();
    const kind = pick(['Pod', 'Deployment', 'ConfigMap']);
    const resource = {
      apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1',
      kind,
      metadata: { name: 'a', namespace: 'default', ...object(2) },
      spec: anything(1),
    } as JsonObject;
    const files = new Map([
      ['p', [policy]],
      ['r', [resource]],
    ]);
    const shown = JSON.stringify({ policy, resource });
    try {
      refusalOfDocument(policy, undefined, undefined);
      const test = { policies: ['p'], resources: ['r'] };
      answered += applyKyverno(test, { documents: path => files.get(path) }, ports).findings.length;
    } catch (error) {
      assert.fail(`${error instanceof Error ? error.stack : String(error)}\n${shown}`);
    }
  }
  assert.ok(answered > RUNS / 20, `only ${answered} answers`);
});
