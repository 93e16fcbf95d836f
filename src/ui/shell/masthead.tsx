import {
  CircleHelp,
  Eye,
  ImagePlus,
  Images,
  Moon,
  Presentation,
  Sun,
  Tags,
  TrendingDown,
} from 'lucide-react';
import { useApp } from '../services.tsx';
import { EngineLine } from './engine-line.tsx';
import { useIsPhone } from './use-page-effects.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { Wordmark } from './wordmark.tsx';
import './masthead.css';

interface MastheadProps {
  readonly onAdd: () => void;
}

export function Masthead({ onAdd }: MastheadProps) {
  const theme = useApp((state) => state.theme);
  const setTheme = useApp((state) => state.setTheme);
  const setDialog = useApp((state) => state.setDialog);
  const setPresenting = useApp((state) => state.setPresenting);
  const hasPhotos = useApp((state) => state.order.length > 0);
  const screen = useApp((state) => state.screen);
  const setScreen = useApp((state) => state.setScreen);
  const isTraining = screen === 'training';
  const isRecognising = screen === 'recognise';
  const isPhone = useIsPhone();
  const isDark = theme === 'dark';
  return (
    <header className="masthead">
      {/* Its letters are hidden where buttons need the room. */}
      <h1 className="masthead-title" aria-label="DINOscope">
        <Wordmark />
      </h1>
      <EngineLine />
      <div className="masthead-actions">
        {hasPhotos && !isRecognising && (
          <>
            <IconButton
              icon={ImagePlus}
              label="Add photographs"
              withText
              className="masthead-add"
              onClick={onAdd}
            />
            <IconButton icon={Images} label="Sample photographs" onClick={() => setDialog('samples')} />
            {/* On a phone it stands beside the photograph's title, where it has room. */}
            {!isTraining && !isPhone && (
              <IconButton icon={Presentation} label="Present (F)" onClick={() => setPresenting(true)} />
            )}
          </>
        )}
        <IconButton
          icon={isTraining ? Eye : TrendingDown}
          label={isTraining ? 'View' : 'Train'}
          withText
          className="masthead-train"
          title={isTraining ? 'Back to the photographs (R)' : 'Train a network on photographs (R)'}
          onClick={() => setScreen(isTraining ? 'viewer' : 'training')}
        />
        <IconButton
          icon={isRecognising ? Eye : Tags}
          label={isRecognising ? 'View' : 'Recognise'}
          withText
          className="masthead-train masthead-recognise"
          title={isRecognising ? 'Back to the photographs (C)' : 'Tell photographs apart by example (C)'}
          onClick={() => setScreen(isRecognising ? 'viewer' : 'recognise')}
        />
        <IconButton
          icon={isDark ? Sun : Moon}
          label={isDark ? 'Light theme (T)' : 'Dark theme (T)'}
          onClick={() => setTheme(isDark ? 'light' : 'dark')}
        />
        <IconButton icon={CircleHelp} label="Help and keys (?)" onClick={() => setDialog('help')} />
      </div>
    </header>
  );
}
