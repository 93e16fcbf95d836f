import { useApp } from '../services.tsx';

/** What a live region tells screen readers. Words that are said again are a new element: a text that does not change is not heard. */
export function Announcement() {
  const { text, count } = useApp((state) => state.announcement);
  return <span key={count}>{text}</span>;
}
