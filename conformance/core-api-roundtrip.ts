import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { decodeDocuments } from '../src/kernel/decode/index.ts';
import type { KindRef } from '../src/kernel/object.ts';
import { decodeProtobuf, encodeProtobuf } from '../src/kernel/proto/index.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

/** Drops nulls, which JSON and Go write for an absent time and protobuf cannot write. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== null)
      .map(([key, part]) => [key, withoutNulls(part)]),
  );
}

const read = (text: string, file: string): unknown => {
  const { value, faults } = decodeDocuments(text, { file });
  if (faults.length > 0 || value.length !== 1) throw new Error(`${file}: ${faults[0]?.code ?? 'no document'}`);
  return withoutNulls(value[0]!.value);
};

/** Path of the first difference, for the line a failing case prints. */
function difference(left: unknown, right: unknown, path = ''): string {
  if (isDeepStrictEqual(left, right)) return '';
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return `${path}: ${JSON.stringify(left)} / ${JSON.stringify(right)}`;
  }
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const found = difference(
      (left as Record<string, unknown>)[key],
      (right as Record<string, unknown>)[key],
      `${path}.${key}`,
    );
    if (found !== '') return found;
  }
  return path;
}

/** `<group>.<version>.<Kind>`: the type of bodies that do not name their kind. */
function kindOfFile(base: string): KindRef {
  const parts = base.replace(/\.after_roundtrip$/, '').split('.');
  const kind = parts.pop()!;
  const version = parts.pop()!;
  return { group: parts.join('.') === 'core' ? '' : parts.join('.'), version, kind };
}

function runCase(folder: string, base: string): Omit<CaseResult, 'case'> {
  try {
    const json = read(readFileSync(join(folder, `${base}.json`), 'utf8'), `${base}.json`);
    const yaml = read(readFileSync(join(folder, `${base}.yaml`), 'utf8'), `${base}.yaml`);
    if (!isDeepStrictEqual(json, yaml)) {
      return { result: 'failed', expected: 'yaml and json read alike', got: difference(json, yaml) };
    }
    const bytes = readFileSync(join(folder, `${base}.pb`));
    const kind = kindOfFile(base);
    const decoded = decodeProtobuf(bytes, kind);
    const plain = withoutNulls(decoded);
    if (!isDeepStrictEqual(json, plain)) {
      return { result: 'failed', expected: 'pb and json read alike', got: difference(json, plain) };
    }
    const again = encodeProtobuf(decoded, kind);
    if (again === undefined || !bytes.equals(again)) {
      return {
        result: 'failed',
        expected: 'pb re-encodes byte for byte',
        got: `${again?.length} of ${bytes.length} bytes`,
      };
    }
    return { result: 'passed' };
  } catch (error) {
    return { result: 'failed', expected: 'decodes', got: error instanceof Error ? error.message : String(error) };
  }
}

/** Folders of fixtures: the suite's own releases, or the folder itself where it holds cases. */
function folders(cases: string): string[] {
  const entries = readdirSync(cases, { withFileTypes: true });
  const own = entries.some(entry => entry.name.endsWith('.pb')) ? [''] : [];
  return [...own, ...entries.filter(entry => entry.isDirectory()).map(entry => entry.name)];
}

async function* run(context: SuiteContext): AsyncIterable<CaseResult> {
  for (const folder of folders(context.cases)) {
    const path = join(context.cases, folder);
    for (const name of readdirSync(path).sort()) {
      if (!name.endsWith('.json') || context.signal.aborted) continue;
      const base = name.slice(0, -'.json'.length);
      yield { case: folder === '' ? base : `${folder}/${base}`, ...runCase(path, base) };
    }
  }
}

/** Every kind's JSON, YAML and protobuf fixtures read to the same object, and the protobuf is written back byte for byte. */
export const runner: SuiteRunner = { suite: 'core/api-roundtrip', run };
