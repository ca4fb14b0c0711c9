/** A Scenario document becomes a Scenario; everything that is wrong in it is told, with its place. */
import { type Fault, FaultError, type Span, type Text } from '../../../base/index.ts';
import { type Decoded, decodeDocuments, type Path } from '../../../kernel/index.ts';
import { checkedDisruptions } from './disrupt.ts';
import { scenarioFaults } from './faults.ts';
import type { ScenarioFiles } from './files.ts';
import { checkRepositories } from './grammar-delivery.ts';
import { type TimedStep } from './grammar-steps.ts';
import { scenario as grammar } from './grammar.ts';
import { defaultWorld } from './grammar-world.ts';
import type { Scenario, Step, World } from './model.ts';
import { nearest } from './nearest.ts';
import { BAD, isObject, Reader } from './shape.ts';
import { formatDuration } from './units.ts';

export const isScenario = ({ value }: Decoded): boolean =>
  isObject(value) && value.apiVersion === 'tenon.dev/v1' && value.kind === 'Scenario';

/** 2026-01-01T00:00:00Z, a Thursday. */
const START_MS = 1_767_225_600_000;

/** Throws what was found: the fault alone, or all under one. */
function refuse(faults: readonly Fault[], where: Span): never {
  if (faults.length === 1) throw new FaultError(faults[0]!);
  throw new FaultError(scenarioFaults.make('invalid', { count: faults.length }, where, faults));
}

/** Gives each step its time. */
function inTime(timed: readonly TimedStep[], until_ms: number, reader: Reader): readonly Step[] {
  let now_ms = 0;
  return timed.flatMap(({ at, after, path, steps }) => {
    const at_ms = at ?? now_ms + (after ?? 0);
    const where = reader.at([...path, at === undefined ? 'after' : 'at']);
    if (at_ms < now_ms)
      reader.fault(
        scenarioFaults.make('step-back', { at: formatDuration(at_ms), before: formatDuration(now_ms) }, where),
      );
    if (at_ms > until_ms) reader.fault(beyond({ en: 'A step', zh: '步骤' }, at_ms, until_ms, where));
    now_ms = Math.max(now_ms, at_ms);
    return steps(at_ms);
  });
}

const beyond = (what: Text, at_ms: number, until_ms: number, where: Span): Fault =>
  scenarioFaults.make('beyond-end', { what, at: formatDuration(at_ms), until: formatDuration(until_ms) }, where);

interface Naming {
  readonly of: Text;
  readonly made: (step: Step) => string | undefined;
  readonly used: (step: Step) => string | undefined;
}

const NAMINGS: readonly Naming[] = [
  {
    of: { en: 'load', zh: '负载' },
    made: step => (step.do === 'send' ? step.load.name : undefined),
    used: step => (step.do === 'stop' ? step.load : undefined),
  },
  {
    of: { en: 'disruption', zh: '扰动' },
    made: step => (step.do === 'disrupt' ? step.disruption.name : step.do === 'storm' ? step.storm.name : undefined),
    used: step => (step.do === 'heal' ? step.disruption : undefined),
  },
];

function checkNames(steps: readonly Step[], reader: Reader): void {
  for (const { of, made, used } of NAMINGS) {
    const names = new Set<string>();
    for (const step of steps) {
      const name = made(step);
      if (name !== undefined && names.has(name))
        reader.fault(scenarioFaults.make('name-twice', { of, name }, step.where));
      else if (name !== undefined) names.add(name);
    }
    for (const step of steps) {
      const name = used(step);
      if (name === undefined || names.has(name)) continue;
      const known = [...names];
      const params = { of, name, near: nearest(name, known), known: known.join(', ') || '-' };
      reader.fault(scenarioFaults.make('not-known', params, step.where));
    }
  }
}

function checkEnds(steps: readonly Step[], until_ms: number, reader: Reader): void {
  for (const step of steps) {
    if (step.do !== 'expect') continue;
    const { within_ms, for_ms, where } = step.expectation;
    const end_ms = step.at_ms + within_ms + (Number.isFinite(for_ms) ? for_ms : 0);
    if (end_ms > until_ms) reader.fault(beyond({ en: 'What is expected', zh: '期望' }, end_ms, until_ms, where));
  }
}

/** Places that links may name: zones of nodes, of Node objects that are applied, and the two that are always there. */
function checkPlaces(world: World, steps: readonly Step[], reader: Reader): void {
  const known = new Set(['control', 'internet', ...world.nodes.map(({ zone }) => zone)]);
  for (const step of steps) {
    if (step.do !== 'apply') continue;
    for (const { object } of step.objects) {
      const zone = object.kind === 'Node' ? object.metadata.labels?.['topology.kubernetes.io/zone'] : undefined;
      if (zone !== undefined) known.add(zone);
    }
  }
  for (const { from, to, where } of world.network.links) {
    for (const name of [from, to]) {
      if (known.has(name)) continue;
      const names = [...known];
      const of = { en: 'zone', zh: '可用区' };
      reader.fault(
        scenarioFaults.make('not-known', { of, name, near: nearest(name, names), known: names.join(', ') }, where),
      );
    }
  }
}

/** Reads one Scenario document. `source` is the text it stands in. FaultError: whatever is wrong in it or in what it names. */
export function readScenario(document: Decoded, source: string, files: ScenarioFiles, digest: () => string): Scenario {
  const reader = new Reader(document, files, source);
  const root: Path = [];
  const read = grammar.read(document.value, root, reader);
  const where = reader.at(root);
  if (read === BAD) return refuse(reader.faults, where);
  const { metadata, spec } = read;
  const world = spec.world ?? defaultWorld();
  const steps = checkedDisruptions(inTime(spec.steps, spec.until, reader), world, reader);
  checkNames(steps, reader);
  checkEnds(steps, spec.until, reader);
  checkPlaces(world, steps, reader);
  const commits = steps.flatMap(step => (step.do === 'commit' ? [step.commit] : []));
  checkRepositories(world, commits, (url, known, at) => {
    const of = { en: 'repository', zh: '仓库' };
    const params = { of, name: url, near: nearest(url, known), known: known.join(', ') || '-' };
    reader.fault(scenarioFaults.make('not-known', params, at ?? reader.at(['spec', 'world', 'deliver'])));
  });
  if (reader.faults.length > 0) return refuse(reader.faults, where);
  return {
    name: metadata.name,
    file: document.file,
    digest: digest(),
    seed: spec.seed,
    until_ms: spec.until,
    start_ms: spec.start ?? START_MS,
    world,
    invariants: {
      converge_ms: spec.invariants.converge,
      fights_per_minute: spec.invariants.fights,
      except: spec.invariants.except,
    },
    steps,
    where,
  };
}

/** Every scenario of a text. FaultError: YAML that cannot be read, or a scenario that cannot. */
export function readScenarios(
  source: string,
  file: string,
  files: ScenarioFiles & { digest(text: string): string },
): readonly Scenario[] {
  const { value, faults } = decodeDocuments(source, { file });
  if (faults.length > 0) refuse(faults, { file, line: 1, column: 1 });
  return value.filter(isScenario).map(document => readScenario(document, source, files, () => files.digest(source)));
}
