import type { ReactNode } from "react";
import type { IconName } from "@/components/Icon";
import { ProgressComparisonView } from "@/features/compare/ProgressComparisonView";
import { DatasetsPage } from "@/features/datasets/DatasetsPage";
import { ModelsPage } from "@/features/models/ModelsPage";
import { OperationsDashboard } from "@/features/operations/OperationsDashboard";
import { SettingsPage } from "@/features/settings/SettingsPage";
import { SystemMonitor } from "@/features/system-monitor/SystemMonitor";
import { TrainingDetail } from "@/features/trainings/TrainingDetail";
import { TrainingsPage } from "@/features/trainings/TrainingsPage";
import { matchPath } from "@/lib/router";

export interface Page {
  title: string;
  /** The entry of the navigation that it belongs to. */
  section: string;
  content: ReactNode;
}

export const NAVIGATION: { href: string; word: string; short: string; icon: IconName }[] = [
  { href: "/operations", word: "Operations", short: "Jobs", icon: "operations" },
  { href: "/trainings", word: "Trainings", short: "Trainings", icon: "trainings" },
  { href: "/models", word: "Models", short: "Models", icon: "models" },
  { href: "/datasets", word: "Datasets", short: "Data", icon: "datasets" },
  { href: "/system", word: "System Monitor", short: "System", icon: "system" },
  { href: "/settings", word: "Settings", short: "Settings", icon: "settings" },
];

const PAGES: { pattern: string; title: string; section: string; render: (params: Record<string, string>) => ReactNode }[] = [
  { pattern: "/", title: "Operations", section: "/operations", render: () => <OperationsDashboard /> },
  { pattern: "/operations", title: "Operations", section: "/operations", render: () => <OperationsDashboard /> },
  { pattern: "/trainings", title: "Trainings", section: "/trainings", render: () => <TrainingsPage /> },
  {
    pattern: "/trainings/:id",
    title: "Training",
    section: "/trainings",
    render: ({ id = "" }) => <TrainingDetail key={id} trainingId={id} />,
  },
  { pattern: "/compare", title: "Compare", section: "/trainings", render: () => <ProgressComparisonView /> },
  { pattern: "/models", title: "Models", section: "/models", render: () => <ModelsPage /> },
  { pattern: "/datasets", title: "Datasets", section: "/datasets", render: () => <DatasetsPage /> },
  { pattern: "/system", title: "System Monitor", section: "/system", render: () => <SystemMonitor /> },
  { pattern: "/settings", title: "Settings", section: "/settings", render: () => <SettingsPage /> },
];

export function pageAt(path: string): Page | null {
  for (const page of PAGES) {
    const params = matchPath(page.pattern, path);
    if (params !== null) return { title: page.title, section: page.section, content: page.render(params) };
  }
  return null;
}
