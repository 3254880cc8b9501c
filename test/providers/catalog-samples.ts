/** What a connection must say at least, for each manifest of the catalogue that has a required setting. */
export const SAMPLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  auth0: { domain: "example.auth0.com" },
  cognito: { domain: "example.auth.eu-west-1.amazoncognito.com" },
  databricks: { host: "dbc-0a1b2c3d-4e5f.cloud.databricks.com" },
  dockerhub: { username: "moby" },
  grafana: { host: "example.grafana.net" },
  intercom: { redirectUri: "https://app.example/callback" },
  keycloak: { host: "sso.example.org" },
  okta: { domain: "example.okta.com" },
  planetscale: { tokenId: "abcdef123456" },
  scaleway: { accessKey: "SCWXXXXXXXXXXXXXXXXX" },
  shopify: { shop: "example-shop", redirectUri: "https://app.example/callback" },
  slack: { redirectUri: "https://app.example/callback" },
  trello: { apiKey: "0123456789abcdef0123456789abcdef" },
  twilio: { accountSid: `AC${"0123456789abcdef".repeat(2)}` },
  zendesk: { subdomain: "example" },
};
