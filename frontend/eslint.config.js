import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

// app → features → components, stores, hooks, lib. A feature never imports another; stores and lib know no React.
// progress-history is not in this list: it is a panel that the pages of others show.
const features = ["operations", "jobs", "notifications", "trainings", "system-monitor", "models", "datasets", "settings", "compare"];

const forbid = (...patterns) => ({
  "no-restricted-imports": ["error", { patterns: patterns.map(([group, message]) => ({ group, message })) }],
});

export default tseslint.config(
  { ignores: ["dist", "node_modules"] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    files: ["src/**/*.{ts,tsx}", "tests/**/*.{ts,tsx}"],
    plugins: { "react-hooks": reactHooks },
    rules: {
      ...reactHooks.configs.recommended.rules,
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "react-hooks/exhaustive-deps": "error",
      eqeqeq: ["error", "always"],
    },
  },
  ...features.map((name) => ({
    files: [`src/features/${name}/**/*.{ts,tsx}`],
    rules: forbid(
      [["@/app/*"], "A feature does not import the app."],
      [features.filter((other) => other !== name).map((other) => `@/features/${other}/*`), "Features never import each other."],
      [["../*"], "Leave the folder by its @/ name."],
    ),
  })),
  {
    files: ["src/components/**/*.{ts,tsx}"],
    rules: forbid([["@/app/*", "@/features/*", "@/stores/*"], "Components are given what they render."]),
  },
  {
    files: ["src/hooks/**/*.{ts,tsx}"],
    rules: forbid([["@/app/*", "@/features/*", "@/components/*"], "Hooks know stores and lib only."]),
  },
  {
    files: ["src/stores/**/*.{ts,tsx}"],
    rules: forbid(
      [["@/app/*", "@/features/*", "@/components/*", "@/hooks/*"], "Stores know lib only."],
      [["react", "react-dom"], "Stores know no React."],
    ),
  },
  {
    files: ["src/lib/**/*.{ts,tsx}"],
    rules: forbid([["@/app/*", "@/features/*", "@/components/*", "@/hooks/*", "@/stores/*"], "lib stands alone."]),
  },
  {
    files: ["**/*.{js,mjs}"],
    languageOptions: {
      globals: Object.fromEntries(
        ["process", "console", "URL", "Buffer", "fetch", "setTimeout", "clearTimeout", "setInterval", "clearInterval", "document", "window", "AbortSignal", "AbortController", "localStorage", "matchMedia", "requestAnimationFrame", "MutationObserver", "getComputedStyle", "Event", "performance", "PerformanceObserver", "CSS"].map((name) => [name, "readonly"]),
      ),
    },
  },
);
