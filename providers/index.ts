import type { ProviderDefinition } from "auth/provider";

/** The built-in providers, in the order people are offered them. Each is read only when it is named. */
export const builtIn: Readonly<Record<string, () => Promise<{ default: ProviderDefinition }>>> = {
  github: () => import("./github.ts"),
  google: () => import("./google.ts"),
  sentry: () => import("./sentry.ts"),
  "sentry-app": () => import("./sentry-app.ts"),
  entra: () => import("./entra.ts"),
  "azure-devops": () => import("./azure-devops.ts"),
  appstoreconnect: () => import("./appstoreconnect.ts"),
  oidc: () => import("./oidc.ts"),
  mcp: () => import("./mcp.ts"),
  apikey: () => import("./apikey.ts"),
};
