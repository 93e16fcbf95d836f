import { Dialog } from '../kit/dialog.tsx';
import { useServices } from '../services.tsx';
import type { Command } from './command.ts';
import { commandsOf } from './commands.ts';
import { useCoarsePointer } from './use-page-effects.ts';
import './help-dialog.css';

/** The key's name as printed on a keyboard. */
const keyName = (key: string): string => (key.length === 1 ? key.toUpperCase() : key);

const places: readonly { readonly where: Command['where']; readonly title: string }[] = [
  { where: 'viewer', title: 'Keys with a photograph' },
  { where: 'recognise', title: 'Keys in Recognise' },
  { where: 'everywhere', title: 'Keys everywhere' },
];

/** The keys by where they work, those of the screen that is open first. */
function Keys() {
  const { store } = useServices();
  // Neither the lens nor the screen can change while the help is open.
  const state = store.getState();
  const commands = commandsOf(state).filter(({ does }) => does !== '');
  const isOpen = ({ where }: { readonly where: Command['where'] }): boolean => where === state.screen;
  const inOrder = [...places.filter(isOpen), ...places.filter((place) => !isOpen(place))];
  return inOrder.map(({ where, title }) => (
    <section key={where} aria-label={title}>
      <h3>{title}</h3>
      <dl className="help-keys">
        {commands
          .filter((command) => command.where === where)
          .map(({ keys, shownKeys = keys, does }) => (
            <div key={does}>
              <dt>
                {shownKeys.map((key) => (
                  <kbd key={key}>{keyName(key)}</kbd>
                ))}
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
      </dl>
    </section>
  ));
}

export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  const press = useCoarsePointer() ? 'Tap' : 'Click';
  return (
    <Dialog title="What you see here" onClose={onClose}>
      <div className="help">
        <div className="help-words">
          <p>
            A Vision Transformer cuts a photograph into square patches and adds one token of its own, CLS,
            which gathers what the picture is about. In the last layer, every attention head decides how much
            CLS takes from each patch. Those numbers are the maps on this page.
          </p>
          <p>
            DINO learned without labels, by predicting its own view of the same photograph; yet its heads tend
            to settle on the things in it. The <em>mask</em> keeps the fewest patches that hold the chosen
            part of a head’s attention, as the authors’ own script does. The <em>heat map</em> shows every
            value, each head stretched over its own range.
          </p>
          <p>
            {press} a patch of the photograph, and the maps show what that patch looks at instead: often its
            own thing, and what is like it. A patch’s attention says what goes together; CLS’s says what the
            picture is about. Esc goes back to CLS.
          </p>
          <p>
            A mask that you have for a photograph can be added beside it: a PNG of the same name and shape,
            black, with one colour for each object. The details then say how well what is shown fits it.
          </p>
          <p>
            Under Recognise (C), photographs are told apart by example: add folders, each is a class. A
            photograph’s nearest others by the network’s features vote on it; nothing is trained, so a
            photograph that you give to a class counts at once. The browser keeps features and small pictures
            of a collection, and never the photographs themselves.
          </p>
          <p>
            The model that comes with the page is a small one, made for demonstration; it is not one of the
            published networks, and its heads are coarser than theirs. Press M for those: download one here,
            or open its checkpoint file.
          </p>
          <p>
            No photograph leaves this machine: the network runs in the browser, and photographs are read where
            they lie. The page asks other hosts for nothing but a model that you download.
          </p>
          <p>
            DINOscope is free software under the Apache licence 2.0. It holds work of others, whose{' '}
            <a href="./licences.txt" target="_blank">
              licences
            </a>{' '}
            come with it.
          </p>
        </div>
        <div>
          <Keys />
        </div>
      </div>
    </Dialog>
  );
}
