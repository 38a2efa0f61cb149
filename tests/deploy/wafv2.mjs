// wafv2 - the statement of a firewall's rule. It may hold statements again, and the package that
// schema.mjs reads has no type for that. The parts in use, to a depth that is enough.

const optional = (type) => ({ type, computed: false, optional: true, required: false });
const required = (type) => ({ type, computed: false, optional: false, required: true });
const block = (attributes = {}, blocks = {}) => ({ attributes, blocks });
const one = (inner, min = 0) => ({ nesting: "list", min, max: 1, block: inner });
const many = (nesting, min, inner) => ({ nesting, min, max: 0, block: inner });

const empty = () => one(block());

const transformation = block({ priority: required("number"), type: required("string") });
const matched = {
  field_to_match: one(
    block({}, {
      uri_path: empty(),
      method: empty(),
      query_string: empty(),
      single_header: one(block({ name: required("string") })),
    }),
  ),
  text_transformation: many("set", 1, transformation),
};

const action = one(block({}, { allow: empty(), block: empty(), count: empty() }), 1);
const override = block({ name: required("string") }, { action_to_use: action });

const leaves = {
  byte_match_statement: one(
    block(
      { search_string: required("string"), positional_constraint: required("string") },
      matched,
    ),
  ),
  geo_match_statement: one(block({ country_codes: required(["list", "string"]) })),
  ip_set_reference_statement: one(block({ arn: required("string") })),
  managed_rule_group_statement: one(
    block(
      { name: required("string"), vendor_name: required("string"), version: optional("string") },
      { rule_action_override: many("list", 0, override) },
    ),
  ),
};

// Statements joined by and, or, not, so many deep.
function logic(depth) {
  if (depth === 0) return block({}, leaves);
  const inner = logic(depth - 1);
  return block({}, {
    ...leaves,
    and_statement: one(block({}, { statement: many("list", 2, inner) })),
    or_statement: one(block({}, { statement: many("list", 2, inner) })),
    not_statement: one(block({}, { statement: many("list", 1, inner) })),
  });
}

// A rate may have a statement below it, but stands below none.
export function statement() {
  const rate = {
    limit: required("number"),
    aggregate_key_type: optional("string"),
    evaluation_window_sec: optional("number"),
  };
  const { attributes, blocks } = logic(1);
  const rateBased = one(block(rate, { scope_down_statement: one(logic(2)) }));
  return block(attributes, { ...blocks, rate_based_statement: rateBased });
}
