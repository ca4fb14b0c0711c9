import { rememberObject } from '../../../base/index.ts';
import { isObject, type Json, type JsonObject, setOwn } from '../../../kernel/index.ts';
import { imageText, parseImageReference } from '../../engine/image-reference.ts';

/** Where pod specs stand in each kind that carries one. */
export function podSpecOf(resource: JsonObject): JsonObject | undefined {
  return podPartOf(resource, 'spec');
}

/** The pod's `spec` or `metadata` in a pod or in what makes pods. */
export function podPartOf(resource: JsonObject, part: 'spec' | 'metadata'): JsonObject | undefined {
  const steps =
    resource.kind === 'Pod'
      ? []
      : resource.kind === 'CronJob'
        ? ['spec', 'jobTemplate', 'spec', 'template']
        : ['spec', 'template'];
  let node: Json | undefined = resource;
  for (const step of [...steps, part]) node = isObject(node) ? node[step] : undefined;
  return isObject(node) ? node : undefined;
}

/** An image's parts as `images.containers.NAME` has them. */
export function imageParts(text: string, defaultRegistry?: string): JsonObject | undefined {
  const image = parseImageReference(text, defaultRegistry);
  if (image === undefined) return undefined;
  return {
    registry: image.registry,
    path: image.path,
    name: image.name,
    tag: image.tag,
    digest: image.digest,
    reference: imageText(image),
    referenceWithTag: imageText({ ...image, digest: '' }),
  };
}

/** The `images` variable: every container's image by list and name. */
export const imagesOf = rememberObject((resource: JsonObject) => imagesIn(resource));

/** The same where images that name no registry are in another one. */
export function imagesIn(resource: JsonObject, defaultRegistry?: string): JsonObject | undefined {
  const spec = podSpecOf(resource);
  if (spec === undefined) return undefined;
  const images: JsonObject = {};
  for (const list of ['initContainers', 'containers', 'ephemeralContainers']) {
    const containers = spec[list];
    if (!Array.isArray(containers)) continue;
    const byName: JsonObject = {};
    for (const container of containers) {
      if (!isObject(container) || typeof container.image !== 'string') continue;
      const parts = imageParts(container.image, defaultRegistry);
      if (parts !== undefined) setOwn(byName, String(container.name ?? ''), parts);
    }
    if (Object.keys(byName).length > 0) images[list] = byName;
  }
  return Object.keys(images).length > 0 ? images : undefined;
}

/** Images at the paths a rule's `imageExtractors` name for this kind. */
export function extractImages(
  resource: JsonObject,
  extractors: Json | undefined,
  defaultRegistry?: string,
): JsonObject | undefined {
  const mine = isObject(extractors) ? extractors[String(resource.kind)] : undefined;
  if (!Array.isArray(mine)) return undefined;
  const images: JsonObject = {};
  for (const [i, extractor] of mine.entries()) {
    if (!isObject(extractor)) continue;
    const found: JsonObject = {};
    const steps = String(extractor.path ?? '')
      .split('/')
      .filter(step => step !== '');
    const value = typeof extractor.value === 'string' ? extractor.value : steps.pop()!;
    const key = typeof extractor.key === 'string' ? extractor.key : undefined;
    visit(resource, steps, String(resource.kind), (node, at) => {
      const parts =
        isObject(node) && typeof node[value] === 'string' ? imageParts(node[value], defaultRegistry) : undefined;
      if (parts !== undefined) setOwn(found, key && isObject(node) ? String(node[key]) : at, parts);
    });
    setOwn(images, typeof extractor.name === 'string' ? extractor.name : i === 0 ? 'custom' : `custom${i}`, found);
  }
  return images;
}

function visit(
  node: Json | undefined,
  steps: readonly string[],
  at: string,
  found: (node: Json, at: string) => void,
): void {
  if (node === undefined || node === null) return;
  const [step, ...rest] = steps;
  if (step === undefined) return found(node, at);
  if (step === '*') {
    const members = Array.isArray(node) ? [...node.entries()] : isObject(node) ? Object.entries(node) : [];
    for (const [name, member] of members) visit(member, rest, `${at}/${name}`, found);
  } else if (isObject(node)) visit(node[step], rest, `${at}/${step}`, found);
}
