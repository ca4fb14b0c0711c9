import { createHash, createHmac } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import type { Clock, Random } from '../../base/index.ts';
import type { Json } from '../../kernel/index.ts';
import type { KyvernoPorts } from '../dialects/kyverno/set.ts';

const UNPACKED_BYTES_MAX = 4 * 1024 * 1024;

/** Digests and parsers of this machine, beside the given clock and randomness; kinds come from whoever knows them. */
export function kyvernoPorts(
  clock: Pick<Clock, 'now'>,
  random: Pick<Random, 'next'>,
): Omit<KyvernoPorts, 'resourceOf'> {
  return {
    now: () => clock.now(),
    random: () => random.next(),
    digest: (algorithm, text) => createHash(algorithm).update(text).digest('hex'),
    hmac: (hash, key, text) => createHmac(hash, key).update(text).digest('base64url'),
    gunzip: bytes => gunzipSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX }),
    parseYaml: text => parse(text) as Json,
  };
}
