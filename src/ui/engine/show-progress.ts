/** Time between two values that are shown. Each costs the page a frame, and most looks end sooner. */
const intervalMs = 100;

export interface ProgressShown<Progress> {
  note(progress: Progress): void;
  /** Nothing is shown any more. */
  end(): void;
}

/** @param show is called with the latest value every 100 ms at most, and for the first time after as long */
export function showProgress<Progress>(show: (progress: Progress) => void): ProgressShown<Progress> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let hasEnded = false;
  let latest: Progress;
  return {
    note(progress) {
      latest = progress;
      if (hasEnded) return;
      timer ??= setTimeout(() => {
        timer = null;
        show(latest);
      }, intervalMs);
    },
    end() {
      hasEnded = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
