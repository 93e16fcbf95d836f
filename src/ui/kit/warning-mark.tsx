import { TriangleAlert } from 'lucide-react';
import './warning-mark.css';

/** The icon before a warning, as high as its line. */
export const WarningMark = () => <TriangleAlert className="warning-mark" aria-hidden="true" />;
