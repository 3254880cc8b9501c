// Asks Google's own library for an access token, by the credentials that the environment names, and prints it.
import { GoogleAuth } from "google-auth-library";

const client = await new GoogleAuth({ scopes: "https://www.googleapis.com/auth/cloud-platform" }).getClient();
const { token } = await client.getAccessToken();
console.log(token);
