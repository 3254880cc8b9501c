// Asks Azure's own library for a token of a resource, as its DefaultAzureCredential does, and prints it as JSON.
import { AzureCliCredential } from "@azure/identity";

console.log(JSON.stringify(await new AzureCliCredential().getToken("https://vault.azure.net/.default")));
