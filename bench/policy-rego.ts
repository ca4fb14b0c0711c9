import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { nodeCrypto } from '../src/policy/drivers/rego-crypto.ts';
import {
  BUILTINS,
  builtinContext,
  compileRego,
  fromJsonText,
  jsonText,
  parseModule,
  type Value,
} from '../src/policy/engine/rego/index.ts';
import { type Bench, median, spread } from './runner.ts';

/** One decision: a policy, what it is asked, and what the answer must be. */
interface Decision {
  readonly name: string;
  readonly module: string;
  readonly libs?: readonly string[];
  readonly version: 'v0' | 'v1';
  readonly path: readonly string[];
  readonly data: unknown;
  readonly input: unknown;
  readonly holds: (value: Value | undefined) => boolean;
  /** Decisions between two looks at the clock; 500 unless said. */
  readonly calls?: number;
  /** What ours may take of the peer's time; a tenth unless said. */
  readonly bound?: number;
}

const FUEL = 100_000_000;

const RBAC = `package rbac
default allow := false
allow if "admin" in data.roles_of[input.user]
allow if {
	some role in data.roles_of[input.user]
	some grant in data.grants[role]
	input.action == grant.action
	input.type == grant.type
}`;

function rbac(): Decision {
  const grants = {
    customer: [
      { action: 'read', type: 'dog' },
      { action: 'read', type: 'cat' },
      { action: 'adopt', type: 'dog' },
    ],
    employee: [
      { action: 'read', type: 'dog' },
      { action: 'update', type: 'dog' },
      { action: 'update', type: 'cat' },
    ],
    billing: [
      { action: 'read', type: 'finance' },
      { action: 'update', type: 'finance' },
    ],
  };
  return {
    name: 'rbac',
    module: RBAC,
    version: 'v1',
    path: ['rbac', 'allow'],
    data: { roles_of: { alice: ['admin'], bob: ['employee', 'billing'], eve: ['customer'] }, grants },
    input: { user: 'bob', action: 'update', type: 'finance' },
    holds: value => value === true,
  };
}

const containers = [0, 1, 2, 3, 4].map(index => ({
  name: `c${index}`,
  image: `registry.example.com/team/app-${index}:1.0`,
  resources: { limits: { cpu: '100m', memory: '1Gi' }, requests: { cpu: '100m', memory: '1Gi' } },
}));
const review = {
  operation: 'CREATE',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  object: { metadata: { name: 'web', namespace: 'shop' }, spec: { containers, initContainers: [containers[0]] } },
};

/** The template of the public library, when the suites are there: quantities of every container. */
function quantities(suites: string): Decision | undefined {
  const file = join(suites, 'policy/gatekeeper-library/library/general/containerrequests/template.yaml');
  if (!existsSync(file)) return undefined;
  const template = parseYaml(readFileSync(file, 'utf8')) as {
    spec: {
      targets: {
        rego?: string;
        libs?: string[];
        code?: { engine: string; source: { rego: string; libs?: string[] } }[];
      }[];
    };
  };
  const [target] = template.spec.targets;
  const source = target!.code?.find(code => code.engine === 'Rego')?.source ?? target!;
  const module = source.rego;
  if (!module) return undefined;
  const name = /package\s+(\S+)/.exec(module)![1]!;
  return {
    name: 'container-quantities',
    module,
    libs: source.libs ?? [],
    version: 'v0',
    path: [name, 'violation'],
    data: {},
    input: { review, parameters: { cpu: '200m', memory: '2Gi' } },
    holds: value => value !== undefined && JSON.stringify(value) !== undefined,
  };
}

const REPOS = `package repos
violation contains {"msg": msg} if {
	some container in input.review.object.spec.containers
	not allowed(container.image)
	msg := sprintf("container <%v> has an invalid image repo <%v>", [container.name, container.image])
}
allowed(image) if {
	some repo in input.parameters.repos
	startswith(image, repo)
}`;

function repos(): Decision {
  return {
    name: 'allowed-repos',
    module: REPOS,
    version: 'v1',
    path: ['repos', 'violation'],
    data: {},
    input: { review, parameters: { repos: ['docker.io/', 'registry.example.com/'] } },
    holds: value => value !== undefined,
  };
}

function lookup(users: number): Decision {
  const all: Record<string, unknown> = {};
  for (let i = 0; i < users; i++)
    all[`user-${i}`] = { id: i, role: i % 7 === 0 ? 'admin' : 'member', team: `team-${i % 100}` };
  return {
    name: `lookup-${users}`,
    module: 'package lookup\ndefault allow := false\nallow if data.users[input.user].role == "admin"',
    version: 'v1',
    path: ['lookup', 'allow'],
    data: { users: all },
    input: { user: 'user-70007' },
    holds: value => value === true,
  };
}

