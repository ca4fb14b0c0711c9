import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../../kernel/index.ts';
import { compileJmes, JmesError, type JmesPorts } from './index.ts';

const input: Json = { a: { b: 1, n: null }, l: [{ x: 1 }, { y: 2 }, { x: 3 }], s: 'str', e: [] };
const ports: JmesPorts = {
  now: () => 1_700_000_000_000,
  random: () => 0,
  digest: (algorithm, text) => createHash(algorithm).update(text).digest('hex'),
  parseYaml: () => ({ a: 1 }),
};

/** What the released tool answers to the same expressions over the same input. */
const ROWS: readonly (readonly [string, Json | Error])[] = [
  ['a.b', 1],
  ['a.z', new Error('Unknown key "z" in path')],
  ['a.z || `5`', 5],
  ['a.z | @', null],
  ['!e', true],
  ['!a.z', null],
  ['l[].x', [1, 3]],
  ['l[?x==`1`]', [{ x: 1 }]],
  ['l[?!x]', [{ y: 2 }]],
  [
    'l[*].[x,y]',
    [
      [1, null],
      [null, 2],
      [3, null],
    ],
  ],
  ['l[::-1] | [0].x', 3],
  ['{k: a.z}', { k: null }],
  ['map(&z, l)', [null, null, null]],
  ["'a' < 'b'", null],
  ["'it\\'s'", "it's"],
  ["add('1Gi','1Mi')", '1025Mi'],
  ["add('1h','1m')", new Error("JMESPath function 'add': Types mismatch")],
  ["add('1h','2h')", '3h0m0s'],
  ["divide('4Gi','2')", 2147483648],
  ["divide('4Gi',`2`)", '2Gi'],
  ["modulo('5h','3h')", '2h0m0s'],
  ["multiply(`2`,'1Gi')", '2Gi'],
  ["sum(['1','2'])", '3'],
  ["time_add('2021-01-02T15:04:05-07:00','3h')", '2021-01-02T18:04:05-07:00'],
  ["time_since('','2021-01-02T15:04:05-07:00','2021-01-10T03:14:05-07:00')", '180h10m0s'],
  ["time_parse('Mon Jan 02 2006 15:04:05 -0700','Fri Jun 22 2022 17:45:00 +0100')", '2022-06-22T17:45:00+01:00'],
  ["time_to_cron('2021-01-02T15:04:05Z')", '4 15 2 1 6'],
  ["time_truncate('2021-01-02T15:04:05Z','1h')", '2021-01-02T15:00:00Z'],
  [
    "items(a,'key','val')",
    [
      { key: 'b', val: 1 },
      { key: 'n', val: null },
    ],
  ],
  ["object_from_lists(['a','b'],['1'])", { a: '1', b: null }],
  ["regex_replace_all('a(.)','abac','$1')", 'bc'],
  ["image_normalize('nginx')", 'docker.io/nginx:latest'],
  ["semver_compare('1.2.3','>=1.0.0 <2.0.0')", true],
  ["truncate('abcdef',`3`)", 'abc'],
  // As kyverno 1.19 answers: quotients are cut at the places of the operand that has more.
  ["divide('10',`3`)", '3'],
  ["divide('1.5',`7`)", '200m'],
  ["divide('-5m',`3`)", '-1m'],
  ["divide('1Gi',`3`)", '357913941'],
  ["divide('0.5Gi',`3`)", '178956970666666666n'],
  ["divide('100Ti',`3`)", '36650387592533333333333n'],
  ["divide('1G',`1000000`)", '0'],
  ["multiply('1',`0.3333333333333333`)", '333333334n'],
  ["multiply('3n',`0.5`)", '1500'],
  ["semver_compare('1.2','1.0.0')", false],
  ["semver_compare('1.2.3','1.x.x')", false],
  ["semver_compare('1.2.3','1.0.0 - 2.0.0')", false],
  ["semver_compare('1.2.3','>1.x || 1.2.x')", true],
  ["semver_compare('1.2.3','1.2.*')", new Error('Could not parse Range')],
  ["semver_compare('1.2.3','x')", new Error('Last element in range')],
  ["replace('aaa','','b',`2`)", 'babaa'],
  ["truncate('abc',`-1`)", ''],
  ['lookup(`[1]`,`0.5`)', new Error('expected an integer')],
  ['object_from_lists(`[1,true]`,`[2]`)', { 1: 2, true: null }],
  ['object_from_lists(`[null]`,`[2]`)', new Error('not of type StringArray')],
  ['avg(`[]`)', new Error('unsupported value')],
  ['round(`1.5`,`0.5`)', new Error('Non-integer')],
  ['length(a.z)', new Error('Invalid type')],
  ['foo(a)', new Error('unknown function: foo')],
];

