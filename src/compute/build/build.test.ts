import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDockerfile } from './dockerfile.ts';
import { globMatcher, parseIgnore } from './ignore.ts';
import { parseImageYaml } from './image-yaml.ts';
import { RecipeError } from './recipe.ts';
import { splitWords, substitute } from './words.ts';

describe('words of a Dockerfile', () => {
  const variables = (name: string): string | undefined => ({ A: 'one', EMPTY: '' })[name];
  for (const [text, want] of [
    ['$A/${A}', 'one/one'],
    ['${B:-two}', 'two'],
    ['${EMPTY:-two}', 'two'],
    ['${EMPTY-two}', ''],
    ['${A:+yes}${B:+no}', 'yes'],
    ['${B:-${A}}', 'one'],
    ['\\$A', '$A'],
    ["'$A'$A", "'$A'one"],
    ['$', '$'],
    ['${A', '${A'],
    ['$1', '$1'],
  ] as const)
    it(`${text} becomes ${want}`, () => assert.equal(substitute(text, variables), want));

  it('are split as a shell would', () => {
    assert.deepEqual(splitWords(`a "b c" d\\ e 'f"g' ""`), ['a', 'b c', 'd e', 'f"g', '']);
  });
});

describe('wildcards', () => {
  for (const [glob, path, want] of [
    ['*.txt', 'a.txt', true],
    ['*.txt', 'd/a.txt', false],
    ['*.txt', 'a.txt/b', false],
    ['d/*', 'd/a', true],
    ['**/x', 'a/b/x', true],
    ['**/x', 'x', true],
    ['a?c', 'abc', true],
    ['a.c', 'abc', false],
  ] as const)
    it(`${glob} ${want ? 'fits' : 'does not fit'} ${path}`, () => assert.equal(globMatcher(glob)(path), want));

  it('of .dockerignore hold for folders, and the last rule wins', () => {
    const ignored = parseIgnore('# a comment\nnode_modules\n**/*.log\n!keep.log\n/dist/\n');
    for (const path of ['node_modules', 'node_modules/a/b', 'x/y.log', 'dist/z']) assert.ok(ignored(path), path);
    for (const path of ['keep.log', 'src/node_modules2', 'distx']) assert.ok(!ignored(path), path);
  });
});

describe('recipes', () => {
  it('join continued lines and keep the line they start on', () => {
    const { steps } = parseDockerfile('# escape=`\nFROM scratch\n\nENV A=1 `\n# between\n  B="2 3"\nCMD ["x"]\n');
    assert.deepEqual(
      steps.map(step => step.line),
      [2, 4, 7],
    );
    assert.deepEqual(steps[1]?.instruction, {
      kind: 'env',
      values: [
        ['A', '1'],
        ['B', '2 3'],
      ],
    });
  });

  for (const [text, why] of [
    ['', /first instruction/],
    ['FROM a b c', /FROM image/],
    ['FROM scratch\nCOPY --mount=x a b', /flag/],
    ['FROM scratch\nCOPY <<EOF /x', /here-documents/],
    ['FROM scratch\nEXPOSE', /says nothing/],
    ['FROM scratch\nRUN --mount=type=cache true', /not supported/],
  ] as const)
    it(`refuse ${JSON.stringify(text)}`, () =>
      assert.throws(
        () => parseDockerfile(text),
        (error: unknown) => error instanceof RecipeError && why.test(error.message),
      ));

  for (const [text, why] of [
    ['- a', /no mapping/],
    ['form: x', /unknown/],
    ['env: [a]', /mapping/],
    ['files: [{from: a}]', /"from" and "to"/],
    ['files: [{from: a, to: b, mode: 9}]', /octal/],
    ['a: 1\na: 2', /unique/],
  ] as const)
    it(`refuse image.yaml ${JSON.stringify(text)}`, () =>
      assert.throws(
        () => parseImageYaml(text),
        (error: unknown) => error instanceof RecipeError && why.test(error.message),
      ));
});
