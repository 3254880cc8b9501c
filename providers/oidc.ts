import { defineProvider } from "auth/provider";

/** Any issuer that publishes discovery metadata: `auth login https://issuer.example/realms/main`. */
export default defineProvider({
  id: "oidc",
  title: "OpenID Connect",
  docs: "https://openid.net/specs/openid-connect-discovery-1_0.html",
  settings: {
    issuer: { title: "The issuer's URL", kind: "url", required: true },
  },
  issuer: "{issuer}",
  client: {
    notes: [
      "Create a public (native) client that may use the authorization code, device code and refresh token grants.",
    ],
  },
  // Without it an issuer may leave out the refresh token (OpenID Connect Core §11).
  authorize: { parameters: { prompt: "consent" } },
  scopes: { default: ["openid", "profile", "email"], offline: "offline_access" },
  // Issuers that rotate often end the whole grant when an old refresh token comes back; none has to say so.
  refresh: { rotation: "family" },
  flows: [{ flow: "browser", when: "browser" }, "device"],
});
