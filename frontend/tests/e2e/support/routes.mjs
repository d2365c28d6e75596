/** The table of pages as the dashboard itself has it, so that a new page is tested without being named anywhere. */
import { readFile } from "node:fs/promises";
import { transformWithEsbuild } from "vite";

const file = new URL("../../../src/app/routes.tsx", import.meta.url);

/** It imports nothing but types: without them it is a module that Node can read. Its loaders are never called. */
async function table() {
  const { code } = await transformWithEsbuild(await readFile(file, "utf8"), "routes.tsx");
  const { ROUTES, NAVIGATION } = await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
  return { ROUTES, NAVIGATION };
}

export const { ROUTES, NAVIGATION } = await table();

/** One real id for each parameter that a pattern names. A parameter without a row here fails: give it one. */
export async function realIds(headway) {
  const first = async (list) => (await headway.get(list)).items[0]?.id;
  return {
    trainingId: await first("/trainings"),
    jobId: await first("/jobs"),
    modelId: await first("/models"),
    datasetId: await first("/datasets"),
  };
}

/** An address for each page; with `ids` null, one whose ids nobody has. And one that is no page. */
export function addresses(ids) {
  const pages = ROUTES.map(({ pattern, title }) => {
    const path = pattern.replace(/:(\w+)/g, (_, name) => {
      if (ids === null) return "none_such";
      if (ids[name] === undefined) throw new Error(`tests/e2e/support/routes.mjs has no id for :${name} of ${pattern}`);
      return ids[name];
    });
    return { path, title };
  });
  return [...pages.filter(({ path }) => path !== "/"), { path: "/nowhere", title: "Not found" }];
}

/** The page is there with what it shows, and no longer says that it is loading. */
export async function settled(page) {
  await page.waitForSelector("[data-testid=connection][data-state=live]", { timeout: 60_000 });
  await page.waitForFunction(() => document.querySelector("main") !== null && document.querySelector("main [role=status][aria-label^=Loading]") === null, undefined, {
    timeout: 60_000,
  });
}

/** The system's theme changes under the page, which follows, at once: colours on their way between two themes are no theme's. */
export async function inTheme(page, colorScheme) {
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme);
  // Charts are drawn anew in the next frame.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
