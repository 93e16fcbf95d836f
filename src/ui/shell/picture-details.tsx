import { countOf } from '../../core/count-of.ts';
import { leastUnseenShare, unseenShare, type Frame } from '../../core/frame.ts';
import { formatSize } from '../../core/geometry.ts';
import { describeNormalisation } from '../../core/normalisation.ts';
import { viewOf } from '../../lenses/views.ts';
import { Disclosure } from '../kit/disclosure.tsx';
import { FactList, type Fact } from '../kit/fact-list.tsx';
import { formatMilliseconds, formatPercent } from '../kit/format.ts';
import { useApp } from '../services.tsx';
import type { Outcome } from '../state/looks.ts';
import type { Photo } from '../state/photo.ts';
import { backendTitles } from '../words.ts';
import { MaskPanel } from './mask-panel.tsx';
import { useOutcome, usePanelProps, useScene, type AnyScene } from './use-scene.ts';
import { withUnit } from '../../core/with-unit.ts';
import './picture-details.css';

/** The part of the photograph outside of the grid; empty if the patches cover all of it. */
function unseenFact(frame: Frame): Fact[] {
  const share = unseenShare(frame);
  if (share < leastUnseenShare) return [];
  const text =
    'The hatched strips at two edges: what does not fill whole patches is cut off. Another input size may cut off less.';
  return [['Not seen', formatPercent(share), text]];
}

/** Empty where the network takes photographs as nearly all do. */
function normalisationFact({ ownNormalisation: own }: Outcome['model']): Fact[] {
  if (own === undefined) return [];
  const text = `As a config beside the checkpoint says: ${describeNormalisation(own)}. Most networks take ImageNet’s numbers.`;
  return [['Normalisation', 'its own', text]];
}

/** As many names as can be read; a list of all of a whole run's would fill the page. */
const mostNames = 12;

/** Empty where the network's file holds nothing else. */
function leftOutFact({ leftOut = [] }: Outcome['model']): Fact[] {
  if (leftOut.length === 0) return [];
  const names = leftOut.slice(0, mostNames).join(', ');
  const more = leftOut.length > mostNames ? ` and ${leftOut.length - mostNames} more` : '';
  const text = `What the model’s files hold besides this network, which a pass does not use: ${names}${more}.`;
  return [['Left out', countOf(leftOut.length, 'part'), text]];
}

/** How the result was made, with the measured times. */
function factsOf({ looked, look, model, backend }: Outcome, scene: AnyScene): readonly Fact[] {
  const [pass] = looked.passes;
  if (pass === undefined) return [];
  const { frame, tokens, timings } = pass;
  const { overlap = 1 } = look.framing;
  return [
    ['Model', model.title, 'The network that looks. Its name at the top of the page leads to others.'],
    [
      'Runs on',
      backendTitles[backend.name],
      `What computes: WebGPU is the graphics card, WebAssembly the processor, JavaScript the processor without its fast ways. All give the same results. Here: ${backend.device}.`,
    ],
    [
      'Forward pass',
      formatMilliseconds(timings.forwardMs),
      `What the network took, until its values were read back. Before it: decoding ${formatMilliseconds(timings.decodeMs)}, resampling ${formatMilliseconds(timings.prepareMs)}.`,
    ],
    [
      'Tokens',
      String(tokens),
      'What the network computes with: one for each patch, and one of its own, CLS; some networks have registers besides. Attention is how much one token takes from each of the others.',
    ],
    [
      'Input',
      withUnit(formatSize(frame.inputSizePx), 'px'),
      'What the network gets: the photograph at this size, width by height.',
    ],
    [
      'Rows × columns',
      `${frame.rows} × ${frame.columns}`,
      `The network sees the photograph as so many square patches, ${withUnit(model.patchSizePx, 'px')} wide each.${
        overlap === 1 ? '' : ` They overlap: one begins every ${withUnit(model.patchSizePx / overlap, 'px')}.`
      }`,
    ],
    ...unseenFact(frame),
    ...normalisationFact(model),
    ...leftOutFact(model),
    ...viewOf(look.lens).facts(scene),
  ];
}

/** The numbers of the shown result, and the lens's plots and tables. Folded away at first. */
export function PictureDetails({ photo }: { readonly photo: Photo }) {
  const outcome = useOutcome(photo);
  const scene = useScene(outcome);
  const props = usePanelProps(photo);
  const isOpen = useApp((state) => state.detailsOpen);
  const setDetailsOpen = useApp((state) => state.setDetailsOpen);
  if (outcome === null || scene === null) return null;
  const { More } = viewOf(outcome.look.lens);
  const [pass] = outcome.looked.passes;
  return (
    <section className="picture-details" aria-label="Details">
      <Disclosure
        title="Details"
        {...(pass === undefined ? {} : { hint: formatMilliseconds(pass.timings.forwardMs) })}
        isOpen={isOpen}
        onToggle={setDetailsOpen}
      >
        <FactList facts={factsOf(outcome, scene)} />
        <MaskPanel photo={photo} outcome={outcome} scene={scene} />
        {More !== undefined && <More {...props} />}
      </Disclosure>
    </section>
  );
}
