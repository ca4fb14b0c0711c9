import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import { matchesWildcard } from '../../engine/patterns/wildcard.ts';
import { extractImages, imagesIn, imagesOf } from './images.ts';

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** Signers as entries name them themselves (kyverno.io/v1, deprecated in favour of `attestors`). */
const SIGNER_FIELDS = ['key', 'subject', 'issuer', 'roots'] as const;

/** True when a `verifyImages` rule would look at a signature or digest of one of the resource's images. */
export function asksSignatures(rule: JsonObject, resource: JsonObject, defaultRegistry?: string): boolean {
  const own = defaultRegistry === undefined ? imagesOf(resource) : imagesIn(resource, defaultRegistry);
  const images = extractImages(resource, rule.imageExtractors, defaultRegistry) ?? own ?? {};
  const references = Object.values(images).flatMap(group =>
    isObject(group) ? Object.values(group).flatMap(image => (isObject(image) ? [String(image.reference)] : [])) : [],
  );
  return list(rule.verifyImages)
    .filter(isObject)
    .some(entry => {
      const asks =
        list(entry.attestors).length > 0 ||
        list(entry.attestations).length > 0 ||
        SIGNER_FIELDS.some(name => entry[name] !== undefined) ||
        entry.mutateDigest !== false ||
        entry.verifyDigest !== false;
      const wanted = [...list(entry.imageReferences), ...(entry.image === undefined ? [] : [entry.image])].map(String);
      const skipped = list(entry.skipImageReferences).map(String);
      const picks = (patterns: readonly string[], image: string): boolean =>
        patterns.some(pattern => matchesWildcard(pattern, image));
      return asks && references.some(image => picks(wanted, image) && !picks(skipped, image));
    });
}
