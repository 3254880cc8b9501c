/**
 * The worker in which a module's code is evaluated, a new one for each call, so that the module keeps no state. It limits
 * time, but is no sandbox: the code runs as the user (docs/plugins.md).
 */
import type { Answer, Question } from "./module.ts";

declare const self: Worker;

self.onmessage = async ({ data }: MessageEvent<Question>): Promise<void> => {
  postMessage(await answer(data).catch(thrown));
};

/** The module's import name: not a path, so that no file can replace it. */
const NAME = "auth-plugin:module";

async function answer({ code, call }: Question): Promise<Answer> {
  Bun.plugin({
    name: "auth",
    setup: (build) => {
      build.module("auth/provider", () => ({ exports: { defineProvider: (it: unknown) => it }, loader: "object" }));
      // The bytes that were hashed are the bytes that run: nothing is loaded by its path.
      build.module(NAME, () => ({ contents: code, loader: "js" }));
    },
  });
  const module = (await import(NAME)) as { default?: unknown };
  const definition = module.default;
  if (typeof definition !== "object" || definition === null) return { fault: "has no description as default export" };
  return call === null ? described(definition) : called(definition, call);
}

function described(definition: object): Answer {
  const { functions, ...data } = definition as { functions?: unknown };
  const isGroup = typeof functions === "object" && functions !== null;
  if (functions !== undefined && !isGroup)
    return { fault: "has something else than a group of functions as 'functions'" };
  const names = Object.keys(functions ?? {});
  for (const name of names)
    if (typeof (functions as Record<string, unknown>)[name] !== "function")
      return { fault: `has something else than a function as 'functions.${name}'` };
  return { json: asJson(data), functions: names };
}

function called(definition: object, { name, argument }: NonNullable<Question["call"]>): Answer {
  const { functions = {} } = definition as { functions?: Record<string, (data: unknown) => unknown> };
  const result = functions[name]?.(JSON.parse(argument));
  if (typeof (result as { then?: unknown } | null | undefined)?.then === "function")
    return { fault: "returns a promise: functions are pure, and answer at once" };
  return { json: asJson(result), functions: [] };
}

/** Only data leaves the worker, and nothing that JSON would silently drop. */
function asJson(value: unknown): string {
  const text = JSON.stringify(value, (key, inner) => {
    if (typeof inner === "function" || typeof inner === "symbol" || typeof inner === "bigint")
      throw new TypeError(`'${key}' is a ${typeof inner}: only data is allowed there`);
    return inner;
  });
  return text ?? "null";
}

function thrown(error: unknown): Answer {
  const { message } = error as { message?: unknown };
  return { fault: `throws: ${typeof message === "string" && message !== "" ? message : String(error)}` };
}
