import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import type { Random } from '../../../base/index.ts';
import { kernelFaults } from '../../faults.ts';
import { aesCbc, aesGcm, type NamedKey, plain } from './aes.ts';
import { kmsProvider } from './kms.ts';
import { type EncryptionProvider, type EncryptionRule, ruleTransform, type ValueTransform } from '../transform.ts';

interface KeyList {
  keys?: { name?: unknown; secret?: unknown }[];
}

interface ProviderDocument {
  aesgcm?: KeyList;
  aescbc?: KeyList;
  kms?: { apiVersion?: unknown; name?: unknown; endpoint?: unknown; timeout?: unknown };
  identity?: object;
}

interface Document {
  apiVersion?: unknown;
  kind?: unknown;
  resources?: { resources?: unknown; providers?: ProviderDocument[] }[];
}

type Problem = (cause: string) => Error;

const KEY_BYTES = new Set([16, 24, 32]);
const TIMEOUT_MS = 3_000;

function keysOf(list: KeyList, problem: Problem): NamedKey[] {
  const keys = (list.keys ?? []).map(({ name, secret }) => {
    if (typeof name !== 'string' || name === '' || typeof secret !== 'string')
      throw problem('a key needs name and secret');
    const bytes = Buffer.from(secret, 'base64');
    if (!KEY_BYTES.has(bytes.length)) throw problem(`key "${name}" has ${bytes.length} bytes, expected 16, 24 or 32`);
    return { name, secret: bytes };
  });
  if (keys.length === 0) throw problem('a provider needs keys');
  return keys;
}

function providerOf(document: ProviderDocument, random: Random, problem: Problem): EncryptionProvider {
  const [kind, ...more] = Object.keys(document);
  if (kind === undefined || more.length > 0) throw problem('a provider entry names exactly one provider');
  if (document.identity !== undefined) return plain;
  if (document.aesgcm) return aesGcm(keysOf(document.aesgcm, problem), random);
  if (document.aescbc) return aesCbc(keysOf(document.aescbc, problem), random);
  if (!document.kms) throw problem(`provider "${kind}" is not known: aesgcm, aescbc, kms and identity are`);
  const { apiVersion, name, endpoint, timeout } = document.kms;
  if (apiVersion !== 'v2') throw problem('kms needs apiVersion v2');
  if (typeof name !== 'string' || !/^[^:]+$/.test(name)) throw problem('kms needs a name without a colon');
  if (typeof endpoint !== 'string' || !endpoint.startsWith('unix://')) throw problem('kms endpoint is unix:///path');
  const seconds = /^(\d+)s$/.exec(typeof timeout === 'string' ? timeout : '');
  return kmsProvider({ name, endpoint, timeout_ms: seconds ? Number(seconds[1]) * 1_000 : TIMEOUT_MS }, random);
}

/** Reads an EncryptionConfiguration (apiserver.config.k8s.io/v1). Faults: `encryption-config`. */
export function parseEncryption(text: string, file: string, random: Random): ValueTransform {
  const problem: Problem = cause => kernelFaults.error('encryption-config', { file, cause }, file);
  let document: Document | null;
  try {
    document = parseYaml(text, { maxAliasCount: 0 }) as Document | null;
  } catch (error) {
    throw problem((error as Error).message);
  }
  if (document?.kind !== 'EncryptionConfiguration' || document.apiVersion !== 'apiserver.config.k8s.io/v1') {
    throw problem('it is no apiserver.config.k8s.io/v1 EncryptionConfiguration');
  }
  if (!Array.isArray(document.resources)) throw problem('resources is no list');
  const rules = document.resources.map(({ resources, providers }): EncryptionRule => {
    if (!Array.isArray(resources) || !resources.every(each => typeof each === 'string')) {
      throw problem('resources of a rule is a list of names');
    }
    if (!Array.isArray(providers) || providers.length === 0) throw problem('a rule needs providers');
    return { resources, providers: providers.map(each => providerOf(each, random, problem)) };
  });
  return ruleTransform(rules);
}

/** Reads the file named by `--encryption-config`. */
export function readEncryption(file: string, random: Random): ValueTransform {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw kernelFaults.error('encryption-config', { file, cause: (error as Error).message }, file);
  }
  return parseEncryption(text, file, random);
}
