import { execFileSync, type ExecFileSyncOptions } from 'node:child_process';
import { resolve } from 'node:path';
import { type Fault, FaultError, type Span } from '../../base/index.ts';
import {
  deliveryFaults,
  hasKustomization,
  render,
  type SourceTree,
  treeOf,
  type Wanted,
} from '../../delivery/index.ts';
import type { Documents } from '../../explain/index.ts';
import { builtinCatalog, kindOf, type KubeObject, type ResourceCatalog } from '../../kernel/index.ts';
import { projectOf, readDelivered, readProject } from './source.ts';
import { readTar } from './tar.ts';

/** Documents with what was wrong in reading them. */
export interface Loaded extends Documents {
  readonly faults: readonly Fault[];
}

const pointerPath = (pointer: string): (string | number)[] =>
  pointer
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map(step => (/^\d+$/.test(step) ? Number(step) : step));

/** Custom kinds that belong to no namespace and are often written without their definitions beside them. */
const CLUSTER_WIDE =
  /^(Cluster.*|.*Class|AdminNetworkPolicy|BaselineAdminNetworkPolicy|CiliumClusterwide.*|CiliumNode|CiliumIdentity|ConstraintTemplate|(Validating|Mutating|Generating|Deleting|ImageValidating)Policy|Assign.*|ModifySet|ExpansionTemplate|SyncSet|CleanupPolicy)$/;
const CLUSTER_WIDE_GROUPS = new Set(['constraints.gatekeeper.sh']);

/** Scopes that definitions among the documents give to kinds. */
function definedScopes(wanted: readonly Wanted[]): Map<string, boolean> {
  return new Map(
    wanted.flatMap(({ object }) => {
      if (object.kind !== 'CustomResourceDefinition') return [];
      const spec = object.spec as { group?: string; scope?: string; names?: { kind?: string } } | undefined;
      return [[`${spec?.group}/${spec?.names?.kind}`, spec?.scope !== 'Cluster'] as const];
    }),
  );
}

/** `default` where a namespaced object says none, as delivery would put it. */
function placed(object: KubeObject, catalog: ResourceCatalog, scopes: ReadonlyMap<string, boolean>): KubeObject {
  if (object.metadata.namespace !== undefined) return object;
  const ref = kindOf(object);
  const definition = catalog.kind(ref);
  const namespaced =
    definition?.namespaced ??
    scopes.get(`${ref.group}/${ref.kind}`) ??
    !(CLUSTER_WIDE.test(ref.kind) || CLUSTER_WIDE_GROUPS.has(ref.group));
  return namespaced ? { ...object, metadata: { ...object.metadata, namespace: 'default' } } : object;
}

function fromWanted(wanted: readonly Wanted[], faults: readonly Fault[]): Loaded {
  const catalog = builtinCatalog();
  const scopes = definedScopes(wanted);
  const sources = new Map<KubeObject, Wanted>();
  for (const item of wanted) sources.set(placed(item.object, catalog, scopes), item);
  return {
    objects: [...sources.keys()],
    faults,
    originOf: (object, pointer) => {
      const item = sources.get(object);
      if (!item) return undefined;
      if (pointer === undefined || !item.spanOf) return item.origin;
      const span: Span = item.spanOf(pointerPath(pointer));
      return { ...item.origin, span };
    },
  };
}

/** Documents that one run of a command has read already: two states of a folder share most of them. */
export type Known = NonNullable<SourceTree['known']>;

/** The manifests of a folder as `up` would deliver them. Fault: unreadable. */
export function loadFolder(folder: string, known: Known = new Map()): Loaded {
  const { manifests } = readProject(resolve(folder));
  const { tree, path } = readDelivered(folder, manifests, { name: folder, known });
  const { wanted, faults } = render(tree, path);
  return fromWanted(wanted, faults);
}

/** What git says on standard error, in its own language (LC_ALL=C). */
const NO_REPOSITORY = /not a git repository/;
const NO_REVISION = /Needed a single revision|unknown revision|not a revision/;

/** Nothing of the repository is run. */
const SAFE = ['-c', 'core.hooksPath=/dev/null'];
const LIMITS: Pick<ExecFileSyncOptions, 'maxBuffer' | 'stdio' | 'env'> = {
  maxBuffer: 1 << 30,
  env: { ...process.env, LC_ALL: 'C' },
  stdio: ['ignore', 'pipe', 'pipe'],
};

/** The manifests of a folder at a revision of the git repository it lies in. Fault: no such revision. */
export function loadRevision(folder: string, revision: string, known: Known = new Map()): Loaded {
  const place = resolve(folder);
  const git = (...args: string[]): Buffer => execFileSync('git', [...SAFE, ...args], { ...LIMITS, cwd: place });
  try {
    if (revision.startsWith('-')) throw new Error('not a revision');
    const [commit = '', repository = '', prefix = ''] = git(
      'rev-parse',
      '--verify',
      '--end-of-options',
      `${revision}^{commit}`,
    )
      .toString()
      .concat(git('rev-parse', '--show-toplevel', '--show-prefix').toString())
      .split('\n');
    const identity = { commit, repository, known };
    const archive = git('archive', '--format=tar', commit, ...(prefix ? ['--', '.'] : []));
    const tree = treeOf(folder, readTar(archive), identity);
    const { manifests } = projectOf(tree.files, place);
    const own = render(tree, manifests);
    // A kustomization may use its neighbours in the repository.
    if (!prefix || !hasKustomization(tree, manifests) || own.faults.length === 0)
      return fromWanted(own.wanted, own.faults);
    const all = execFileSync('git', [...SAFE, 'archive', '--format=tar', commit], { ...LIMITS, cwd: repository });
    const { wanted, faults } = render(
      treeOf(folder, readTar(all), identity),
      `${prefix}${manifests}`.replace(/\/$/, ''),
    );
    return fromWanted(wanted, faults);
  } catch (error) {
    if (error instanceof FaultError) throw error;
    const reason = String((error as { stderr?: Buffer }).stderr ?? (error as Error).message)
      .trim()
      .split('\n')[0]!;
    const code = NO_REPOSITORY.test(reason) ? 'no-repository' : NO_REVISION.test(reason) ? 'no-revision' : undefined;
    if (code) throw deliveryFaults.error(code, { path: folder, revision }, undefined, { cause: error });
    throw deliveryFaults.error('git-failed', { url: folder, revision, reason }, undefined, { cause: error });
  }
}
