// schema - what each resource of the AWS provider looks like, without the provider.
//
// The npm package @cdktf/provider-aws is generated from the provider's own schema: one class for
// each resource, in TypeScript of a fixed form. Each lib/NAME/index.js carries that text in its
// source map, and there each argument is written down with its type and with whether it is
// computed, optional or required. A schema is here
//
//   { attributes: { NAME: { type, computed, optional, required } },
//     blocks: { NAME: { nesting, min, max, block } } }
//
// with types as Terraform writes them: "string", ["list", "string"], ["object", {…}].
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { statement } from "./wafv2.mjs";

const PRIMITIVES = { string: "string", number: "number", boolean: "bool", any: "dynamic" };

export class ProviderSchema {
  constructor(folder) {
    this.library = join(folder, "lib");
  }

  provider() {
    return this.#read("provider");
  }

  resource(type) {
    return this.#read(type.replace(/^aws_/, "").replaceAll("_", "-"));
  }

  data(type) {
    return this.#read("data-" + type.replaceAll("_", "-"));
  }

  // undefined if the provider has none of that name.
  #read(name) {
    const file = join(this.library, name, "index.js");
    if (!existsSync(file)) return undefined;
    const form = /sourceMappingURL=data:application\/json;base64,([\w+/=]+)/;
    const [, map] = form.exec(readFileSync(file, "utf8"));
    return parse(JSON.parse(Buffer.from(map, "base64").toString()).sourcesContent[0]);
  }
}

function parse(source) {
  const classes = new Map();
  for (const found of source.matchAll(/^export class (\w+) extends cdktf\.(\w+)[\s\S]*?\n}\n?/gm))
    classes.set(found[1], { base: found[2], body: found[0] });
  const written = new Map();
  for (const found of source.matchAll(/^export function (\w+)ToHclTerraform\([\s\S]*?\n}\n/gm))
    written.set(found[1], settable(found[0]));

  const bases = ["TerraformResource", "TerraformDataSource", "TerraformProvider"];
  const { body } = [...classes.values()].find(({ base }) => bases.includes(base));
  const own = settable(body.slice(body.indexOf("synthesizeHclAttributes")));
  return blockOf({ classes, written }, body, own);
}

// What a configuration may set, by the function that writes it out.
function settable(text) {
  const members = ["value: (.*)", "isBlock: (\\w+)", 'type: "(\\w+)"', 'storageClassType: "(.+)"'];
  const lines = members.map((member) => `\n +${member},`).join("");
  const form = new RegExp(`^ +(\\w+): \\{${lines}`, "gm");
  const inputs = new Map();
  for (const [, name, value, isBlock, collection, storage] of text.matchAll(form))
    inputs.set(name, {
      isMany: /(?:list|hash)MapperHcl/.test(value),
      isBlock: isBlock === "true",
      collection,
      storage,
    });
  return inputs;
}

function blockOf(file, body, inputs) {
  const block = { attributes: {}, blocks: {} };
  const marks = [
    ...body.matchAll(/^ +\/\/ (\w+) - computed: (\w+), optional: (\w+), required: (\w+)/gm),
  ];
  marks.forEach((mark, at) => {
    const [name, ...words] = mark.slice(1);
    const [computed, optional, required] = words.map((word) => word === "true");
    const getter = body.slice(mark.index, marks[at + 1]?.index ?? body.length);
    const flags = { computed, optional, required };
    add(file, block, { name, flags, getter }, inputs.get(name));
  });
  return block;
}

function add(file, block, { name, flags, getter }, input) {
  if (!input) {
    block.attributes[name] = { type: computedType(file, getter), ...flags };
  } else if (input.storage === "any" && name === "statement") {
    block.blocks[name] = { nesting: "list", min: 0, max: 1, block: statement() };
  } else if (!input.isBlock) {
    block.attributes[name] = { type: plainType(input), ...flags };
  } else if (flags.computed) {
    const collection = input.collection === "set" ? "set" : "list";
    block.attributes[name] = { type: [collection, objectOf(nested(file, input))], ...flags };
  } else {
    block.blocks[name] = nestedBlock(file, input, flags);
  }
}

function nestedBlock(file, input, flags) {
  const nesting = input.collection === "struct" ? "single" : input.collection;
  const max = input.isMany || nesting === "single" ? 0 : 1;
  return { nesting, min: flags.required ? 1 : 0, max, block: nested(file, input) };
}

function nested(file, { storage }) {
  return blockOfClass(file, storage.replace(/(?:List|Map)$/, ""));
}

function blockOfClass({ classes, written }, name) {
  const inputs = written.get(name[0].toLowerCase() + name.slice(1)) ?? new Map();
  const reference = classes.get(name + "OutputReference");
  if (reference) return blockOf({ classes, written }, reference.body, inputs);
  const attributes = {}; // the provider's own blocks are not read back, so they have no class
  const flags = { computed: false, optional: true, required: false };
  for (const [key, input] of inputs)
    attributes[key] = { type: plainType(input), ...flags };
  return { attributes, blocks: {} };
}

// "stringListMap" is a map of lists of strings. Whether the outermost is a set stands beside it.
function plainType({ storage, collection }) {
  const form = /^(string|number|boolean|any)((?:List|Map)*)$/.exec(storage);
  if (!form) return "dynamic";
  const wrappers = form[2].match(/List|Map/g) ?? [];
  return wrappers.reduce((type, wrapper, at) => {
    const isOutermost = at === wrappers.length - 1;
    if (isOutermost && collection === "set") return ["set", type];
    return [wrapper.toLowerCase(), type];
  }, PRIMITIVES[form[1]]);
}

// An attribute that is never set shows its type only in how it is read.
function computedType(file, getter) {
  let form = /get(String|Number|Boolean)Attribute\(/.exec(getter);
  if (form) return PRIMITIVES[form[1].toLowerCase()];
  form = /(tolist\(this\.)?get(Number|Boolean)?ListAttribute\(/.exec(getter);
  if (form) return [form[1] ? "set" : "list", PRIMITIVES[(form[2] ?? "string").toLowerCase()]];
  form = /get(String|Number|Boolean|Any)MapAttribute\(/.exec(getter);
  if (form) return ["map", PRIMITIVES[form[1].toLowerCase()]];
  form = /= new (\w+?)(List|Map|OutputReference)\(this, "\w+"(?:, (true|false))?/.exec(getter);
  if (!form || !file.classes.has(form[1] + "OutputReference")) return "dynamic";
  const element = objectOf(blockOfClass(file, form[1]));
  if (form[2] === "OutputReference") return element;
  if (form[2] === "Map") return ["map", element];
  return [form[3] === "true" ? "set" : "list", element];
}

function objectOf(block) {
  const members = {};
  for (const [name, attribute] of Object.entries(block.attributes)) members[name] = attribute.type;
  for (const [name, { nesting, block: inner }] of Object.entries(block.blocks))
    members[name] = nesting === "single" ? objectOf(inner) : [nesting, objectOf(inner)];
  return ["object", members];
}