for (const [expression, expected] of ROWS) {
  test(`jmespath: ${expression}`, () => {
    if (expected instanceof Error)
      return assert.throws(
        () => compileJmes(expression).evaluate(input, ports),
        (error: unknown) => error instanceof JmesError && error.message.includes(expected.message),
      );
    assert.deepEqual(compileJmes(expression).evaluate(input, ports), expected);
  });
}

test('jmespath: any text is an expression or a JmesError', () => {
  const piece = fc.constantFrom(...'abl.[]{}()*?:|&!<>=@`"\',0 -'.split(''), 'length(', '[?', '||', '&&', 'l[].x');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), parts => {
      try {
        compileJmes(parts.join('')).evaluate(input, ports);
      } catch (error) {
        assert.ok(error instanceof JmesError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

/** A request made for this test by openssl; what is read of it is what the released tool reads. */
const REQUEST = [
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIIBmDCCAQECAQAwMTENMAsGA1UECgwEYWNtZTEPMA0GA1UECgwGc2Vjb25kMQ8w',
  'DQYDVQQDDAZhbmdlbGEwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAMN30QKE',
  'uQDaA1qafsIVK0Xao2VdXPiHIrIkgYFTGUUWx2FTfWlnN1NZ8qTKU6Fs40P4dzlT',
  'bGrQQZiOUGDZ4+Grbokb+5ImdvxToZNGm0F+ILZjwAIT+zkjwUPnyyBjomMHnDgu',
  'OwOR/72ZkoR928/qrBmqqTi1IFYzVgpMDQezAgMBAAGgJzAlBgkqhkiG9w0BCQ4x',
  'GDAWMBQGA1UdEQQNMAuCCWEuZXhhbXBsZTANBgkqhkiG9w0BAQsFAAOBgQBQJGab',
  'If68idQHuP8Yw5Nw13QJp3k1FD9MK5/Vr2hTz6YwviI/aY63GJwbpiXqmX5qU8xS',
  '9V1QyTCGRuGyA70HXgcamenZTLeagd/TviwVew/CwGdQVoh4d0NL2mWF8VypY6/3',
  'NOET5WF9Zjp5WNIEkelSzmIXpHl02MaMgvFxCA==',
  '-----END CERTIFICATE REQUEST-----',
].join('\n');

test('jmespath: x509_decode reads requests and refuses what is no PEM', () => {
  const decode = (text: string): Json => compileJmes('x509_decode(@)').evaluate(text, ports) as Json;
  const { Subject, DNSNames, PublicKey, PublicKeyAlgorithm, Attributes } = decode(REQUEST) as Record<string, Json>;
  const { CommonName, Organization, Country } = Subject as Record<string, Json>;
  assert.deepEqual(
    { CommonName, Organization, Country },
    { CommonName: 'angela', Organization: ['acme', 'second'], Country: null },
  );
  assert.deepEqual([DNSNames, PublicKeyAlgorithm], [['a.example'], 1]);
  assert.deepEqual(PublicKey, {
    N: '137262320697584378553515519983957452642880394626965086805429876343112433177694571125136085242754170936115602935564650031411719482542521833436181029020730923852323210316438718919678746285460223466620162173150975890469051919740083703562814603395123790275095471776665105640255209914397147108683544781516140513203',
    E: 65537,
  });
  assert.deepEqual(
    (Attributes as { Type: number[] }[]).map(({ Type }) => Type.join('.')),
    ['1.2.840.113549.1.9.14'],
  );
  assert.throws(() => decode('abc'), /failed to decode PEM block/);
  assert.throws(() => decode(REQUEST.replaceAll('CERTIFICATE REQUEST', 'FOO')), /neither contains a CERTIFICATE/);
});
