import { RotateCw, TriangleAlert } from 'lucide-react';
import { Component, type ReactNode } from 'react';
import { describeFailure, failureOf } from '../../core/failure.ts';
import { IconButton } from '../kit/icon-button.tsx';
import './messages.css';

interface DrawingBoundaryProps {
  /** Called before the part is drawn again: back to a state that has been drawn before. */
  readonly onRetry: () => void;
  readonly children: ReactNode;
}

/**
 * A bug while a part of the page is drawn takes away that part and not the page: React would remove everything, and with
 * it the photographs. React knows such a boundary only as a class.
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
    // No bug: the part's script is not there. Browsers do not fetch it again before the page is loaded anew.
    if (failure !== null)
      return (
        <main id="content" className="message" data-tone="warning" role="alert">
          <TriangleAlert aria-hidden="true" />
          <p>{describeFailure(failure)}</p>
          <IconButton icon={RotateCw} label="Reload the page" withText onClick={() => location.reload()} />
        </main>
      );
    return (
      <main id="content" className="message" data-tone="warning" role="alert">
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
