import { describe, expect, it } from "vitest";
import { appliesTo, FIELD_NAMES, GROUPS, hookOptions, RequestKey, requestBody, shown, TEMPLATES, valuesOf, withTemplate } from "@/lib/trainingForm";
import type { Extraction } from "@/lib/types/model";

const EXTRACTION = { id: "ext_1", width: 768, hooks: ["residual", "mlp", "other"] } as Extraction;
const field = (name: string) => {
  const found = GROUPS.flatMap(({ fields }) => fields).find((each) => each.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};

describe("the request of the form", () => {
  it("has what was typed as numbers and lists, and leaves out what wasn't", () => {
    expect(requestBody("ext_1", " mine ", { n_features: "2,048", learning_rate: "1e-4", layers: "0, 2", batch_size: " ", k: "" })).toEqual({
      extraction_id: "ext_1",
      name: "mine",
      n_features: 2048,
      learning_rate: 0.0001,
      layers: [0, 2],
    });
  });

  it("leaves it to the server to say what is wrong", () => {
    expect(requestBody("x", "", { n_features: "many", layers: "0 two", total_steps: "1.5", seed: "1,5" })).toEqual({
      extraction_id: "x",
      n_features: "many",
      layers: [0, "two"],
      total_steps: 1.5,
      seed: "1,5",
    });
  });

  it("has only what the architecture knows", () => {
    expect(requestBody("x", "", { k: "8", l1_coefficient: "2" })).toEqual({ extraction_id: "x", k: 8 });
    expect(requestBody("x", "", { architecture: "standard", k: "8", l1_coefficient: "2" })).toEqual({ extraction_id: "x", architecture: "standard", l1_coefficient: 2 });
    expect(appliesTo(field("k"), {})).toBe(true);
    expect(appliesTo(field("k"), { architecture: "standard" })).toBe(false);
  });

  it("explains every field in a sentence", () => {
    for (const name of FIELD_NAMES) expect(field(name).about).toMatch(/^[A-Z0-9].*\.$/);
    expect(new Set(FIELD_NAMES).size).toBe(FIELD_NAMES.length);
  });
});

describe("what a form begins with", () => {
  const template = (key: string) => {
    const found = TEMPLATES.find((each) => each.key === key);
    if (found === undefined) throw new Error(key);
    return found;
  };

  it("is a template, which leaves what it isn't about", () => {
    const long = withTemplate({ learning_rate: "0.01", n_features: "7" }, template("long"), EXTRACTION);
    expect(long).toMatchObject({ learning_rate: "0.01", n_features: "6144", total_steps: "20000" });
    expect(withTemplate(long, template("normal"), EXTRACTION)).toEqual({ learning_rate: "0.01" });
    expect(withTemplate({ n_features: "7" }, template("long"), undefined)["n_features"]).toBeUndefined();
    expect(withTemplate({}, template("quick"), EXTRACTION)["total_steps"]).toBe("300");
  });

  it("is another training's parameters, as they would be typed", () => {
    expect(valuesOf({ layers: [0, 2], k: 16, architecture: "topk", seed: null, extraction_id: "ext_1", unknown: 3 })).toEqual({ layers: "0, 2", k: "16", architecture: "topk" });
    expect(valuesOf(null)).toEqual({});
  });

  it("offers the activations that the extraction has", () => {
    expect(hookOptions(EXTRACTION).map(({ value }) => value)).toEqual(["residual", "mlp", "other"]);
    expect(hookOptions(EXTRACTION)[2]?.word).toBe("other");
    expect(hookOptions(undefined)).toEqual([]);
  });

  it("shows values as they are typed", () => {
    expect([shown([1, 2]), shown(0.001), shown(null), shown(undefined), shown({}), shown("topk")]).toEqual(["1, 2", "0.001", "", "", "", "topk"]);
  });
});

describe("the key of a request", () => {
  it("stays while the same is sent again, and is another for something else", () => {
    const keys = new RequestKey();
    const first = keys.of({ a: 1 });
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(keys.of({ a: 1 })).toBe(first);
    expect(keys.of({ a: 2 })).not.toBe(first);
    expect(new RequestKey().of({ a: 1 })).not.toBe(first);
  });
});
