/**
 * The pages, by address, and the navigation. Only data and loaders stand here, and nothing is imported but types: the tests in the
 * browser read this table too, so that they go over every page there is.
 */
import type { ComponentType } from "react";
import type { IconName } from "@/components/Icon";

/** The parameters that a pattern names: "/trainings/:trainingId" gives { trainingId }, which become the page's props. */
type Params<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? Record<Name, string> & Params<Rest>
  : P extends `${string}:${infer Name}`
    ? Record<Name, string>
    : Record<never, string>;

export type PageComponent = ComponentType<Record<string, string>>;

export interface Route {
  pattern: string;
  title: string;
  /** The entry of the navigation that it belongs to. */
  section: string;
  /** Fetches the page's code: what a page needs is not part of the first load. */
  load: () => Promise<PageComponent>;
}

function page<const P extends string>(pattern: P, title: string, section: string, load: () => Promise<ComponentType<Params<P>>>): Route {
  // matchPath() gives what the pattern names, which is what the type of `load` has checked.
  return { pattern, title, section, load: load as () => Promise<PageComponent> };
}

const operations = async () => (await import("@/features/operations/OperationsDashboard")).OperationsDashboard;

export const ROUTES: Route[] = [
  page("/", "Operations", "/operations", operations),
  page("/operations", "Operations", "/operations", operations),
  page("/jobs/:jobId", "Job", "/operations", async () => (await import("@/features/jobs/JobPage")).JobPage),
  page("/trainings", "Trainings", "/trainings", async () => (await import("@/features/trainings/TrainingsPage")).TrainingsPage),
  page("/trainings/:trainingId", "Training", "/trainings", async () => (await import("@/features/trainings/TrainingDetail")).TrainingDetail),
  page("/compare", "Compare", "/compare", async () => (await import("@/features/compare/ProgressComparisonView")).ProgressComparisonView),
  page("/models", "Models", "/models", async () => (await import("@/features/models/ModelsPage")).ModelsPage),
  page("/models/:modelId", "Model", "/models", async () => (await import("@/features/models/ModelPage")).ModelPage),
  page("/datasets", "Datasets", "/datasets", async () => (await import("@/features/datasets/DatasetsPage")).DatasetsPage),
  page("/datasets/:datasetId", "Dataset", "/datasets", async () => (await import("@/features/datasets/DatasetPage")).DatasetPage),
  page("/system", "System Monitor", "/system", async () => (await import("@/features/system-monitor/SystemMonitor")).SystemMonitor),
  page("/settings", "Settings", "/settings", async () => (await import("@/features/settings/SettingsPage")).SettingsPage),
];

export interface Entry {
  href: string;
  word: string;
  /** Where there is room for a short word only. */
  short: string;
  icon: IconName;
  /** "g" and this key go there. */
  key: string;
  /** A phone's bar has room for few: the others are behind "More". */
  more?: boolean;
}

export const NAVIGATION: Entry[] = [
  { href: "/operations", word: "Operations", short: "Jobs", icon: "operations", key: "o" },
  { href: "/trainings", word: "Trainings", short: "Trainings", icon: "trainings", key: "t" },
  { href: "/compare", word: "Compare", short: "Compare", icon: "compare", key: "c", more: true },
  { href: "/models", word: "Models", short: "Models", icon: "models", key: "m", more: true },
  { href: "/datasets", word: "Datasets", short: "Datasets", icon: "datasets", key: "d", more: true },
  { href: "/system", word: "System Monitor", short: "System", icon: "system", key: "s" },
  { href: "/settings", word: "Settings", short: "Settings", icon: "settings", key: "e", more: true },
];
