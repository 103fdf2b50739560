import { type Diagnosis, diagnoseFigures } from '../diagnose/diagnose.ts';
import type { Share } from '../diagnose/errorRates.ts';
import type { RunReport } from './json.ts';

type Judged = Partial<
  Pick<
    RunReport,
    'trainAccuracy' | 'devAccuracy' | 'testAccuracy' | 'metrics' | 'settings' | 'task'
  >
>;

/** Bias and variance of a run, by accuracies or R²; undefined without a development set. */
export function verdictOf(report: Judged, bayesError?: Share): Diagnosis | undefined {
  const { metrics, settings } = report;
  const metric = report.task === 'regression' ? 'r2' : 'accuracy';
  const [train, dev, test] = (['train', 'dev', 'test'] as const).map((part) => {
    const given = metric === 'r2' ? metrics?.[part]?.['r2'] : report[`${part}Accuracy`];
    return typeof given === 'number' ? given : undefined;
  });
  if (train === undefined || dev === undefined) return undefined;
  return diagnoseFigures({ metric, train, dev, test }, bayesError, settings && waysOf(settings));
}

/** What `wasmgrad train` did against overfitting. */
function waysOf(settings: NonNullable<RunReport['settings']>) {
  const { dropout, l2, augment, flip } = settings;
  const used = [
    ...(dropout ? ['dropout'] : []),
    ...(l2 ? ['L2'] : []),
    ...(augment || flip ? ['augmentation'] : []),
    'early stopping',
  ];
  return { used };
}
