/** The logo: a camera aperture as an eye, with six blades around a pupil. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg className={className} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <circle cx="16" cy="16" r="14.25" fill="none" stroke="currentColor" strokeWidth="1.75" />
      <g stroke="currentColor" strokeWidth="1.5" strokeLinecap="round">
        {[0, 60, 120, 180, 240, 300].map((turn) => (
          <path key={turn} d="M12 9.1H28.4" transform={`rotate(${turn} 16 16)`} />
        ))}
      </g>
      <circle cx="16" cy="16" r="4" fill="var(--accent)" />
    </svg>
  );
}

export function Wordmark() {
  return (
    <span className="wordmark">
      <Mark className="wordmark-mark" />
      <span className="wordmark-name">
        <strong>DINO</strong>scope
      </span>
    </span>
  );
}
