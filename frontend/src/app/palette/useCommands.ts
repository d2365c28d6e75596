/** What is known to choose from; lists that no page has read yet are read when the palette opens. */
import { useEffect, useMemo } from "react";
import { useDatasets, useModels, useOperations, useTrainings } from "@/hooks/useStores";
import { datasetsStore } from "@/stores/datasetsStore";
import { modelsStore } from "@/stores/modelsStore";
import { trainingsStore } from "@/stores/trainingsStore";
import { NAVIGATION } from "../routes";
import { commandsFor, type Command } from "./commands";

export function useCommands(selected: string | null): { commands: Command[]; error: string | null } {
  const operations = useOperations((state) => state.operations);
  const activeOperations = useOperations((state) => state.activeOperations);
  const trainings = useTrainings((state) => state.trainings);
  const models = useModels((state) => state.models);
  const datasets = useDatasets((state) => state.datasets);
  const trainingsError = useTrainings((state) => state.error);
  const modelsError = useModels((state) => state.error);
  const datasetsError = useDatasets((state) => state.error);

  useEffect(() => {
    void trainingsStore.getState().fetchTrainings();
    void modelsStore.getState().fetchModels();
    void datasetsStore.getState().fetchDatasets();
  }, []);

  const commands = useMemo(
    () => commandsFor({ navigation: NAVIGATION, operations, activeOperations, trainings: Object.values(trainings), models, datasets, selected }),
    [operations, activeOperations, trainings, models, datasets, selected],
  );
  return { commands, error: trainingsError ?? modelsError ?? datasetsError };
}
