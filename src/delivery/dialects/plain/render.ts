import type { Fault, Parsed } from '../../../base/index.ts';
import { decodeDocuments, type Decoded } from '../../../kernel/decode/decode.ts';
import type { Json, JsonObject, KubeObject } from '../../../kernel/index.ts';
import { deliveryFaults } from '../../faults.ts';
import type { Rendered, SourceTree, Wanted } from '../../model.ts';

const MANIFEST = /\.(ya?ml|json)$/;
/** Files of other tools that lie among manifests and are no manifests themselves. */
const NOT_MANIFESTS = /(^|\/)(\.[^/]*|node_modules)(\/|$)|(^|\/)(package(-lock)?|tsconfig)\.json$|(^|\/)tenon\.yaml$/;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An item of `PodList` need not say that it is a Pod; one that says either field says both (list decoding of kubectl). */
function typed(item: Json, { apiVersion, kind }: JsonObject): Json {
  if (!isObject(item) || kind === 'List' || item.apiVersion !== undefined || item.kind !== undefined) return item;
  return { apiVersion: apiVersion!, kind: String(kind).slice(0, -'List'.length), ...item };
}

/** Reads one document; `List` kinds give their items. */
function objectsOf(document: Decoded, tree: SourceTree, faults: Fault[]): Wanted[] {
  const { value } = document;
  // Tests and scenarios of the manifests lie beside them and are no manifests.
  if (isObject(value) && value.apiVersion === 'tenon.dev/v1' && (value.kind === 'Test' || value.kind === 'Scenario'))
    return [];
  const missing = !isObject(value)
    ? 'apiVersion'
    : (['apiVersion', 'kind'] as const).find(field => typeof value[field] !== 'string' || value[field] === '');
  if (missing !== undefined || !isObject(value)) {
    faults.push(deliveryFaults.make('not-an-object', { field: missing ?? 'apiVersion' }, document.spanOf([])));
    return [];
  }
  if (Array.isArray(value.items) && String(value.kind).endsWith('List')) {
    return value.items.flatMap((item, index) =>
      wantedFrom(typed(item, value), document, ['items', index], tree, faults),
    );
  }
  return wantedFrom(value, document, [], tree, faults);
}

function wantedFrom(
  value: Json,
  document: Decoded,
  path: readonly (string | number)[],
  tree: SourceTree,
  faults: Fault[],
): Wanted[] {
  const metadata = isObject(value) && isObject(value.metadata) ? value.metadata : undefined;
  const named = typeof metadata?.name === 'string' || typeof metadata?.generateName === 'string';
  if (!isObject(value) || typeof value.kind !== 'string' || typeof value.apiVersion !== 'string' || !named) {
    const field = isObject(value) && typeof value.kind === 'string' ? 'metadata.name' : 'kind';
    faults.push(deliveryFaults.make('not-an-object', { field }, document.spanOf(path)));
    return [];
  }
  const origin = {
    ...(tree.repository ? { repository: tree.repository } : {}),
    ...(tree.commit ? { commit: tree.commit } : {}),
    // Looked up when it is told: of most documents nobody asks.
    get span() {
      return document.spanOf(path);
    },
  };
  return [{ object: value as unknown as KubeObject, origin, spanOf: inner => document.spanOf([...path, ...inner]) }];
}

function decodedOnce(tree: SourceTree, file: string): Parsed<readonly Decoded[]> {
  const text = tree.files.get(file)!;
  const key = `${file}\n${text}`;
  const known = tree.known?.get(key);
  if (known) return known;
  const decoded = decodeDocuments(text, { file });
  tree.known?.set(key, decoded);
  return decoded;
}

/** Every .yaml and .json file below `folder` is read as manifests, in the order of their names. */
export function renderPlain(tree: SourceTree, folder: string): Rendered {
  const prefix = folder === '' || folder === '.' ? '' : `${folder.replace(/\/$/, '')}/`;
  const wanted: Wanted[] = [];
  const faults: Fault[] = [];
  for (const file of tree.unread ?? []) {
    if (!file.startsWith(prefix) || NOT_MANIFESTS.test(file.slice(prefix.length))) continue;
    faults.push(deliveryFaults.make('file-too-large', { file }, { file, line: 1, column: 1 }));
  }
  for (const file of [...tree.files.keys()].sort()) {
    if (!file.startsWith(prefix) || !MANIFEST.test(file) || NOT_MANIFESTS.test(file.slice(prefix.length))) continue;
    const decoded = decodedOnce(tree, file);
    faults.push(...decoded.faults);
    for (const document of decoded.value) wanted.push(...objectsOf(document, tree, faults));
  }
  return { wanted, faults };
}
