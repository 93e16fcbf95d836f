import { RotateCw, TriangleAlert } from 'lucide-react';
import { Component, type ReactNode } from 'react';
import { describeFailure, failureOf } from '../../core/failure.ts';
import { IconButton } from '../kit/icon-button.tsx';
import './messages.css';

interface DrawingBoundaryProps {
  /** Called before the part is rendered again. It should restore a state that has been rendered without an error. */
  readonly onRetry: () => void;
  readonly children: ReactNode;
}

/**
 * An error boundary: an error while a part of the page is rendered removes only that part. Without it React would remove the whole
 * page, with the photographs. React has error boundaries only as classes.
 */
export class DrawingBoundary extends Component<DrawingBoundaryProps, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    const failure = failureOf(error);
    // Not a bug: the script of this part could not be loaded. Browsers do not fetch it again until the page is reloaded.
    if (failure !== null)
      return (
        <main id="content" tabIndex={-1} className="message" data-tone="warning" role="alert">
          <TriangleAlert aria-hidden="true" />
          <p>{describeFailure(failure)}</p>
          <IconButton icon={RotateCw} label="Reload the page" withText onClick={() => location.reload()} />
        </main>
      );
    return (
      <main id="content" tabIndex={-1} className="message" data-tone="warning" role="alert">
        <TriangleAlert aria-hidden="true" />
        <p>This part of the page could not be drawn ({error.message}). Your photographs are still here.</p>
        <IconButton
          icon={RotateCw}
          label="Draw it again"
          withText
          onClick={() => {
            this.props.onRetry();
            this.setState({ error: null });
          }}
        />
      </main>
    );
  }
}
