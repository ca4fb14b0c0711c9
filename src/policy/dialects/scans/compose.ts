import type { JsonObject } from '../../../kernel/index.ts';
import { CYCLONEDX, OPERATOR, TRIVY } from './formats.ts';
import { composeEntry } from './lens.ts';
import type { Entry, EntryKind } from './model.ts';
import type { ImageInventory } from './packages.ts';

const rule = ({ lists }: typeof TRIVY, kind: EntryKind) => lists.find(each => each.kind === kind)!;

const isSystem = ({ packageType }: Entry): boolean => packageType === 'deb' || packageType === 'apk';

function trivy(image: string, { packages, system }: ImageInventory, found: readonly Entry[]): JsonObject {
  const result = (title: string, type: string, wanted: (entry: Entry) => boolean): JsonObject[] => {
    if (!packages.some(wanted)) return [];
    return [
      {
        Target: title,
        Class: type === 'lang-pkgs' ? 'lang-pkgs' : 'os-pkgs',
        Type: type,
        Vulnerabilities: found.filter(wanted).map(entry => composeEntry(entry, rule(TRIVY, 'vulnerability'))),
      },
    ];
  };
  const languages = [...new Set(packages.filter(entry => !isSystem(entry)).map(({ packageType = '' }) => packageType))];
  return {
    SchemaVersion: 2,
    ArtifactName: image,
    ArtifactType: 'container_image',
    ...(system ? { Metadata: { OS: { Family: system.id, Name: system.version } } } : {}),
    Results: [
      ...result(system ? `${image} (${system.id} ${system.version})` : image, system?.id ?? 'unknown', isSystem),
      ...languages.flatMap(type => result(type, 'lang-pkgs', entry => entry.packageType === type)),
    ],
  };
}

function cyclonedx(image: string, { packages }: ImageInventory, found: readonly Entry[]): JsonObject {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'container', name: image } },
    components: packages.map(({ message: _message, category: _category, ...entry }) => ({
      'bom-ref': entry.purl ?? '',
      ...composeEntry({ ...entry, packageType: 'library' }, rule(CYCLONEDX, 'package')),
    })),
    vulnerabilities: found.map(entry => ({
      ...composeEntry(entry, rule(CYCLONEDX, 'vulnerability')),
      ratings: [{ severity: (entry.severity ?? 'UNKNOWN').toLowerCase() }],
      affects: [{ ref: entry.purl ?? '' }],
    })),
  };
}

function operator(image: string, { system }: ImageInventory, found: readonly Entry[]): JsonObject {
  const count = (severity: string): number => found.filter(entry => entry.severity === severity).length;
  return {
    apiVersion: 'aquasecurity.github.io/v1alpha1',
    kind: 'VulnerabilityReport',
    metadata: { name: image.toLowerCase().replace(/[^a-z0-9]+/g, '-') },
    report: {
      artifact: { repository: image },
      ...(system ? { os: { family: system.id, name: system.version } } : {}),
      summary: {
        criticalCount: count('CRITICAL'),
        highCount: count('HIGH'),
        mediumCount: count('MEDIUM'),
        lowCount: count('LOW'),
        unknownCount: count('UNKNOWN'),
      },
      vulnerabilities: found.map(entry => composeEntry(entry, rule(OPERATOR, 'vulnerability'))),
    },
  };
}

/** A report of an image in the shape of a known tool; undefined where the tool is none of them. */
export function composeReport(
  format: string,
  image: string,
  inventory: ImageInventory,
  found: readonly Entry[],
): JsonObject | undefined {
  if (format === 'trivy') return trivy(image, inventory, found);
  if (format === 'cyclonedx') return cyclonedx(image, inventory, found);
  if (format === 'trivy-operator') return operator(image, inventory, found);
  return undefined;
}
