import * as fs from 'node:fs';
import { dirname, join } from 'node:path';

/** What the dynamic linker needs to know of a program or library (ELF, System V gABI chapter 5). */
export interface ElfNeeds {
  readonly interpreter?: string;
  readonly needed: readonly string[];
  readonly searchPaths: readonly string[];
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const DT_RPATH = 15n;
const DT_RUNPATH = 29n;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly size: number;
}

/** Reads a 64-bit little-endian ELF file; undefined when it is none. */
export function readElf(file: string): ElfNeeds | undefined {
  const fd = fs.openSync(file, 'r');
  try {
    const read = (offset: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, offset));
    };
    const head = read(0, 64);
    if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2 || head[5] !== 1) return undefined;
    const table = read(Number(head.readBigUInt64LE(32)), head.readUInt16LE(54) * head.readUInt16LE(56));
    const segments: Segment[] = [];
    for (let at = 0; at + 56 <= table.length; at += head.readUInt16LE(54))
      segments.push({
        type: table.readUInt32LE(at),
        offset: Number(table.readBigUInt64LE(at + 8)),
        address: table.readBigUInt64LE(at + 16),
        size: Number(table.readBigUInt64LE(at + 32)),
      });
    const text = (offset: number): string => {
      const bytes = read(offset, 1024);
      return bytes.toString('utf8', 0, Math.max(0, bytes.indexOf(0)));
    };
    const interpreter = segments.find(segment => segment.type === PT_INTERP);
    const { needed, searchPaths } = dynamicOf(segments, read, text, dirname(file));
    return { ...(interpreter ? { interpreter: text(interpreter.offset) } : {}), needed, searchPaths };
  } finally {
    fs.closeSync(fd);
  }
}

function dynamicOf(
  segments: readonly Segment[],
  read: (offset: number, length: number) => Buffer,
  text: (offset: number) => string,
  origin: string,
) {
  const dynamic = segments.find(segment => segment.type === PT_DYNAMIC);
  if (!dynamic) return { needed: [], searchPaths: [] };
  const body = read(dynamic.offset, dynamic.size);
  const entries: [bigint, bigint][] = [];
  for (let at = 0; at + 16 <= body.length; at += 16)
    entries.push([body.readBigUInt64LE(at), body.readBigUInt64LE(at + 8)]);
  const address = entries.find(([tag]) => tag === DT_STRTAB)?.[1] ?? 0n;
  const home = segments.find(
    segment =>
      segment.type === PT_LOAD && address >= segment.address && address < segment.address + BigInt(segment.size),
  );
  const strings = home ? home.offset + Number(address - home.address) : 0;
  const texts = (tag: bigint): string[] =>
    entries.filter(([key]) => key === tag).map(([, value]) => text(strings + Number(value)));
  const runpath = texts(DT_RUNPATH);
  return {
    needed: texts(DT_NEEDED),
    searchPaths: (runpath.length > 0 ? runpath : texts(DT_RPATH))
      .flatMap(list => list.split(':'))
      .map(path => path.replace(/\$ORIGIN|\$\{ORIGIN\}/g, origin)),
  };
}

const TRIPLETS: Readonly<Record<string, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  riscv64: 'riscv64-linux-gnu',
  s390x: 's390x-linux-gnu',
  ppc64: 'powerpc64le-linux-gnu',
};

function systemPaths(): string[] {
  const triplet = TRIPLETS[process.arch];
  const fixed = [
    ...(triplet ? [`/lib/${triplet}`, `/usr/lib/${triplet}`] : []),
    '/lib64',
    '/usr/lib64',
    '/lib',
    '/usr/lib',
    '/usr/local/lib',
  ];
  const files = ['/etc/ld.so.conf'];
  const folder = '/etc/ld.so.conf.d';
  if (fs.existsSync(folder))
    files.push(
      ...fs
        .readdirSync(folder)
        .sort()
        .map(name => join(folder, name)),
    );
  const named = files
    .filter(file => fs.existsSync(file))
    .flatMap(file => fs.readFileSync(file, 'utf8').split('\n'))
    .map(line => line.trim())
    .filter(line => line.startsWith('/'));
  return [...new Set([...fixed, ...named])];
}

/** Every shared library a program loads, by the path it is found at, the dynamic linker included; sorted. */
export function sharedLibraries(program: string): string[] {
  const found = new Map<string, string>();
  const missing: string[] = [];
  const system = systemPaths();
  const todo = [program];
  for (let file = todo.pop(); file; file = todo.pop()) {
    const needs = readElf(file);
    if (!needs) continue;
    if (needs.interpreter && !found.has(needs.interpreter)) found.set(needs.interpreter, needs.interpreter);
    for (const name of needs.needed) {
      if (found.has(name)) continue;
      const path = [...needs.searchPaths, ...system]
        .map(folder => join(folder, name))
        .find(candidate => fs.existsSync(candidate));
      if (!path) missing.push(name);
      else {
        found.set(name, path);
        todo.push(path);
      }
    }
  }
  if (missing.length > 0) throw new Error(`Libraries of "${program}" are not found: ${missing.join(', ')}`);
  return [...new Set(found.values())].sort();
}
