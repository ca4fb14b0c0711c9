import { buildImage, hostPlatform, openImages } from '../../compute/index.ts';
import type { Project } from './source.ts';

/** Builds the images a project names into the node's store; what is there already and unchanged costs a look. */
export async function buildProjectImages(
  project: Project,
  imagesFolder: string,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  if (project.images.length === 0) return;
  await using open = await openImages({ folder: imagesFolder, offline: true });
  for (const image of project.images) {
    const { target } = await buildImage({
      images: open.images,
      folder: image.context,
      ...(image.file === undefined ? {} : { file: image.file }),
      names: [image.name],
      args: image.args,
      platform: hostPlatform(),
      // Layers are unpacked on this machine at once: packing them would only cost time.
      compression: 'none',
      signal,
    });
    log(`image ${image.name}: ${target.digest}`);
  }
}
