import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildImage, importArchive, openImages, saveArchive, hostPlatform } from '../src/compute/index.ts';
import { schemaValidator } from './oci/json-schema.ts';
import type { CaseResult, SuiteRunner } from './runner.ts';

const folders = (path: string): string[] =>
  existsSync(path)
    ? readdirSync(path, { withFileTypes: true })
        .filter(entry => entry.isDirectory())
        .map(entry => entry.name)
        .sort()
    : [];

const documents = (path: string): string[] =>
  existsSync(path)
    ? readdirSync(path)
        .filter(name => name.endsWith('.json'))
        .sort()
    : [];

/** `schema/test/KIND/{good,bad}/X.json` against `schema/KIND-schema.json`; a text that is no JSON is invalid. */
function* runtimeCases(cases: string): Generator<CaseResult> {
  const schema = join(cases, 'runtime-spec/schema');
  for (const kind of folders(join(schema, 'test'))) {
    const validate = schemaValidator(join(schema, `${kind}-schema.json`));
    for (const verdict of ['good', 'bad'])
      for (const name of documents(join(schema, 'test', kind, verdict))) {
        const faults = faultsOf(readFileSync(join(schema, 'test', kind, verdict, name), 'utf8'), validate);
        const got = faults.length === 0 ? 'valid' : `invalid: ${faults.slice(0, 3).join('; ')}`;
        const expected = verdict === 'good' ? 'valid' : 'invalid';
        const result = (faults.length === 0) === (verdict === 'good') ? 'passed' : 'failed';
        yield { case: `runtime-spec/${kind}/${verdict}/${name.slice(0, -5)}`, result, expected, got };
      }
  }
}

function faultsOf(text: string, validate: ReturnType<typeof schemaValidator>): readonly string[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return [(error as Error).message];
  }
  return validate(document);
}

/** The image-spec has schemas and no cases here: what Tenon itself writes must fit them. */
async function* imageCases(cases: string): AsyncGenerator<CaseResult> {
  const schema = join(cases, 'image-spec/schema');
  if (!existsSync(schema)) return;
  const scratch = mkdtempSync(join(tmpdir(), 'compute-oci-'));
  try {
    for (const [name, file, written] of await writtenDocuments(scratch)) {
      const path = join(schema, file);
      if (!existsSync(path)) continue;
      const faults = schemaValidator(path)(written);
      yield {
        case: `image-spec/${name}`,
        result: faults.length === 0 ? 'passed' : 'failed',
        expected: 'valid',
        got: faults.length === 0 ? 'valid' : faults.join('; '),
      };
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Builds an image, saves it, reads it back; every JSON document on the way with the schema it must fit. */
async function writtenDocuments(scratch: string): Promise<[string, string, unknown][]> {
  await using open = await openImages({ folder: join(scratch, 'store'), offline: true });
  const { content } = open.images;
  writeFileSync(
    join(scratch, 'Dockerfile'),
    'FROM scratch\nENV A=1\nLABEL l=v\nEXPOSE 80\nVOLUME /data\nUSER 1000\nWORKDIR /w\nSTOPSIGNAL SIGINT\nCOPY Dockerfile /w/\nENTRYPOINT ["/x"]\nCMD ["y"]\n',
  );
  const built = await buildImage({
    images: open.images,
    folder: scratch,
    file: 'Dockerfile',
    names: ['t/written:1'],
    platform: hostPlatform(),
  });
  const manifest = JSON.parse((await content.blobs.read(built.target.digest)).toString()) as {
    config: { digest: `sha256:${string}` };
    layers: unknown[];
  };
  const archive = join(scratch, 'image.tar');
  await saveArchive(content, ['t/written:1'], archive, hostPlatform());
  const [imported] = await importArchive(content, archive, ['t/again:1']);
  const members = readTar(readFileSync(archive));
  return [
    ['manifest', 'image-manifest-schema.json', manifest],
    ['config', 'config-schema.json', JSON.parse((await content.blobs.read(manifest.config.digest)).toString())],
    ['descriptor', 'content-descriptor.json', manifest.layers[0]],
    ['imported descriptor', 'content-descriptor.json', imported?.target],
    ['saved index', 'image-index-schema.json', JSON.parse(members.get('index.json') ?? 'null')],
    ['saved layout', 'image-layout-schema.json', JSON.parse(members.get('oci-layout') ?? 'null')],
  ];
}

/** Names and texts of a plain ustar archive. */
function readTar(bytes: Buffer): Map<string, string> {
  const members = new Map<string, string>();
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
    const name = bytes.toString('utf8', at, bytes.indexOf(0, at));
    const size = Number.parseInt(bytes.toString('latin1', at + 124, at + 135), 8);
    members.set(name, bytes.toString('utf8', at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return members;
}

export const runner: SuiteRunner = {
  suite: 'compute/oci',
  async *run({ cases }) {
    yield* runtimeCases(cases);
    yield* imageCases(cases);
  },
};
