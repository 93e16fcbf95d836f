import { useMemo } from 'react';
import { useRecognise } from '../services.tsx';
import { classColours } from './class-colours.ts';

const none: readonly string[] = [];

export function useClassColours(): (className: string | null) => string {
  const classNames = useRecognise((state) => state.open?.classNames ?? none);
  return useMemo(() => classColours(classNames), [classNames]);
}

/** The class's colour as a dot; the name is always beside it. */
export function ClassMark({ className }: { readonly className: string | null }) {
  const colourOf = useClassColours();
  return <span className="class-mark" style={{ background: colourOf(className) }} aria-hidden="true" />;
}
