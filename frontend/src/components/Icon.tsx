/** A small set of 16-pixel line icons. They never stand alone: a word or an aria-label is beside each. */
const PATHS = {
  operations: "M2 4h8M2 8h12M2 12h5",
  trainings: "M2 2.5v11h11.5M4.5 10l3-3.5 2.2 2L13.5 4",
  compare: "M2 12.5c3.2 0 3.4-7 6.2-7 2.2 0 2.600 3 5.800 3M2 8.500c2.600 0 3.200 4 5.600 4 3 0 3-6.500 6.400-9",
  models: "M8 1.8 13.5 5v6L8 14.2 2.5 11V5L8 1.8zM2.7 5.1 8 8.2l5.3-3.1M8 8.2v5.8",
  datasets: "M2.5 4c0-1.1 2.5-2 5.5-2s5.5.9 5.5 2-2.5 2-5.5 2-5.5-.9-5.5-2zM2.5 4v8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2V4M2.5 8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2",
  system: "M4 4h8v8H4zM6.5 1.5V4M9.5 1.5V4M6.5 12v2.5M9.5 12v2.5M1.5 6.5H4M1.5 9.5H4M12 6.5h2.5M12 9.5h2.5",
  settings: "M2 4.5h7M12.5 4.5H14M2 11.5h2M7.5 11.5H14M10.7 2.8a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4zM5.7 9.8a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4z",
  sun: "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9",
  moon: "M13.5 9.3A5.8 5.8 0 0 1 6.7 2.5a5.8 5.8 0 1 0 6.8 6.8z",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3l3.5 3.5",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  retry: "M13 8a5 5 0 1 1-1.5-3.550M13 2v3h-3",
  check: "M3 8.5l3.3 3.3L13 4.8",
  alert: "M8 2l6.3 11.2H1.7L8 2zM8 6.5v3.2M8 11.6v.1",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.2v9.6L12.5 8 5 3.2z",
  stop: "M4 4h8v8H4z",
  clock: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 4.8V8l2.3 1.4",
  more: "M2.4 8a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0zM7.2 8a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0zM12 8a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0z",
  help: "M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6M8 12v.1",
  back: "M9.5 3.5L5 8l4.5 4.5",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  up: "M3.5 10 8 5.5 12.5 10",
  down: "M3.5 6 8 10.5 12.5 6",
  bell: "M4 11V7.2a4 4 0 0 1 8 0V11l1.2 1.5H2.8L4 11zM6.7 14.2h2.600",
  download: "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13.5h10",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16, className = "" }: { name: IconName; size?: number; className?: string }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className={`shrink-0 ${className}`}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
