/** The experiment of the paper's figure 7 in the page: three trainings, one after the other, and the curves of kept runs beside each other. */
import {
  type Condition,
  conditions,
  experimentConfiguration,
  experimentPreset,
} from '../../core/collapse-experiment.ts';
import { describeFailure, type Failure } from '../../core/failure.ts';
import type { StepReport, TrainingConfiguration } from '../../core/training.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { StoredRun, TrainingProgress } from '../../rpc/training-contract.ts';
import type { AppStore } from '../state/app-store.ts';
import { ReportLog } from './report-log.ts';
import { RunNews } from './run-news.ts';
import { type FigureState, type FigureTraining, isAtRest, type TrainingStore } from './training-state.ts';

interface FigurePhotograph {
  readonly name: string;
  readonly blob: Blob;
}

export interface FigureActions {
  /** @param source the photographs in words @param changes of the experiment's settings */
  drawFigure(
    photographs: readonly FigurePhotograph[],
    source: string,
    changes?: Partial<TrainingConfiguration>,
  ): Promise<void>;
  /** The curves of kept runs, over each other. */
  overlayRuns(runs: readonly StoredRun[]): Promise<void>;
  cancelFigure(): void;
  closeFigure(): void;
}

interface FigureTools {
  readonly client: EngineClient;
  readonly app: AppStore;
  readonly store: TrainingStore;
  /** Called when the list of runs may have changed. */
  readonly onEnd: () => Promise<void>;
}

/** Nothing of a training is wanted but its numbers. */
const never = 100_000;

class FigureConductor {
  private readonly tools: FigureTools;
  private running: AbortController | null = null;

  constructor(tools: FigureTools) {
    this.tools = tools;
  }

  async draw(
    photographs: readonly FigurePhotograph[],
    source: string,
    changes: Partial<TrainingConfiguration>,
  ): Promise<void> {
    const { app, store, onEnd } = this.tools;
    const { run } = store.getState();
    if (this.running !== null || photographs.length === 0 || (run !== null && !isAtRest(run))) return;
    const controller = new AbortController();
    this.running = controller;
    const planned = conditions.length;
    store.setState({ figure: { status: 'running', failure: null, source, trainings: [], planned } });
    app.getState().announce('The experiment has begun.');
    let failure: Failure | null = null;
    for (const condition of conditions) {
      failure = await this.train(condition, photographs, changes, controller.signal);
      if (failure !== null || controller.signal.aborted) break;
    }
    this.running = null;
    const status = controller.signal.aborted ? 'cancelled' : failure === null ? 'done' : 'failed';
    this.change((figure) => ({ ...figure, status, failure: status === 'failed' ? failure : null }));
    app
      .getState()
      .announce(
        failure !== null && status === 'failed'
          ? `The experiment has stopped. ${describeFailure(failure)}`
          : status === 'done'
            ? 'The experiment has ended.'
            : 'Cancelled.',
      );
    await onEnd();
  }

  cancel(): void {
    this.running?.abort();
  }

  /** @returns why it failed */
  private async train(
    condition: Condition,
    photographs: readonly FigurePhotograph[],
    changes: Partial<TrainingConfiguration>,
    signal: AbortSignal,
  ): Promise<Failure | null> {
    const { client } = this.tools;
    const { title, centring, sharpening } = condition;
    const { scratch } = experimentPreset;
    if (scratch === null) throw new Error('the experiment has no network of its own');
    const configuration = { ...experimentConfiguration, ...changes, centring, sharpening };
    const { steps, outputDim } = configuration;
    const reports = ReportLog.of([], steps);
    this.change((figure) => ({
      ...figure,
      trainings: [
        ...figure.trainings,
        { id: condition.id, label: title, condition, outputDim, lastStep: steps, reports },
      ],
    }));
    let id: string | null = null;
    const news = new RunNews((progress) => {
      if (progress.stage === 'step') this.add(progress.report);
    });
    const ended = await client.call(
      'train',
      {
        kind: 'new',
        title: `Figure 7: ${title}`,
        model: scratch,
        configuration,
        photographs,
        pinned: 0,
        intervals: { saveEvery: never, mapsEvery: never },
        crops: false,
      },
      {
        signal,
        awaitsWorker: true,
        keepsWorkerBusy: true,
        onProgress: (progress: TrainingProgress) => {
          if (progress.stage === 'ready') id = progress.run.id;
          news.add(progress);
        },
      },
    );
    news.showWaiting();
    // The curves are all that is wanted; the run and its photographs would only fill the list.
    if (id !== null) await client.call('deleteRun', { id });
    return ended.ok ? null : ended.error;
  }

  private add(report: StepReport): void {
    this.change((figure) => ({
      ...figure,
      trainings: figure.trainings.map((training, at) =>
        at === figure.trainings.length - 1
          ? { ...training, reports: training.reports.with(report) }
          : training,
      ),
    }));
  }

  private change(change: (figure: FigureState) => FigureState): void {
    this.tools.store.setState(({ figure }) => (figure === null ? {} : { figure: change(figure) }));
  }
}

/** @returns the reports of a kept run, or why they cannot be read */
async function readReports(
  client: EngineClient,
  { id }: StoredRun,
): Promise<readonly StepReport[] | Failure> {
  const outcome = await client.call('exportRun', { id, what: 'log' });
  if (!outcome.ok) return outcome.error;
  const lines = (await outcome.value.file.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as StepReport);
}

/** Runs of one preset have one title, so the time tells them apart: to the minute, where that is enough. */
function labelOf(run: StoredRun, all: readonly StoredRun[]): string {
  const labelled = ({ title, startedAt }: StoredRun, second?: '2-digit'): string =>
    `${title}, ${new Date(startedAt).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second })}`;
  const plain = labelled(run);
  if (all.filter((each) => labelled(each) === plain).length === 1) return plain;
  const exact = labelled(run, '2-digit');
  const same = all.filter((each) => labelled(each, '2-digit') === exact);
  return same.length === 1 ? exact : `${exact} (${same.indexOf(run) + 1})`;
}

async function overlay({ client, app, store }: FigureTools, runs: readonly StoredRun[]): Promise<void> {
  const trainings: FigureTraining[] = [];
  for (const run of runs) {
    const reports = await readReports(client, run);
    if ('code' in reports) {
      app.getState().say(`${run.title}: ${describeFailure(reports)}`, 'warning');
      continue;
    }
    const { outputDim, steps } = run.configuration;
    trainings.push({
      id: run.id,
      label: labelOf(run, runs),
      condition: null,
      outputDim,
      lastStep: run.step,
      reports: ReportLog.of(reports, steps),
    });
  }
  if (trainings.length === 0) return;
  store.setState({
    figure: {
      status: 'done',
      failure: null,
      source: 'Kept runs',
      trainings,
      planned: trainings.length,
    },
  });
}

export function createFigureActions(tools: FigureTools): FigureActions {
  const conductor = new FigureConductor(tools);
  return {
    drawFigure: (photographs, source, changes = {}) => conductor.draw(photographs, source, changes),
    overlayRuns: (runs) => overlay(tools, runs),
    cancelFigure: () => conductor.cancel(),
    closeFigure() {
      conductor.cancel();
      tools.store.setState({ figure: null });
    },
  };
}
