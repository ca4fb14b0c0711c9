import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultError } from '../../../base/index.ts';
import type { SourceTree } from '../../model.ts';
import { renderDelivered } from './render.ts';
import { semverCompare } from './semver.ts';
import { templateChart } from './template.ts';

const PORTS = { chance: () => 0, now_ms: () => 0 };
const chart = (template: string, more: Record<string, string> = {}): SourceTree => ({
  name: 'test',
  revision: '1',
  files: new Map(
    Object.entries({
      'Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.0.0\n',
      'templates/a.yaml': template,
      ...more,
    }),
  ),
});
const made = (template: string, values = '', more: Record<string, string> = {}): string =>
  templateChart(
    chart(`v: ${template}`, more),
    { name: 'r', namespace: 'n', kubeVersion: 'v1.34.0', values: [values] },
    PORTS,
  )
    .replace(/^---\n# Source: c\/templates\/a.yaml\nv: /, '')
    .trimEnd();

const ROWS: readonly (readonly [template: string, text: string])[] = [
  ['{{ .Values.i }} {{ .Values.big }}', '80 1e+06'],
  ['{{ range $i, $e := .Values.l }}{{ $i }}{{ $e }}{{ else }}none{{ end }}', '0a1b'],
  ['{{ range .Values.l }}{{ if eq . "b" }}{{ break }}{{ end }}{{ . }}{{ end }}', 'a'],
  ['{{ with .Values.none }}x{{ else }}y{{ end }}', 'y'],
  ['{{ define "t" }}<{{ .x }}>{{ end }}{{ include "t" (dict "x" 1) }}', '<1>'],
  ['{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}', '2'],
  ['{{ (.Values.none).x }}z', 'z'],
  ['{{ printf "%05.1f|%-4s|%q|%v" 3.14159 "a" "b" (list 1 2) }}', '003.1|a   |"b"|[1 2]'],
  ['{{ tpl "{{ .Release.Name }}" . }}', 'r'],
  ['{{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }}', '-W-xxW-'],
  ['{{ "a b" | quote | indent 1 }}', ' "a b"'],
  ['{{ int "012" }} {{ div 7 2 }} {{ add 1 2 3 }}', '10 3 6'],
  ['{{ and 1 0 2 }}{{ or 0 "" "x" }}{{ not true }}', '0xfalse'],
];

test('templates give what Go templates give', () => {
  for (const [template, text] of ROWS)
    assert.equal(made(template, 'i: 80\nbig: 1000000\nl: [a, b]\n').replace(/^v: /, ''), text, template);
});

test('values of a parent and globals reach its subcharts; conditions switch them off', () => {
  const sub = {
    'charts/s/Chart.yaml': 'apiVersion: v2\nname: s\nversion: 1.0.0\n',
    'charts/s/values.yaml': 'a: 1\n',
    'charts/s/templates/b.yaml': 'w: {{ .Values.a }}{{ .Values.global.g }}\n',
  };
  const all = {
    ...sub,
    'Chart.yaml':
      'apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{name: s, version: 1.0.0, condition: s.enabled}]\n',
  };
  assert.match(made('1', 's: {a: 2}\nglobal: {g: 3}\n', all), /w: 23/);
  assert.doesNotMatch(made('1', 's: {enabled: false}\n', all), /w:/);
});

const REFUSED: readonly (readonly [why: RegExp, template: string])[] = [
  [/nil pointer evaluating/, '{{ .Values.a.b }}'],
  [/not defined/, '{{ nonsense }}'],
  [/unclosed action/, '{{ .Values'],
  [/say it/, '{{ required "say it" .Values.x }}'],
  [/nest/, '{{ define "l" }}{{ include "l" . }}{{ end }}{{ include "l" . }}'],
];

test('what cannot be rendered says why', () => {
  for (const [why, template] of REFUSED) {
    assert.throws(
      () => made(template),
      (error: unknown) => error instanceof FaultError && why.test(error.message),
      String(why),
    );
  }
});

test('a delivered chart gives the same at every look', () => {
  const tree = chart('apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {p: {{ randAlphaNum 20 }}}\n');
  assert.deepEqual(renderDelivered(tree, ''), renderDelivered(tree, ''));
  assert.equal(renderDelivered(tree, '').wanted.length, 1);
});

test('constraints', () => {
  for (const [constraint, version, holds] of [
    ['>=1.19-0', 'v1.34.0', true],
    ['^1.2.3', '1.9.0', true],
    ['~1.2', '1.3.0', false],
    ['>=1.2.0', '1.3.0-beta', false],
    ['>=1.2 <2 || 3.x', '3.4', true],
    ['1.2 - 1.4', '1.3.5', true],
    ['!=1.2', '1.2.9', false],
    ['*', '0.1', true],
  ] as const)
    assert.equal(semverCompare(constraint, version), holds, `${constraint} ${version}`);
});
