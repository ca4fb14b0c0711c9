import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Clock } from '../../base/index.ts';
import {
  deliveryFaults,
  hasKustomization,
  openTree,
  readKustomizationTree,
  isGitUrl,
  parseGitUrl,
  readFolder,
  readGit,
  type Source,
  type SourceTree,
  watchFolder,
} from '../../delivery/index.ts';
import { decodeDocuments, type Json, type JsonObject } from '../../kernel/index.ts';

export const GIT_POLL_MS = 60_000;

/** One image a project builds before its manifests are delivered. */
export interface ProjectImage {
  readonly name: string;
  /** Absolute folder of the build. */
  readonly context: string;
  /** Build file in the context; `Dockerfile` or `image.yaml`, whichever is there, when absent. */
  readonly file?: string;
  readonly args: Readonly<Record<string, string>>;
}

/** `tenon.yaml` (docs/project.md): where the manifests of a folder are and which images they need. */
export interface Project {
  readonly folder: string;
  readonly manifests: string;
  readonly images: readonly ProjectImage[];
}

/** Reads `tenon.yaml` of a folder; a folder without one is all manifests. Fault: a field is of the wrong form. */
export function readProject(folder: string): Project {
  const file = join(folder, 'tenon.yaml');
  return projectOf(existsSync(file) ? new Map([['tenon.yaml', readFileSync(file, 'utf8')]]) : new Map(), folder);
}

/** Reads `tenon.yaml` among texts that were read already. Fault: a field is of the wrong form. */
export function projectOf(files: ReadonlyMap<string, string>, folder: string): Project {
  const text = files.get('tenon.yaml');
  if (text === undefined) return { folder, manifests: '', images: [] };
  const { value, faults } = decodeDocuments(text, { file: 'tenon.yaml' });
  const document = value[0];
  const bad = (reason: string, path: string): never => {
    throw deliveryFaults.error('project-invalid', { reason }, document?.spanOf(path));
  };
  if (faults.length > 0 || !document)
    throw deliveryFaults.error('project-invalid', { reason: faults[0]?.code ?? 'it is empty' }, faults[0]?.where);
  const project = document.value as JsonObject;
  if (project.apiVersion !== 'tenon.dev/v1' || project.kind !== 'Project')
    bad('apiVersion must be tenon.dev/v1 and kind Project', '');
  const spec = (project.spec ?? {}) as JsonObject;
  const unknown = Object.keys(spec).find(key => key !== 'manifests' && key !== 'images');
  if (unknown !== undefined) bad(`unknown field "spec.${unknown}"`, `spec.${unknown}`);
  const manifests = spec.manifests ?? '';
  if (typeof manifests !== 'string' || manifests.split('/').includes('..'))
    bad('spec.manifests must be a folder below the project', 'spec.manifests');
  const images = Array.isArray(spec.images) ? spec.images : [];
  return {
    folder,
    manifests: String(manifests).replace(/^\.?\/|\/$/g, ''),
    images: images.map((item, index) => imageOf(item, folder, reason => bad(reason, `spec.images[${index}]`))),
  };
}

/** One `spec.images[]` entry. */
function imageOf(item: Json, folder: string, bad: (reason: string) => never): ProjectImage {
  const image = (typeof item === 'object' && item !== null && !Array.isArray(item) ? item : {}) as JsonObject;
  const { name, context, file, args = {}, ...unknown } = image;
  const [extra] = Object.keys(unknown);
  if (extra !== undefined) return bad(`unknown field "${extra}" of an image`);
  if (typeof name !== 'string' || typeof context !== 'string') return bad('an image needs name and context');
  if (file !== undefined && typeof file !== 'string') return bad('file must be a text');
  const pairs = typeof args === 'object' && args !== null && !Array.isArray(args) ? Object.entries(args) : [];
  return {
    name,
    context: resolve(folder, context),
    ...(file === undefined ? {} : { file }),
    args: Object.fromEntries(pairs.map(([key, value]) => [key, String(value)])),
  };
}

/** The source a target of `up` names: a git URL, or a folder (through its `tenon.yaml`, where it has one). */
export function openSource(
  target: string,
  clock: Clock,
  cacheFolder: string,
  offline = false,
): { source: Source; project?: Project } {
  if (isGitUrl(target)) {
    const place = parseGitUrl(target);
    return {
      source: {
        name: target,
        path: place.path,
        read: signal => readGit(place, cacheFolder, { ...(signal ? { signal } : {}), offline }),
        poll_ms: GIT_POLL_MS,
      },
    };
  }
  const folder = resolve(target);
  if (!existsSync(folder))
    throw deliveryFaults.error('folder-unreadable', { path: target, reason: 'no such file or folder' });
  const project: Project = statSync(folder).isDirectory() ? readProject(folder) : { folder, manifests: '', images: [] };
  return { source: folderSource(target, folder, project.manifests, clock), project };
}

/** A folder as it is delivered, and where the manifests lie in it; a kustomization brings the neighbouring folders it uses. */
export function readDelivered(
  folder: string,
  manifests: string,
  identity: Partial<Pick<SourceTree, 'name' | 'known'>> = {},
): { readonly tree: SourceTree; readonly path: string } {
  const place = join(folder, manifests);
  const opened = statSync(place, { throwIfNoEntry: false })?.isDirectory() ? openTree(place) : undefined;
  if (!opened || !hasKustomization(opened.tree, opened.path))
    return { tree: readFolder(folder, identity), path: manifests };
  const { tree, path } = readKustomizationTree(place);
  return { tree: { ...tree, ...identity }, path };
}

function folderSource(target: string, folder: string, manifests: string, clock: Clock): Source {
  let path = manifests;
  return {
    name: target,
    get path() {
      return path;
    },
    read: async () => {
      const delivered = readDelivered(folder, manifests, { name: target });
      ({ path } = delivered);
      return delivered.tree;
    },
    watch: changed => watchFolder(folder, clock, changed),
  };
}
