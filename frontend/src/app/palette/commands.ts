/** What the command palette can do, as data: pages, what is to be found by name, and what can be asked of a job. */
import type { IconName } from "@/components/Icon";
import { canCancel, canFinishEarly, canPause, canResume, kindWord, operationHref, operationTitle, statusWord } from "@/lib/jobWords";
import type { ThemeChoice } from "@/lib/theme";
import type { Control, Operation } from "@/lib/types/job";
import type { Entry } from "../routes";

export type Effect =
  | { go: string }
  | { control: Control; jobId: string }
  | { theme: ThemeChoice }
  | { help: true };

export interface Command {
  id: string;
  group: Group;
  title: string;
  /** What it is, quieter. */
  detail: string;
  /** Found by this too: an id, the key that does the same. */
  beside: string;
  icon: IconName;
  effect: Effect;
  /** Asked once more before it is done: it can't be taken back. */
  confirm?: string;
  keys?: string;
}

export type Group = "This job" | "Jobs" | "Trainings" | "Models" | "Datasets" | "Go to" | "Do";

interface Named {
  id: string;
  name?: string | null;
  status?: string;
}

export interface Known {
  navigation: Entry[];
  operations: Record<string, Operation>;
  activeOperations: Operation[];
  trainings: Named[];
  models: Named[];
  datasets: Named[];
  /** The job whose card or page the palette was opened on. */
  selected: string | null;
}

/** The job that an action means without saying: the selected one, or the only one that runs. */
export function jobAtHand(known: Pick<Known, "operations" | "activeOperations" | "selected">): Operation | null {
  const selected = known.selected === null ? undefined : known.operations[known.selected];
  if (selected !== undefined) return selected;
  const running = known.activeOperations.filter((job) => job.status !== "queued");
  return running.length === 1 ? (running[0] ?? null) : null;
}

function controls(job: Operation): { action: Control; word: string; icon: IconName; confirm?: string }[] {
  const title = operationTitle(job);
  return [
    ...(canPause(job) ? [{ action: "pause" as const, word: "Pause", icon: "pause" as const }] : []),
    ...(canResume(job) ? [{ action: "resume" as const, word: "Resume", icon: "play" as const }] : []),
    ...(canFinishEarly(job) ? [{ action: "stop" as const, word: "Finish early", icon: "check" as const, confirm: `Finish ${title} with the result it has?` }] : []),
    ...(canCancel(job.status) ? [{ action: "cancel" as const, word: "Cancel", icon: "close" as const, confirm: `Cancel ${title}?` }] : []),
  ];
}

function controlCommands(job: Operation, atHand: boolean): Command[] {
  return controls(job).map(({ action, word, icon, confirm }) => ({
    id: `${action}:${job.id}`,
    group: atHand ? "This job" : "Jobs",
    title: `${word} ${operationTitle(job)}`,
    detail: statusWord(job.status),
    beside: `${kindWord(job.kind)} ${job.id}`,
    icon,
    effect: { control: action, jobId: job.id },
    ...(confirm === undefined ? {} : { confirm }),
  }));
}

const THEMES: { choice: ThemeChoice; word: string; icon: IconName }[] = [
  { choice: "light", word: "Light theme", icon: "sun" },
  { choice: "dark", word: "Dark theme", icon: "moon" },
  { choice: "system", word: "Theme as the system", icon: "system" },
];

export function commandsFor(known: Known): Command[] {
  const atHand = jobAtHand(known);
  const jobs = Object.values(known.operations);
  const ofTraining = new Set(known.trainings.map(({ id }) => id));
  const named = (group: Group, icon: IconName, items: Named[], href: (item: Named) => string): Command[] =>
    items.map((item) => ({
      id: `${group}:${item.id}`,
      group,
      title: item.name ?? item.id,
      detail: item.status === undefined ? "" : statusWord(item.status),
      beside: item.id,
      icon,
      effect: { go: href(item) },
    }));
  return [
    ...(atHand === null ? [] : controlCommands(atHand, true)),
    ...known.activeOperations.filter((job) => job.id !== atHand?.id).flatMap((job) => controlCommands(job, false)),
    ...jobs
      // A training is listed once, by its own name.
      .filter((job) => job.entity_type !== "training" || job.entity_id === null || !ofTraining.has(job.entity_id))
      .map(
        (job): Command => ({
          id: `Jobs:${job.id}`,
          group: "Jobs",
          title: operationTitle(job),
          detail: `${kindWord(job.kind)} · ${statusWord(job.status)}`,
          beside: `${kindWord(job.kind)} ${job.id}`,
          icon: "operations",
          effect: { go: operationHref(job) },
        }),
      ),
    ...named("Trainings", "trainings", known.trainings, ({ id }) => `/trainings/${encodeURIComponent(id)}`),
    ...named("Models", "models", known.models, ({ id }) => `/models/${encodeURIComponent(id)}`),
    ...named("Datasets", "datasets", known.datasets, ({ id }) => `/datasets/${encodeURIComponent(id)}`),
    ...known.navigation.map(
      ({ href, word, icon, key }): Command => ({
        id: `page:${href}`,
        group: "Go to",
        title: word,
        detail: "",
        beside: href,
        icon,
        effect: { go: href },
        keys: `g ${key}`,
      }),
    ),
    ...THEMES.map(({ choice, word, icon }): Command => ({ id: `theme:${choice}`, group: "Do", title: word, detail: "", beside: "appearance", icon, effect: { theme: choice } })),
    { id: "help", group: "Do", title: "Keyboard help", detail: "", beside: "shortcuts keys", icon: "help", effect: { help: true }, keys: "?" },
  ];
}
