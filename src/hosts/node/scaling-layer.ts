import { EventRecorder } from '../../cluster/index.ts';
import { connectKubeconfig, matchLabels, parseLabelSelector, StatusError } from '../../kernel/index.ts';
import { type PodMetricsObject, podMetricsSource, servedMetrics, startScaling } from '../../scaling/index.ts';
import type { Layer } from './layer.ts';

/** HorizontalPodAutoscalers by what pods use on this node and those that joined. */
export const scalingLayer: Layer = {
  name: 'scaling',
  async start({ kernel, api, clock, random, podMetrics, log }) {
    await using stack = new AsyncDisposableStack();
    const client = kernel.client({
      name: 'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
      groups: ['system:masters'],
    });
    const report = (error: unknown, where: string): void => {
      if (error instanceof StatusError && error.code === 409) return;
      log(`scaling: ${where}: ${error instanceof Error ? error.message : String(error)}`);
    };
    const recorder = stack.use(new EventRecorder({ client, clock, report: error => report(error, 'events') }));
    const note = recorder.as('horizontal-pod-autoscaler');
    // What others serve is behind the API's aggregation, so it is asked there as anyone would.
    const { transport } = stack.use(connectKubeconfig(api.kubeconfig));
    const resources = podMetricsSource(async (namespace, selector) => {
      const requirements = parseLabelSelector(selector);
      const items = (await podMetrics(namespace)) as readonly PodMetricsObject[];
      return items.filter(
        ({ metadata }) => metadata.namespace === namespace && matchLabels(requirements, metadata.labels),
      );
    });
    const ask = (path: string): Promise<{ status: number; text: string }> => transport.send({ method: 'GET', path });
    const scaling = stack.use(
      startScaling({
        client,
        clock,
        random,
        catalog: kernel.catalog,
        metrics: { ...resources, ...servedMetrics({ ask, catalog: kernel.catalog }) },
        note: (about, type, reason, message) => note({ about, type, reason, message }),
        report,
      }),
    );
    const kept = stack.move();
    return { ready: scaling.whenSynced(), [Symbol.asyncDispose]: () => kept.disposeAsync() };
  },
};
