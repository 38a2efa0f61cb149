// provider.mjs PACKAGES FOLDER SOCKET - stands in for the AWS provider, as far as it has a schema.
//
// Terraform connects to a provider that runs already if TF_REATTACH_PROVIDERS says where; this
// prints what to put there, and ends when its input does. It knows the resources that the
// configurations below FOLDER name. PACKAGES is where npm put the packages of package.json.
//
// It answers no plan: `terraform validate` asks for none, and `terraform test` mocks the provider.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ProviderSchema } from "./schema.mjs";

const [packages, folder, socket] = process.argv.slice(2);
const require = createRequire(join(packages, "package.json"));
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const NESTING = { single: 1, list: 2, set: 3, map: 4 };

function wireBlock({ attributes, blocks }) {
  return {
    attributes: Object.entries(attributes).map(([name, { type, ...flags }]) => ({
      name,
      type: Buffer.from(JSON.stringify(type)),
      ...flags,
    })),
    block_types: Object.entries(blocks).map(([type_name, { nesting, min, max, block }]) => ({
      type_name,
      nesting: NESTING[nesting],
      min_items: min,
      max_items: max,
      block: wireBlock(block),
    })),
  };
}

const wire = (block) => ({ version: 0, block: wireBlock(block) });

function configurations(below) {
  return readdirSync(below, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".")) return [];
    const path = join(below, entry.name);
    if (entry.isDirectory()) return configurations(path);
    return /\.(?:tf|tftest\.hcl|tfmock\.hcl)$/.test(entry.name) ? [readFileSync(path, "utf8")] : [];
  });
}

// Those of the types named as `kind` that the provider has. Terraform refuses the others.
function named(texts, kind, schemaOf) {
  const form = new RegExp(`^\\s*(?:mock_|override_)?${kind}\\s+"(aws_\\w+)"`, "gm");
  const types = new Set(texts.flatMap((text) => [...text.matchAll(form)].map((found) => found[1])));
  const known = [...types].map((type) => [type, schemaOf(type)]).filter(([, schema]) => schema);
  return Object.fromEntries(known.map(([type, schema]) => [type, wire(schema)]));
}

const schema = new ProviderSchema(join(packages, "node_modules/@cdktf/provider-aws"));
const texts = configurations(folder);
const everything = {
  provider: wire(schema.provider()),
  resource_schemas: named(texts, "resource", (type) => schema.resource(type)),
  data_source_schemas: named(texts, "data", (type) => schema.data(type)),
  server_capabilities: {},
};

const proto = fileURLToPath(new URL("provider.proto", import.meta.url));
const protocol = grpc.loadPackageDefinition(loader.loadSync(proto, { keepCase: true })).tfplugin5;
const nothingWrong = (_, answer) => answer(null, {});
const server = new grpc.Server({ "grpc.max_send_message_length": -1 });
server.addService(protocol.Provider.service, {
  GetSchema: (_, answer) => answer(null, everything),
  PrepareProviderConfig: ({ request }, answer) => answer(null, { prepared_config: request.config }),
  ValidateResourceTypeConfig: nothingWrong,
  ValidateDataSourceConfig: nothingWrong,
  Configure: nothingWrong,
  Stop: nothingWrong,
});

server.bindAsync("unix:" + socket, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  const reattach = {
    Protocol: "grpc",
    ProtocolVersion: 5,
    Pid: process.pid,
    Test: true,
    Addr: { Network: "unix", String: socket },
  };
  console.log(JSON.stringify({ "hashicorp/aws": reattach }));
  process.stdin.on("end", () => server.forceShutdown()).resume();
});