/** Looks at every user: no index helps. */
function scan(users: number): Decision {
  return {
    ...lookup(users),
    name: `scan-${users}`,
    module: 'package scan\nadmins := count([id | some id, user in data.users; user.role == input.role; user.id > 10])',
    path: ['scan', 'admins'],
    input: { role: 'admin' },
    holds: value => value !== undefined && jsonText(value) === String(Math.ceil(users / 7) - 2),
    calls: 1,
    bound: 1 / 3,
  };
}

function indexed(rules: number): Decision {
  const body = Array.from(
    { length: rules },
    (_, i) => `allow if {\n\tinput.path == "/api/${i}"\n\tinput.method == "GET"\n\tinput.user == "u${i}"\n}`,
  );
  return {
    name: `indexed-${rules}-rules`,
    module: `package routes\ndefault allow := false\n${body.join('\n')}`,
    version: 'v1',
    path: ['routes', 'allow'],
    data: {},
    input: { path: `/api/${rules - 1}`, method: 'GET', user: `u${rules - 1}` },
    holds: value => value === true,
  };
}

/** Microseconds a decision of ours, one figure a run. */
function measure(decision: Decision, runs: number, run_ms: number): number[] {
  const modules = [decision.module, ...(decision.libs ?? [])].map((text, index) =>
    parseModule(text, { file: `bench-${index}.rego`, version: decision.version }),
  );
  const program = compileRego(modules, BUILTINS);
  const decide = program.entry(decision.path)!;
  // As a server does: documents are parsed once. Each decision gets an input nobody decided before; like the peer's,
  // the time is that of deciding alone.
  const data = fromJsonText(JSON.stringify(decision.data));
  const text = JSON.stringify(decision.input);
  const once = (input: Value): Value | undefined =>
    decide({ input, data, builtins: builtinContext({ fuel: FUEL, crypto: nodeCrypto }) });
  if (!decision.holds(once(fromJsonText(text)))) throw new Error(`${decision.name}: wrong answer`);
  const { calls = 500 } = decision;
  const batch = (): number => {
    const inputs = Array.from({ length: calls }, () => fromJsonText(text));
    const started = performance.now();
    for (const input of inputs) once(input);
    return performance.now() - started;
  };
  for (let i = 0; i < 40; i++) batch();
  return Array.from({ length: runs }, () => {
    let count = 0;
    let spent = 0;
    for (; spent < run_ms; count += calls) spent += batch();
    return (spent * 1000) / count;
  });
}

/** Microseconds a decision of `opa bench`. */
function measurePeer(opa: string, decision: Decision, folder: string, count: number): number {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'policy.rego'), decision.module);
  (decision.libs ?? []).forEach((text, index) => writeFileSync(join(folder, `lib-${index}.rego`), text));
  writeFileSync(join(folder, 'data.json'), JSON.stringify(decision.data));
  writeFileSync(join(folder, '..', `${decision.name}.input.json`), JSON.stringify(decision.input));
  const out = execFileSync(
    opa,
    [
      'bench',
      '-d',
      folder,
      '-i',
      join(folder, '..', `${decision.name}.input.json`),
      '--format',
      'json',
      '--count',
      String(count),
      ...(decision.version === 'v0' ? ['--v0-compatible'] : []),
      `data.${decision.path.join('.')}`,
    ],
    { encoding: 'utf8', timeout: 120_000 },
  );
  const results = out
    .trim()
    .split(/\n(?=\{)/)
    .map(text => JSON.parse(text) as { N: number; T: number });
  return Math.min(...results.map(({ N, T }) => T / N / 1000));
}

/** Decisions of Rego against `opa bench` on the same machine in the same minute. */
export const bench: Bench = {
  name: 'policy-rego',
  what: 'Rego decisions: RBAC, quantities, repositories, a lookup in 100k users, a scan of them, 2,000 indexed rules',
  async *run({ root, quick, scratch, signal }) {
    const opa = process.env.TENON_OPA ?? join(homedir(), '.cache/tenon-peers/bin/opa');
    const suites = process.env.TENON_SUITES ?? join(root, '../shared/suites');
    const decisions = [rbac(), quantities(suites), repos(), lookup(100_000), scan(100_000), indexed(2_000)].filter(
      item => item !== undefined,
    );
    const version = existsSync(opa)
      ? /Version: (\S+)/.exec(execFileSync(opa, ['version'], { encoding: 'utf8' }))![1]!
      : '';
    for (const decision of decisions) {
      if (signal.aborted) return;
      const ours = measure(decision, quick ? 3 : 7, quick ? 100 : 500);
      yield {
        name: `policy-rego.${decision.name}`,
        unit: 'us/decision',
        ours: median(ours),
        ...(version
          ? {
              peer: {
                value: measurePeer(opa, decision, join(scratch, decision.name), quick ? 1 : 3),
                which: 'opa bench',
                version,
              },
            }
          : { missingPeer: 'opa' }),
        better: 'lower',
        n: ours.length,
        spread: spread(ours),
        target: { kind: 'ratio', bound: decision.bound ?? 0.1 },
      };
    }
  },
};
